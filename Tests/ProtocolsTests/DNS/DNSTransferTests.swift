// SPDX-License-Identifier: Apache-2.0

import Protocols
import Telemetry
import TestSupport
import Testing

/// Transfers of zones, which take as many messages as they need and are one answer.
@Suite struct DNSTransferTests {
  static let axfr: UInt16 = 252
  static let ixfr: UInt16 = 251

  /// A record of `x.`: of the zone's version when it has a serial number, else an address.
  static func record(_ serial: UInt8?) -> [UInt8] {
    let head: [UInt8] = [1, 0x78, 0, 0, serial == nil ? 1 : 6, 0, 1, 0, 0, 0, 60, 0]
    guard let serial else { return head + [4, 192, 0, 2, 1] }
    return head + [22, 0, 0, 0, 0, 0, serial] + [UInt8](repeating: 0, count: 16)
  }

  static func message(_ type: UInt16?, _ serials: [UInt8?], id: UInt8 = 7, code: UInt8 = 0) -> Talk
  {
    var body: [UInt8] = [0, id, 0x84, code, 0, type == nil ? 0 : 1, 0, UInt8(serials.count)]
    body += [0, 0, 0, 0]
    if let type { body += [1, 0x78, 0, 0, UInt8(type), 0, 1] }
    for serial in serials { body += record(serial) }
    return Talk(.server, bytes: [UInt8(body.count >> 8), UInt8(body.count & 255)] + body)
  }

  struct Case: Sendable, CustomTestStringConvertible {
    var name: String
    var type: UInt16
    /// The serial numbers of each message's records; nil for another record.
    var messages: [[UInt8?]]

    var testDescription: String { name }
  }

  @Test(arguments: [
    Case(name: "all in one", type: axfr, messages: [[9, nil, 9]]),
    Case(name: "a message for each record", type: axfr, messages: [[9], [nil], [nil], [9]]),
    Case(name: "an empty zone", type: axfr, messages: [[9, 9]]),
    Case(name: "an empty zone in two", type: axfr, messages: [[9], [9]]),
    Case(
      name: "that does not say where it ends", type: axfr, messages: [[nil], [nil, nil], [nil]]),
    Case(name: "as asked for differences", type: ixfr, messages: [[9, nil], [nil, 9]]),
    Case(name: "nothing has changed", type: ixfr, messages: [[9]]),
    Case(name: "one difference", type: ixfr, messages: [[9, 8, nil], [9, nil, 9]]),
    Case(
      name: "two differences", type: ixfr, messages: [[9, 7], [nil, 8, nil], [8, 9], [nil], [9]]),
  ])
  func aTransferIsOneAnswer(transfer: Case) {
    for repeatsQuestion in [true, false] {
      let messages = transfer.messages.enumerated().map { index, serials in
        Self.message(repeatsQuestion || index == 0 ? transfer.type : nil, serials)
      }
      // What follows is no part of it.
      let next = dnsQuery(8, "x", type: 6, isFramed: true)
      let refusal = Self.message(6, [], id: 8, code: 5)
      expectMessages(
        DNS(),
        [dnsQuery(7, "x", type: transfer.type, isFramed: true)] + messages + [next, refusal],
        gives: [
          ExpectedMessage(
            .request, requestType: transfer.type == Self.axfr ? "AXFR" : "IXFR", requestID: 7),
          ExpectedMessage(.response, code: 0, requestID: 7),
          ExpectedMessage(.request, requestType: "SOA", requestID: 8),
          ExpectedMessage(.response, code: 5, requestID: 8),
        ])
    }
  }

  /// The request says it where no message of the response does.
  @Test func aTransferMayNotRepeatTheQuestion() {
    expectMessages(
      DNS(), dnsQuery(7, "x", type: Self.axfr, isFramed: true),
      Self.message(nil, [9, nil]), Self.message(nil, [nil]), Self.message(nil, [9]),
      gives: [ExpectedMessage(.request), ExpectedMessage(.response, code: 0, requestID: 7)])
  }

  @Test func aTransferThatFailsIsOver() {
    expectMessages(
      DNS(), dnsQuery(7, "x", type: Self.axfr, isFramed: true),
      Self.message(Self.axfr, [9, nil]), Self.message(nil, [], code: 2),
      dnsQuery(7, "x", type: 6, isFramed: true), Self.message(6, [9], code: 0),
      gives: [
        ExpectedMessage(.request), ExpectedMessage(.response, code: 0), ExpectedMessage(.request),
        ExpectedMessage(.response, requestType: "SOA", code: 0),
      ])
  }

  /// No server is known to put another answer between its messages: what follows that is told by itself.
  @Test func anotherAnswerEndsIt() {
    expectMessages(
      DNS(),
      Talk(
        .client,
        bytes: dnsQuery(7, "x", type: Self.axfr, isFramed: true).bytes
          + dnsQuery(8, "x", type: 6, isFramed: true).bytes),
      Self.message(Self.axfr, [9, nil]), Self.message(6, [9], id: 8), Self.message(nil, [9]),
      gives: [
        ExpectedMessage(.request, requestID: 7), ExpectedMessage(.request, requestID: 8),
        ExpectedMessage(.response, requestID: 7), ExpectedMessage(.response, requestID: 8),
        ExpectedMessage(.response, requestID: 7),
      ])
  }
}
