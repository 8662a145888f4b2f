// SPDX-License-Identifier: Apache-2.0

import Protocols
import Telemetry
import TestSupport
import Testing

@Suite struct DiameterParserTests {
  static func attribute(_ code: UInt16, _ contents: [UInt8], vendor: UInt32? = nil) -> [UInt8] {
    let head = vendor.map { KafkaTalks.number($0) } ?? []
    let length = 8 + head.count + contents.count
    let padding = [UInt8](repeating: 0, count: (4 - length % 4) % 4)
    return [0, 0, UInt8(code >> 8), UInt8(code & 0xff), vendor == nil ? 0x40 : 0xc0, 0]
      + [UInt8(length >> 8), UInt8(length & 0xff)] + head + contents + padding
  }

  static func message(
    _ side: Side, isRequest: Bool, flags: UInt8 = 0, command: UInt16 = 272, id: UInt8 = 7,
    _ attributes: [UInt8]
  ) -> Talk {
    let length = 20 + attributes.count
    return Talk(
      side,
      bytes: [1, 0, UInt8(length >> 8), UInt8(length & 0xff), flags | (isRequest ? 0x80 : 0), 0]
        + [UInt8(command >> 8), UInt8(command & 0xff), 0, 0, 0, 4, 0, 0, 0, id, 0, 0, 0, 1]
        + attributes)
  }

  static let session = attribute(263, Array("gw;1;2".utf8))
  static let asked =
    session + attribute(264, Array("gw.example".utf8)) + attribute(296, Array("example".utf8))
    + attribute(283, Array("ocs.example".utf8)) + attribute(293, Array("ocs1".utf8))
    + attribute(443, attribute(450, [0, 0, 0, 0]) + attribute(444, Array("49170123".utf8)))

  static func result(_ code: UInt32) -> [UInt8] { attribute(268, KafkaTalks.number(code)) }

  @Test func aRequestAndItsAnswer() {
    expectMessages(
      Diameter(), Self.message(.client, isRequest: true, Self.asked),
      Self.message(.client, isRequest: true, command: 280, id: 8, Self.session),
      Self.message(.server, isRequest: false, command: 280, id: 8, Self.result(2_001)),
      Self.message(.server, isRequest: false, Self.session + Self.result(2_001)),
      Self.message(.server, isRequest: true, command: 258, id: 9, Self.session),
      gives: [
        ExpectedMessage(
          .request, requestType: "Credit-Control", requestDomain: "ocs.example",
          requestResource: "ocs1", endpoint: "Credit-Control", requestID: 7,
          attributes: ["diameter.application": "4", "diameter.origin_host": "gw.example"]),
        ExpectedMessage(.response, status: .ok, code: 2_001, responseException: ""),
        ExpectedMessage(.request, requestType: "Re-Auth", requestID: 9),
      ])
  }

  @Test(
    arguments: [
      (3_002, .serverError, "DIAMETER_UNABLE_TO_DELIVER"),
      (3_004, .serverError, "DIAMETER_TOO_BUSY"),
      (4_012, .clientError, "DIAMETER_CREDIT_LIMIT_REACHED"),
      (5_030, .clientError, "DIAMETER_USER_UNKNOWN"),
      (5_012, .serverError, "DIAMETER_UNABLE_TO_COMPLY"),
      (9_999, .serverError, ""),
    ] as [(UInt32, ResponseStatus, String)])
  func whoseFault(code: UInt32, status: ResponseStatus, name: String) {
    expectMessages(
      Diameter(),
      Self.message(.server, isRequest: false, flags: 0x20, Self.session + Self.result(code)),
      gives: [
        ExpectedMessage(.response, status: status, code: Int32(code), responseException: name)
      ])
  }

  @Test func aResultOfSomebodysOwn() {
    let own = Self.attribute(
      297,
      Self.attribute(266, [0, 0, 0x28, 0xaf]) + Self.attribute(298, KafkaTalks.number(5_001)))
    expectMessages(
      Diameter(), Self.message(.server, isRequest: false, command: 316, Self.session + own),
      gives: [
        ExpectedMessage(.response, status: .clientError, code: 5_001, responseException: "")
      ])
  }

  @Test func eitherSideIsSeenAtItsFirstAttribute() {
    func recognize(_ bytes: [UInt8]) -> Recognition {
      Diameter().recognize(
        bytes.span, context: RecognitionContext(transport: .tcp, side: nil, serverPort: 9_999))
    }
    let bytes = Self.message(.client, isRequest: true, Self.asked).bytes
    #expect(recognize(bytes) == .yes(sentBy: .client))
    for count in 1..<28 { #expect(recognize(Array(bytes.prefix(count))) == .undecided) }
    for (place, value) in [
      (0, 2), (1, 0x20), (3, 0x15), (4, 0x81), (4, 0xa0), (6, 0), (22, 9), (24, 0x41), (27, 4),
    ] as [(Int, UInt8)] {
      var changed = bytes
      changed[place] = value
      #expect(recognize(changed) == .no, "\(place)")
    }
  }
}
