// SPDX-License-Identifier: Apache-2.0

import Protocols
import Telemetry
import TestSupport
import Testing

@Suite struct DNSParserTests {
  @Test func aQuestionAndItsAnswers() {
    expectDatagrams(
      DNSParser.self, dnsQuery(0x3199, "aa.example.com", type: 1),
      Talk(
        .server,
        hex: """
          3199 8580 0001 0002 0001 0000 02 6161 07 6578616d706c65 03 636f6d 00 0001 0001
          c00c 0005 0001 0000003c 0005 02 6262 c00f
          c02c 0001 0001 00015180 0004 0a324705
          c00f 0002 0001 00015180 0005 02 6e73 c00f
          """),
      gives: [
        ExpectedMessage(
          .request, requestType: "A", requestDomain: "aa.example.com",
          requestResource: "aa.example.com", endpoint: "aa.example.com", requestID: 0x3199,
          flags: []),
        ExpectedMessage(
          .response, requestType: "A", requestResource: "aa.example.com", status: .ok, code: 0,
          responseException: "",
          responseResult: "CNAME=bb.example.com TTL=60; A=10.50.71.5 TTL=86400; "
            + "NS=ns.example.com TTL=86400", requestID: 0x3199),
      ])
  }

  /// RFC 1035 section 4.2.2: a length of two bytes stands before each message of a stream, and a
  /// client may send several before it reads an answer.
  @Test func severalMessagesOfAStream() {
    let first = dnsQuery(1, "a.b", type: 1, isFramed: true)
    let second = dnsQuery(2, "a.b", type: 28, isFramed: true)
    expectMessages(
      DNSParser.self, Talk(.client, bytes: first.bytes + second.bytes),
      Talk(
        .server,
        hex: """
          0031 0002 8180 0001 0001 0000 0000 01 61 01 62 00 001c 0001
          c00c 001c 0001 00000005 0010 20010db8 00000000 00000000 00000001
          """),
      gives: [
        ExpectedMessage(.request, requestType: "A", requestID: 1),
        ExpectedMessage(.request, requestType: "AAAA", requestDomain: "a.b", requestID: 2),
        ExpectedMessage(
          .response, code: 0, responseResult: "AAAA=2001:db8::1 TTL=5", requestID: 2),
      ])
  }

  @Test(
    arguments: [
      (1, ResponseStatus.clientError, "FORMERR"), (2, .serverError, "SERVFAIL"),
      (3, .clientError, "NXDOMAIN"), (5, .serverError, "REFUSED"), (12, .serverError, "RCODE12"),
    ] as [(UInt8, ResponseStatus, String)])
  func aCodeIsAClassAndAName(code: UInt8, status: ResponseStatus, name: String) {
    var answer = dnsQuery(7, "gone.example", type: 28)
    answer.side = .server
    answer.bytes[2] |= 0x80
    answer.bytes[3] |= code
    expectDatagrams(
      DNSParser.self, answer,
      gives: [
        ExpectedMessage(
          .response, status: status, code: Int32(code), responseException: name,
          responseResult: "", requestID: 7)
      ])
  }

  /// RFC 6891 section 6.1.3: the OPT record holds the upper eight bits of the code.
  @Test func anExtendedCodeCounts() {
    expectDatagrams(
      DNSParser.self,
      Talk(
        .server, hex: "0009 8180 0001 0000 0000 0001 01 61 00 0001 0001 00 0029 1000 01000000 0000"
      ),
      gives: [
        ExpectedMessage(.response, status: .serverError, code: 16, responseException: "BADVERS")
      ])
  }

  /// A pointer that leads forward or to itself would never end.
  @Test(arguments: ["c00c", "c010", "c0ff", "c000"])
  func aPointerThatLeadsNowhereEnds(pointer: String) {
    expectDatagrams(
      DNSParser.self, Talk(.client, hex: "0009 0100 0001 0000 0000 0000 \(pointer) 0001 0001"),
      gives: [ExpectedMessage(.request, requestType: "A", requestResource: "", requestID: 9)])
  }

  @Test func labelsAreEscapedWhereTheyWouldBeMistaken() {
    expectDatagrams(
      DNSParser.self,
      Talk(.client, hex: "0009 0100 0001 0000 0000 0000 04 612e205c 01 62 00 0010 0001"),
      gives: [ExpectedMessage(.request, requestType: "TXT", requestResource: #"a\046 \092.b"#)])
  }

  @Test func aTypeWithoutANameIsANumber() {
    expectDatagrams(
      DNSParser.self, dnsQuery(3, ".", type: 65_280),
      gives: [ExpectedMessage(.request, requestType: "TYPE65280", requestResource: ".")])
  }

  /// Queries that stand at the capture's end are told of as far as they can be read.
  @Test func aCutMessageKeepsWhatWasRead() {
    var driver = ParserDriver<DNSParser>()
    driver.feed(Array(dnsQuery(3, "a.b", type: 1).bytes.dropLast(2)), from: .client, isFinal: true)
    #expect(driver.messages.map(\.requestID) == [3])
    #expect(driver.messages.first?.flags == .truncated)
  }

  @Test(arguments: [1, 2, 3] as [UInt64])
  func noBytesMakeItTrap(seed: UInt64) {
    neverTraps(
      DNSParser.self, seed: seed, rounds: 2_000,
      seeds: [
        dnsQuery(1, "www.example.com", type: 1), dnsQuery(2, "a.b", type: 28, isFramed: true),
        Talk(
          .server,
          hex: """
            0009 8580 0001 0002 0000 0000 02 6161 07 6578616d706c65 03 636f6d 00 0001 0001
            c00c 0005 0001 0000003c 0005 02 6262 c00f c02c 0001 0001 00015180 0004 0a324705
            """),
      ])
  }
}

/// A query for one name, with the length in front when `isFramed`.
func dnsQuery(_ id: UInt16, _ name: String, type: UInt16, isFramed: Bool = false) -> Talk {
  var bytes: [UInt8] = [UInt8(id >> 8), UInt8(id & 255), 1, 0, 0, 1, 0, 0, 0, 0, 0, 0]
  for label in name.split(separator: ".") {
    bytes.append(UInt8(label.utf8.count))
    bytes += Array(label.utf8)
  }
  bytes += [0, UInt8(type >> 8), UInt8(type & 255), 0, 1]
  let length: [UInt8] = isFramed ? [UInt8(bytes.count >> 8), UInt8(bytes.count & 255)] : []
  return Talk(.client, bytes: length + bytes)
}
