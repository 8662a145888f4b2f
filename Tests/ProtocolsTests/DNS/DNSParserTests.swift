// SPDX-License-Identifier: Apache-2.0

import Protocols
import Telemetry
import TestSupport
import Testing

@Suite struct DNSParserTests {
  @Test func aQuestionAndItsAnswers() {
    expectDatagrams(
      DNS(), dnsQuery(0x3199, "aa.example.com", type: 1),
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
      DNS(), Talk(.client, bytes: first.bytes + second.bytes),
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
      DNS(), answer,
      gives: [
        ExpectedMessage(
          .response, status: status, code: Int32(code), responseException: name,
          responseResult: "", requestID: 7)
      ])
  }

  /// RFC 6891 section 6.1.3: the OPT record holds the upper eight bits of the code.
  @Test func anExtendedCodeCounts() {
    expectDatagrams(
      DNS(),
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
      DNS(), Talk(.client, hex: "0009 0100 0001 0000 0000 0000 \(pointer) 0001 0001"),
      gives: [ExpectedMessage(.request, requestType: "A", requestResource: "", requestID: 9)])
  }

  @Test func labelsAreEscapedWhereTheyWouldBeMistaken() {
    expectDatagrams(
      DNS(),
      Talk(.client, hex: "0009 0100 0001 0000 0000 0000 04 612e205c 01 62 00 0010 0001"),
      gives: [ExpectedMessage(.request, requestType: "TXT", requestResource: #"a\046 \092.b"#)])
  }

  /// A byte that is none of a text in UTF-8 is escaped, too.
  @Test func labelsMayHaveAnyBytes() {
    expectDatagrams(
      DNS(),
      Talk(.client, hex: "0009 0100 0001 0000 0000 0000 07 00 7f ff c3a9 c3 2e 00 0001 0001"),
      gives: [ExpectedMessage(.request, requestResource: #"\000\127\255é\195\046"#)])
  }

  /// RFC 1035 section 4.1.1 lets a header stand alone when there is nothing else to say.
  @Test(arguments: [(1, "FORMERR"), (2, "SERVFAIL"), (4, "NOTIMP"), (5, "REFUSED")])
  func anAnswerMayBeAHeaderAlone(code: Int32, name: String) {
    expectDatagrams(
      DNS(), dnsQuery(9, "a.b", type: 1),
      Talk(.server, hex: "0009 818\(code) 00000000 00000000"),
      gives: [
        ExpectedMessage(.request, requestResource: "a.b", requestID: 9),
        ExpectedMessage(.response, code: code, responseException: name, requestID: 9, flags: []),
      ])
    expectMessages(
      DNS(), dnsQuery(9, "a.b", type: 1, isFramed: true),
      Talk(.server, hex: "000c 0009 818\(code) 00000000 00000000"),
      gives: [
        ExpectedMessage(.request, requestID: 9),
        ExpectedMessage(.response, code: code, responseException: name, requestID: 9, flags: []),
      ])
  }

  @Test(
    arguments: [
      (0x00, "A"), (0x08, "IQUERY"), (0x10, "STATUS"), (0x20, "NOTIFY"), (0x28, "UPDATE"),
      (0x30, "DSO"), (0x78, "OPCODE15"),
    ] as [(UInt8, String)])
  func whatIsAskedForIsTold(opcode: UInt8, name: String) {
    var query = dnsQuery(7, "x.com", type: 1)
    query.bytes[2] = opcode
    var answer = query
    answer.side = .server
    answer.bytes[2] |= 0x80
    answer.bytes[3] = 4
    expectDatagrams(
      DNS(), query, answer,
      gives: [
        ExpectedMessage(.request, requestType: name, requestResource: "x.com", flags: []),
        ExpectedMessage(.response, requestType: name, code: 4, responseException: "NOTIMP"),
      ])
  }

  /// Z, AD, CD, and in a request the bits of a response.
  @Test(arguments: [0x40, 0x20, 0x10, 0x80, 0xf0] as [UInt8])
  func flagsThatSayNothingAreNotLookedAt(flags: UInt8) {
    var query = dnsQuery(7, "x.com", type: 1)
    query.bytes[3] = flags
    var answer = query
    answer.side = .server
    answer.bytes[2] |= 0x80
    expectDatagrams(
      DNS(), query, answer,
      gives: [
        ExpectedMessage(.request, requestType: "A", flags: []),
        ExpectedMessage(.response, code: 0, flags: []),
      ])
  }

  @Test func severalQuestionsAreTold() {
    func question(_ name: String, _ type: UInt16) -> [UInt8] {
      Array(dnsQuery(1, name, type: type).bytes.dropFirst(12))
    }
    let header = Talk(.client, hex: "0001 0100 0004 0000 0000 0000").bytes
    expectDatagrams(
      DNS(),
      Talk(
        .client,
        bytes: header + question("m1.test", 1) + question("m1.test", 28) + question("m2.test", 28)
          + [0xc0, 0x0c, 0, 16, 0, 1]),
      gives: [
        ExpectedMessage(
          .request, requestType: "A, AAAA, TXT", requestDomain: "m1.test",
          requestResource: "m1.test, m2.test, m1.test", endpoint: "m1.test")
      ])
  }

  @Test func aTypeWithoutANameIsANumber() {
    expectDatagrams(
      DNS(), dnsQuery(3, ".", type: 65_280),
      gives: [ExpectedMessage(.request, requestType: "TYPE65280", requestResource: ".")])
  }

  /// Queries that stand at the capture's end are told of as far as they can be read.
  @Test func aCutMessageKeepsWhatWasRead() {
    var driver = ParserDriver(DNS(), transport: .udp)
    driver.feed(Array(dnsQuery(3, "a.b", type: 1).bytes.dropLast(2)), from: .client, isFinal: true)
    #expect(driver.messages.map(\.requestID) == [3])
    #expect(driver.messages.first?.flags == .truncated)
  }

  @Test(arguments: [1, 2, 3] as [UInt64])
  func noBytesMakeItTrap(seed: UInt64) {
    neverTraps(
      DNS(), seed: seed, rounds: 2_000,
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
