// SPDX-License-Identifier: Apache-2.0

import Bytes
import Telemetry

/// Reads the native protocol: each request is one, each answer a response, found by the stream.
///
/// The type is the operation, the resource the statement with literals hidden, that of EXECUTE the one
/// that was prepared. The values that go with it are not looked at.
struct CassandraParser: ProtocolParser {
  /// Bytes of a frame that are looked at, at most.
  static let reach = 16_384

  private var statements = StatementMemory()
  /// By ``Side``.
  private var segments: [2 of CassandraSegments] = InlineArray(repeating: CassandraSegments())
  private var prepared: UInt64 = 0

  package mutating func nextMessage(
    in view: borrowing StreamView, from side: Side, on desk: inout Desk
  ) throws(ParseError) -> ParseStep {
    let bytes = view.bytes
    var segment = segments[Int(side.rawValue)]
    let inSegment: Int
    switch segment.next(bytes) {
    case .needMore(let count):
      return wait(view.isFinal ? bytes.count : nil, for: count, segment, side)
    case .skip(let count):
      segments[Int(side.rawValue)] = segment
      return .skip(count)
    case .frame(let count): inSegment = count
    }
    guard bytes.count >= min(CassandraFrame.size, inSegment) else {
      if desk.mayBeInside { throw ParseError(at: 0, expected: "a frame") }
      return view.isFinal
        ? .skip(bytes.count) : .needMore(atLeast: min(CassandraFrame.size, inSegment))
    }
    guard let frame = CassandraFrame(bytes.clipped(from: 0, to: inSegment)),
      frame.operation.sender == side
    else { throw ParseError(at: 0, expected: "a frame") }
    if desk.mayBeInside, CassandraRecognition.fits(frame, bytes) == false {
      throw ParseError(at: CassandraFrame.size, expected: "a frame's body")
    }
    let wanted = min(frame.length, Self.reach, inSegment)
    if bytes.count < wanted, !view.isFinal { return wait(nil, for: wanted, segment, side) }
    let window = bytes.clipped(from: 0, to: wanted)
    // Streams below 0 are the server's own.
    if frame.operation == .event || frame.stream >= 0x8000 {
      return finish(frame, segment, side, .skip(0))
    }
    let exchange = UInt64(frame.stream)
    if side == .server {
      guard let asked = desk.asked(exchange) else { return .lookUp(exchange) }
      desk.message = Message(.response)
      if window.count >= CassandraFrame.size { readAnswer(frame, window, asked, on: &desk) }
    } else {
      desk.message = Message(.request)
      readRequest(frame, window, on: &desk)
    }
    desk.message.exchange = exchange
    desk.message.requestID = exchange
    desk.message.length = Int64(frame.length)
    if bytes.count < wanted { desk.message.flags.insert(.truncated) }
    return finish(frame, segment, side, .message(.bytes(0)))
  }

  package mutating func bytesWereLost(from side: Side) { segments[Int(side.rawValue)].forget() }

  /// Waits for `wanted` bytes, or passes over the last ones that there are.
  private mutating func wait(
    _ last: Int?, for wanted: Int, _ segment: CassandraSegments, _ side: Side
  ) -> ParseStep {
    segments[Int(side.rawValue)] = segment
    if let last { return .skip(last) }
    segments[Int(side.rawValue)].wait()
    return .needMore(atLeast: wanted)
  }

  /// Moves over the frame, and into segments behind the answer to STARTUP.
  private mutating func finish(
    _ frame: CassandraFrame, _ segment: CassandraSegments, _ side: Side, _ step: ParseStep
  ) -> ParseStep {
    var segment = segment
    let count = segment.take(frame.length)
    segments[Int(side.rawValue)] = segment
    if frame.version == 5, side == .server,
      frame.operation == .ready || frame.operation == .authenticate
    {
      for index in 0..<2 { segments[index].begin() }
    }
    if case .skip = step { return .skip(count) }
    return .message(.bytes(count))
  }

  // MARK: What is asked

  private mutating func readRequest(
    _ frame: CassandraFrame, _ bytes: Span<UInt8>, on desk: inout Desk
  ) {
    desk.message.texts.requestType = desk.fields.append(frame.operation.name)
    desk.message.texts.endpoint = desk.message.texts.requestType
    desk.message.texts.version = desk.fields.append(Self.versionName(frame.version))
    guard !frame.isCompressed, let start = frame.bodyStart(in: bytes) else { return }
    switch frame.operation {
    case .query: writeStatement(bytes, start, on: &desk)
    case .prepare:
      if let statement = writeStatement(bytes, start, on: &desk) {
        // Its id comes with the answer: until then it has a number of ours.
        prepared = prepared &+ 1 & ~(1 << 63)
        statements.remember(statement, as: Self.pendingKey(prepared))
        desk.message.note = prepared
      }
    case .execute:
      if let key = Self.statementKey(bytes, start), let statement = statements.recall(key) {
        statement.describe(&desk.message.texts, into: &desk.fields)
      }
    case .batch: readBatch(bytes, start, on: &desk)
    default: break
    }
  }

