// SPDX-License-Identifier: Apache-2.0

/// A parser that gives requests and responses a running number of its own, as their protocol has none
/// on the wire.
///
/// It says what the front of some bytes is; what bytes that were lost mean for that is said here once.
protocol CountingParser: ProtocolParser {
  var gaps: StreamGaps { get set }

  /// What ``ProtocolParser/nextMessage(in:from:into:fields:)`` is to give. `bytes` are not empty.
  mutating func step(
    _ bytes: Span<UInt8>, isFinal: Bool, from side: Side, into message: inout Message,
    _ fields: inout FieldBuffer
  ) throws(ParseError) -> ParseStep
}

/// What a counting parser remembers of bytes that were lost.
struct StreamGaps: Sendable {
  /// Answers may be missing: when the client speaks again, none to earlier requests will come.
  var answersAreLost = false
  private var isInside: [2 of Bool] = InlineArray(repeating: false)

  /// Whether the next bytes of `side` may begin inside of a message.
  subscript(side: Side) -> Bool {
    get { isInside[Int(side.rawValue)] }
    set { isInside[Int(side.rawValue)] = newValue }
  }
}

extension CountingParser {
  package mutating func nextMessage(
    in view: borrowing StreamView, from side: Side, into message: inout Message,
    fields: inout FieldBuffer
  ) throws(ParseError) -> ParseStep {
    guard view.bytes.count > 0 else { return view.isFinal ? .skip(1) : .needMore }
    let step: ParseStep
    do throws(ParseError) {
      step = try self.step(
        view.bytes, isFinal: view.isFinal, from: side, into: &message, &fields)
    } catch {
      // The inside of a message makes no sense; its end may be that of these bytes.
      guard gaps[side] else { throw error }
      return .skip(view.bytes.count)
    }
    if case .end = step { gaps[side] = false }
    if case .message(let length) = step {
      if side == .server { gaps.answersAreLost = false }
      gaps[side] = length == .untilTurn
    }
    return step
  }

  /// The error of bytes that no parser can read from here on, lost ones before them or not.
  mutating func unreadable(_ expected: StaticString) -> ParseError {
    gaps = StreamGaps()
    return ParseError(at: 0, expected: expected)
  }
}
