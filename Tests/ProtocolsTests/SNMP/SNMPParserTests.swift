// SPDX-License-Identifier: Apache-2.0

import Protocols
import Telemetry
import TestSupport
import Testing

@Suite struct SNMPParserTests {
  /// A value: a tag, and its contents.
  static func value(_ tag: UInt8, _ contents: [UInt8]) -> [UInt8] {
    contents.count < 128
      ? [tag, UInt8(contents.count)] + contents
      : [tag, 0x82, UInt8(contents.count >> 8), UInt8(contents.count & 0xff)] + contents
  }

  /// sysDescr.0 and ifIndex.300.
  static let names = [
    value(6, [0x2b, 6, 1, 2, 1, 1, 1, 0]), value(6, [0x2b, 6, 1, 2, 1, 2, 2, 1, 1, 0x82, 0x2c]),
  ]

  static func contents(
    _ tag: UInt8, id: UInt8 = 7, error: UInt8 = 0, value: [UInt8] = [5, 0]
  ) -> [UInt8] {
    let pairs = names.flatMap { Self.value(0x30, $0 + value) }
    let front: [UInt8] = [2, 1, id, 2, 1, error, 2, 1, error == 0 ? 0 : 1]
    return Self.value(tag, front + Self.value(0x30, pairs))
  }

  static func message(
    _ side: Side, _ contents: [UInt8], version: UInt8 = 1, community: String = "public"
  ) -> Talk {
    Talk(
      side,
      bytes: value(0x30, [2, 1, version] + value(4, Array(community.utf8)) + contents))
  }

  @Test func aQuestionAndItsAnswer() {
    expectDatagrams(
      SNMP(), Self.message(.client, Self.contents(0xa0)),
      Self.message(.server, Self.contents(0xa2, value: Self.value(4, Array("Linux".utf8)))),
      gives: [
        ExpectedMessage(
          .request, version: "2c", requestType: "GetRequest",
          requestResource: "1.3.6.1.2.1.1.1.0", endpoint: "GetRequest", requestID: 7, parts: 2),
        ExpectedMessage(.response, status: .ok, code: 0, requestID: 7, parts: 2),
      ])
  }

  @Test(
    arguments: [
      (2, .clientError, "noSuchName"), (5, .serverError, "genErr"),
      (16, .clientError, "authorizationError"), (13, .serverError, "resourceUnavailable"),
    ] as [(UInt8, ResponseStatus, String)])
  func whoseFault(error: UInt8, status: ResponseStatus, name: String) {
    expectDatagrams(
      SNMP(), Self.message(.client, Self.contents(0xa3)),
      Self.message(.server, Self.contents(0xa2, error: error)),
      gives: [
        ExpectedMessage(.request, requestType: "SetRequest"),
        ExpectedMessage(
          .response, status: status, code: Int32(error), responseException: name),
      ])
  }

  @Test func traps() {
    let old = Self.value(
      0xa4, Self.names[0] + [0x40, 4, 10, 0, 0, 1, 2, 1, 6, 2, 1, 1, 0x43, 1, 9])
    expectDatagrams(
      SNMP(), Self.message(.client, Self.contents(0xa7)), Self.message(.client, old, version: 0),
      gives: [
        ExpectedMessage(.session, requestType: "Trap"),
        ExpectedMessage(
          .session, version: "1", requestType: "Trap", requestResource: "1.3.6.1.2.1.1.1.0"),
      ])
  }

  private static func third(_ side: Side, _ rest: [UInt8]) -> Talk {
    let head = value(0x30, [2, 1, 9, 2, 2, 5, 0xdc, 4, 1, 3, 2, 1, 3])
    return Talk(
      side, bytes: value(0x30, [2, 1, 3] + head + value(4, [1, 2, 3]) + rest))
  }

  @Test func versionThree() {
    let scoped = Self.value(0x30, [4, 2, 1, 2, 4, 0] + Self.contents(0xa1))
    let hidden = Self.value(4, [UInt8](repeating: 9, count: 20))
    expectDatagrams(
      SNMP(), Self.third(.client, scoped), Self.third(.client, hidden),
      Self.third(.server, hidden),
      gives: [
        ExpectedMessage(.request, version: "3", requestType: "GetNextRequest", requestID: 9),
        ExpectedMessage(.request, requestType: "Encrypted", requestResource: ""),
        ExpectedMessage(.response, status: .ok, requestID: 9),
      ])
  }

  @Test func onlyWholeMessagesAre() {
    func recognize(_ bytes: [UInt8]) -> Recognition {
      SNMP().recognize(
        bytes.span, context: RecognitionContext(transport: .udp, side: nil, serverPort: 9_999))
    }
    let bytes = Self.message(.client, Self.contents(0xa0)).bytes
    #expect(recognize(bytes) == .yes(sentBy: .client))
    #expect(recognize(bytes + [0]) == .no)
    #expect(recognize(Array(bytes.dropLast())) == .no)
    for (place, value) in [(0, 0x31), (4, 2), (5, 3), (13, 0xab), (15, 3)] as [(Int, UInt8)] {
      var changed = bytes
      changed[place] = value
      #expect(recognize(changed) == .no, "\(place)")
    }
  }
}
