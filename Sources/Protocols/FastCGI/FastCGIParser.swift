// SPDX-License-Identifier: Apache-2.0

import Bytes
import Telemetry

/// Reads FastCGI: the parameters of a request are one, the output of the program is its response, which
/// ends with its last record.
///
/// Type, domain and resource are those of the HTTP request that it passes on.
struct FastCGIParser: ProtocolParser {
  private static let reach = 24_576
  private static let answerReach = 1_024

  package mutating func nextMessage(
    in view: borrowing StreamView, from side: Side, on desk: inout Desk
  ) throws(ParseError) -> ParseStep {
    let bytes = view.bytes
    guard bytes[0] == 1 else { throw ParseError(at: 0, expected: "a record of version 1") }
    guard let record = FastCGIRecord(bytes) else {
      return view.isFinal ? .skip(bytes.count) : .needMore(atLeast: FastCGIRecord.head)
    }
    guard 1...11 ~= record.type else { throw ParseError(at: 1, expected: "the type of a record") }
    if desk.mayBeInside, !record.isReservedZero || record.id == 0 {
      throw ParseError(at: 0, expected: "a record")
    }
    switch (record.type, side) {
    case (FastCGIRecord.begin, .client):
      guard record.length == 8 else {
        throw ParseError(at: 4, expected: "the beginning of a request")
      }
      return nextRequest(bytes, record, isFinal: view.isFinal, on: &desk)
    case (FastCGIRecord.output, .server):
      return nextOutput(bytes, record, isFinal: view.isFinal, on: &desk)
    case (FastCGIRecord.end, .server):
      return nextEnd(bytes, record, isFinal: view.isFinal, on: &desk)
    default: return .skip(record.whole)
    }
  }

  private func nextRequest(
    _ bytes: Span<UInt8>, _ record: FastCGIRecord, isFinal: Bool, on desk: inout Desk
  ) -> ParseStep {
    let window = bytes.clipped(from: 0, to: Self.reach)
    let isLast = isFinal || window.count == Self.reach
    var parameters = FastCGIParameters(record.id, from: record.whole)
    if let wanted = parameters.gather(window), !isLast {
      return .needMore(atLeast: min(wanted, Self.reach))
    }
    desk.message = Message(.request)
    desk.message.exchange = record.id
    desk.message.requestID = record.id
    if !parameters.isWhole { desk.message.flags.insert(.truncated) }
    parameters.describe(on: &desk)
    return .message(.bytes(parameters.end))
  }

  /// What the program writes: the first of it are the headers of HTTP's response (RFC 3875 section 6).
  private func nextOutput(
    _ bytes: Span<UInt8>, _ record: FastCGIRecord, isFinal: Bool, on desk: inout Desk
  ) -> ParseStep {
    let wanted = min(record.whole, Self.answerReach)
    if bytes.count < wanted, !isFinal { return .needMore(atLeast: wanted) }
    guard let asked = desk.asked(record.id) else { return .lookUp(record.id) }
    desk.message = Message(.response)
    desk.message.exchange = record.id
    desk.message.requestID = record.id
    // It is told of already, or its request was not seen.
    guard asked != .nothing else { return .more(record.whole, ends: false) }
    let end = min(FastCGIRecord.head + record.length, wanted)
    let code = FastCGIStatus.read(bytes.clipped(from: FastCGIRecord.head, to: end))
    desk.message.code = code
    desk.message.status = code < 400 ? .ok : code < 500 ? .clientError : .serverError
    desk.message.goesOn = true
    desk.message.isEndSeen = false
    return .message(.bytes(record.whole))
  }

  /// How it ended (section 5.5).
  private func nextEnd(
    _ bytes: Span<UInt8>, _ record: FastCGIRecord, isFinal: Bool, on desk: inout Desk
  ) -> ParseStep {
    let needed = FastCGIRecord.head + 8
    guard record.length >= 8, bytes.count >= needed else {
      return isFinal || record.length < 8 ? .skip(record.whole) : .needMore(atLeast: needed)
    }
    guard let asked = desk.asked(record.id) else { return .lookUp(record.id) }
    desk.message = Message(.response)
    desk.message.exchange = record.id
    desk.message.requestID = record.id
    let result = Int32(truncatingIfNeeded: Int(bytes.bigEndian32(at: 8)))
    switch bytes[12] {
    case 0:
      if result != 0 {
        desk.fields.append(
          attribute: "fastcgi.app_status", number: Int64(result), to: &desk.message.attributes)
      }
    case 1: refuse("CANT_MPX_CONN", on: &desk)
    case 2: refuse("OVERLOADED", on: &desk)
    default: refuse("UNKNOWN_ROLE", on: &desk)
    }
    return asked == .nothing ? .more(record.whole, ends: true) : .message(.bytes(record.whole))
  }

  private func refuse(_ why: StaticString, on desk: inout Desk) {
    desk.message.status = .serverError
    desk.message.texts.responseException = desk.fields.append(why)
  }
}

/// The status that a program answers with.
enum FastCGIStatus {
  /// Of `Status: 404 Not Found`; 302 where there is only a place to go to, else 200.
  static func read(_ output: Span<UInt8>) -> Int32 {
    var line = 0
    var isElsewhere = false
    while line < output.count, let end = output.firstIndex(of: 0x0a, from: line, to: output.count) {
      if end - line <= 1 { break }
      let colon = output.firstIndex(of: UInt8(ascii: ":"), from: line, to: end) ?? end
      if output.isWord("STATUS", at: line..<colon) {
        return number(output, from: colon + 1, to: end) ?? 200
      }
      if output.isWord("LOCATION", at: line..<colon) { isElsewhere = true }
      line = end + 1
    }
    return isElsewhere ? 302 : 200
  }

  private static func number(_ output: Span<UInt8>, from start: Int, to end: Int) -> Int32? {
    var place = start
    while place < end, output[place] == 0x20 { place += 1 }
    guard place + 3 <= end else { return nil }
    var value: Int32 = 0
    for index in place..<(place + 3) {
      guard output[index] &- 0x30 < 10 else { return nil }
      value = value * 10 + Int32(output[index] - 0x30)
    }
    return 100...599 ~= value ? value : nil
  }
}