  private static func versionName(_ version: UInt8) -> StaticString {
    version == 3 ? "3" : version == 4 ? "4" : "5"
  }

  /// A text with a length of four bytes, section 3.
  private static func longText(_ bytes: Span<UInt8>, _ start: Int) -> Range<Int>? {
    guard start <= bytes.count - 4 else { return nil }
    let count = Int(bytes.bigEndian32(at: start))
    return (start + 4)..<(start + 4 + min(count, bytes.count - start - 4))
  }

  @discardableResult
  private func writeStatement(
    _ bytes: Span<UInt8>, _ start: Int, on desk: inout Desk
  ) -> PreparedStatement? {
    guard let text = Self.longText(bytes, start), !text.isEmpty else { return nil }
    let sql = SQLText(bytes.clipped(text), dialect: .cassandra, into: &desk.fields)
    let type = desk.message.texts.endpoint
    sql.write(to: &desk.message.texts)
    if desk.message.texts.endpoint.isEmpty { desk.message.texts.endpoint = type }
    return PreparedStatement(sql, in: &desk.fields)
  }

  /// Section 4.1.7: a kind, a count, and statements, of which the first is told.
  private mutating func readBatch(_ bytes: Span<UInt8>, _ start: Int, on desk: inout Desk) {
    guard start <= bytes.count - 4 else { return }
    desk.message.parts = UInt32(bytes[start + 1]) << 8 | UInt32(bytes[start + 2])
    guard desk.message.parts > 0 else { return }
    if bytes[start + 3] == 0 {
      writeStatement(bytes, start + 4, on: &desk)
    } else if let key = Self.statementKey(bytes, start + 4), let statement = statements.recall(key)
    {
      statement.describe(&desk.message.texts, into: &desk.fields)
    }
  }

  private static func pendingKey(_ number: UInt64) -> UInt64 { number | 1 << 63 }

  /// What a prepared statement is known by: its id, of two bytes of length.
  private static func statementKey(_ bytes: Span<UInt8>, _ start: Int) -> UInt64? {
    guard start <= bytes.count - 2 else { return nil }
    let count = Int(bytes[start]) << 8 | Int(bytes[start + 1])
    guard count > 0, start + 2 + count <= bytes.count else { return nil }
    return nameHash(bytes, (start + 2)..<(start + 2 + count)) & ~(1 << 63)
  }

  // MARK: What is answered

  private mutating func readAnswer(
    _ frame: CassandraFrame, _ bytes: Span<UInt8>, _ asked: Asked, on desk: inout Desk
  ) {
    switch frame.operation {
    case .error:
      guard !frame.isCompressed, let start = frame.bodyStart(in: bytes), start + 6 <= bytes.count
      else {
        desk.message.status = .serverError
        return
      }
      let code = bytes.bigEndian32(at: start)
      desk.message.code = Int32(truncatingIfNeeded: code)
      desk.message.status = CassandraErrorCode.status(code)
      let count = Int(bytes[start + 4]) << 8 | Int(bytes[start + 5])
      let text = (start + 6)..<min(start + 6 + count, bytes.count)
      // Names are quoted where there is something that has no such name.
      let content: ErrorTextContent = code == 0x2400 ? .names : .values
      desk.message.texts.responseException = desk.fields.append(
        errorText: bytes, at: text, content, isCut: text.count < count)
    case .result:
      guard !frame.isCompressed, let start = frame.bodyStart(in: bytes), start + 4 <= bytes.count
      else { return }
      let kind = bytes.bigEndian32(at: start)
      if let name = Self.resultName(kind) {
        desk.message.texts.responseResult = desk.fields.append(name)
      }
      if kind == 4, let number = asked.note, number > 0,
        let key = Self.statementKey(bytes, start + 4)
      {
        statements.name(Self.pendingKey(number), key)
      }
    default: desk.message.texts.responseResult = desk.fields.append(frame.operation.name)
    }
  }

  private static func resultName(_ kind: UInt32) -> StaticString? {
    switch kind {
    case 1: "Void"
    case 2: "Rows"
    case 3: "Set_keyspace"
    case 4: "Prepared"
    case 5: "Schema_change"
    default: nil
    }
  }
}
