// SPDX-License-Identifier: Apache-2.0

import Protocols
import Telemetry
import TestSupport
import Testing

/// What records say, as master files write it.
@Suite struct DNSRecordTests {
  struct Case: Sendable, CustomTestStringConvertible {
    var type: UInt16
    /// The record's data in hexadecimal digits; `c00c` points to `x.com`.
    var data: String
    var text: String

    var testDescription: String { "\(type) \(data.prefix(24))" }

    init(_ type: UInt16, _ data: String, _ text: String) {
      self.type = type
      self.data = data
      self.text = text
    }
  }

  @Test(arguments: [
    Case(1, "c0000201", "A=192.0.2.1"), Case(28, "20010db8" + zeros(11) + "01", "AAAA=2001:db8::1"),
    Case(1, "c00002", "A=\\# 3 C00002"), Case(2, "026e73c00c", "NS=ns.x.com"),
    Case(5, "00", "CNAME=."), Case(12, "01610162c00c", "PTR=a.b.x.com"),
    Case(39, "c00c", "DNAME=x.com"),
    Case(
      6, "026e73c00c026d78c00c 0000000a 0000000b 0000000c 0000000d 0000000e",
      "SOA=ns.x.com mx.x.com 10 11 12 13 14"),
    Case(15, "000a026d78c00c", "MX=10 mx.x.com"),
    Case(33, "000100020050 0168c00c", "SRV=1 2 80 h.x.com"),
    Case(16, "0461206222 015c 00", #"TXT="a b\"" "\\" """#), Case(16, "02ff01", #"TXT="\255\001""#),
    Case(16, "05c3a97ac3", #"TXT="#), Case(16, "04c3a97ac3", #"TXT="éz\195""#),
    Case(13, "036d3638 02 4f53", #"HINFO="m68" "OS""#), Case(17, "0161c00c 00", "RP=a.x.com ."),
    Case(
      35, "000a 0014 0175 07 4532552b736970 00 0473697073 c00c",
      #"NAPTR=10 20 "u" "E2U+sip" "" sips.x.com"#),
    Case(43, "1234 0d 02 abcdef", "DS=4660 13 2 ABCDEF"),
    Case(48, "0101 03 0d 66 6f 6f 62", "DNSKEY=257 3 13 Zm9vYg=="),
    Case(
      46, "0001 0d 02 0000012c 00000002 00000001 1234 c00c ffff",
      "RRSIG=A 13 2 300 2 1 4660 x.com"),
    Case(47, "0161c00c 0006 400000000003", "NSEC=a.x.com A RRSIG NSEC"),
    Case(50, "01 00 000a 02aabb 02 ff01 0001 40", "NSEC3=1 0 10 AABB VS0G A"),
    Case(51, "01 00 000a 00", "NSEC3PARAM=1 0 10 -"),
    Case(52, "03 01 01 0102", "TLSA=3 1 1 0102"), Case(44, "0401 ff", "SSHFP=4 1 FF"),
    Case(
      65, "0001 00 0001 0006 02 6832 02 6833 0003 0002 01bb 0004 0008 c0000201 c0000202",
      "HTTPS=1 . alpn=h2,h3 port=443 ipv4hint=192.0.2.1,192.0.2.2"),
    Case(
      64, "0000 0161c00c 0000 0004 0001 0003 0002 0000 0009 0002 6162 0005 0001 66",
      #"SVCB=0 a.x.com mandatory=alpn,port no-default-alpn key9="ab" ech=Zg=="#),
    Case(
      65, "0001 c00c 0006 0010 20010db8" + zeros(11) + "01", "HTTPS=1 x.com ipv6hint=2001:db8::1"),
    Case(256, "000a 0001 6674703a2f2f78", #"URI=10 1 "ftp://x""#),
    Case(257, "00 05 6973737565 63612e6e6574", #"CAA=0 issue "ca.net""#),
    Case(65_280, "0102ff", "TYPE65280=\\# 3 0102FF"), Case(65_280, "", "TYPE65280="),
    // What does not hold all of its fields is written as far as it goes.
    Case(15, "000a", "MX=10"), Case(33, "0001", "SRV=1"), Case(6, "026e73c00c", "SOA=ns.x.com"),
    Case(257, "00 09 69", "CAA=0"),
  ])
  func aRecordsContentIsShown(record: Case) {
    let data = Talk(.server, hex: record.data).bytes
    let header = Talk(.server, hex: "0007 8180 0001 0001 0000 0000 01 78 03 636f6d 00 0001 0001")
    var bytes = header.bytes + [0xc0, 0x0c, UInt8(record.type >> 8), UInt8(record.type & 255)]
    bytes += [0, 1, 0, 0, 0, 60, 0, UInt8(data.count)] + data
    expectDatagrams(
      DNS(), Talk(.server, bytes: bytes),
      gives: [ExpectedMessage(.response, code: 0, responseResult: record.text + " TTL=60")])
  }

  private static func zeros(_ count: Int) -> String { String(repeating: "00", count: count) }

  /// A text of a megabyte takes no more room than any.
  @Test func longRecordsAreCutToTheTextLimit() {
    let header = Talk(.server, hex: "0007 8180 0000 0008 0000 0000")
    var bytes = header.bytes
    for _ in 0..<8 {
      bytes += [0, 0, 16, 0, 1, 0, 0, 0, 60, 0x20, 0] + [UInt8](repeating: 0, count: 0x2000)
    }
    let driver = hold(DNS(), [Talk(.server, bytes: bytes)], transport: .udp, isFinal: true)
    #expect(driver.messages.first?.texts["response_result"]?.count == FieldBuffer.textLimit)
    #expect(driver.violations == [])
  }
}
