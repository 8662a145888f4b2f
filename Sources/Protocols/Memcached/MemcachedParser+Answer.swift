// SPDX-License-Identifier: Apache-2.0

import Bytes
import Telemetry

extension MemcachedParser {
  /// Values up to this long are waited for, so that the answer with one of them is read at once.
  private static let shortValue = 2_048

  mutating func nextAnswer(
    _ bytes: Span<UInt8>, _ line: TextLine, _ isFinal: Bool, on desk: inout Desk
  ) throws(ParseError) -> ParseStep {
    var words = TextWords(line.text)
    guard let word = words.next(in: bytes) else { return .skip(line.end) }
    let answer = MemcachedAnswer(bytes, word)
    let isNumber = answer == nil && bytes.decimal(at: word) != nil
    // What `lru_crawler metadump` gives.
    let isDump = bytes.hasPrefix("key=", at: 0) && line.text.count > 4
    guard answer != nil || isNumber || isDump || mayBeUnasked else {
      throw ParseError(at: 0, expected: "an answer")
    }
    guard isAsked(answer, on: desk) else { return .skip(length(of: answer, bytes, line)) }
    guard let answer else {
      guard isNumber || isDump else { return .skip(line.end) }
      desk.message = Message(.response)
      desk.message.texts.responseResult = desk.fields.append(isNumber ? "number" : "key")
      return isNumber ? .message(.bytes(line.end)) : begin(line.end, on: &desk)
    }
    switch answer {
    case .value: return try nextValues(bytes, line, isFinal, on: &desk)
    case .metaValue:
      guard let length = MemcachedAnswer.length(of: answer, bytes, line.text) else {
        throw ParseError(at: 0, expected: "the length of a value")
      }
      desk.message = Message(.response)
      desk.message.affectedRows = 1
      desk.message.length = Int64(length)
      describe(answer, word, bytes, line.text, on: &desk)
      return .message(.bytes(line.end + length + 2))
    case .statistic, .item:
      desk.message = Message(.response)
      describe(answer, word, bytes, line.text, on: &desk)
      return begin(line.end, on: &desk)
    default:
      desk.message = Message(.response)
      if answer == .end { desk.message.affectedRows = 0 }
      describe(answer, word, bytes, line.text, on: &desk)
      return .message(.bytes(line.end))
    }
  }

  /// Whether the line answers what waits for longest.
  private func isAsked(_ answer: MemcachedAnswer?, on desk: Desk) -> Bool {
    if desk.oldest == .nothing { return !mayBeUnasked }
    guard desk.oldest.note == Self.noOperation else { return true }
    switch answer {
    case .metaNothing, .error, .clientError, .serverError: return true
    default: return false
    }
  }

  private func length(
    of answer: MemcachedAnswer?, _ bytes: Span<UInt8>, _ line: TextLine
  ) -> Int {
    guard let answer, answer == .value || answer == .metaValue,
      let length = MemcachedAnswer.length(of: answer, bytes, line.text)
    else { return line.end }
    return line.end + length + 2
  }

  /// A message whose other lines are walked over.
  private mutating func begin(_ count: Int, on desk: inout Desk) -> ParseStep {
    desk.message.isEndSeen = false
    walk = Walk(isInside: true)
    return .message(.head(count))
  }

  private mutating func nextValues(
    _ bytes: Span<UInt8>, _ line: TextLine, _ isFinal: Bool, on desk: inout Desk
  ) throws(ParseError) -> ParseStep {
    guard let length = MemcachedAnswer.length(of: .value, bytes, line.text) else {
      throw ParseError(at: 0, expected: "the length of a value")
    }
    let next = line.end + length + 2
    let end = next + 5
    let isShort = length <= Self.shortValue
    if isShort, bytes.count < end, !isFinal { return .needMore(atLeast: end) }
    desk.message = Message(.response)
    desk.message.length = Int64(length)
    desk.message.texts.responseResult = desk.fields.append("VALUE")
    if isShort, bytes.count >= end, bytes.hasPrefix("END\r\n", at: next) {
      desk.message.affectedRows = 1
      return .message(.bytes(end))
    }
    desk.message.isEndSeen = false
    walk = Walk(isInside: true)
    walk.skipsValue = length + 2
    return .message(.head(line.end))
  }

  /// A further line of an answer, with the value behind it.
  mutating func nextPart(
    _ bytes: Span<UInt8>, _ isFinal: Bool, on desk: inout Desk
  ) throws(ParseError) -> ParseStep {
    if walk.skipsValue > 0 {
      defer { walk.skipsValue = 0 }
      walk.values += 1
      return .body(walk.skipsValue, isLast: false)
    }
    guard let line = TextLine(bytes, from: 0) else {
      guard isFinal else { return .needMore() }
      walk = Walk()
      return .body(bytes.count, isLast: false)
    }
    var words = TextWords(line.text)
    let answer = words.next(in: bytes).flatMap { MemcachedAnswer(bytes, $0) }
    switch answer {
    case .value:
      guard let length = MemcachedAnswer.length(of: .value, bytes, line.text) else { break }
      walk.values += 1
      return .body(line.end + length + 2, isLast: false)
    case .end, .metaEnd, .error, .clientError, .serverError:
      desk.message = Message(.response)
      if let answer { describe(answer, 0..<0, bytes, line.text, on: &desk) }
      if walk.values > 0 { desk.message.affectedRows = walk.values }
      walk = Walk()
      return .end(line.end)
    default:
      if walk.values == 0 { return .body(line.end, isLast: false) }
    }
    walk = Walk()
    throw ParseError(at: 0, expected: "a value, or the end of the answer")
  }

  /// Writes what an answer's line says, of which `word` is the first.
  func describe(
    _ answer: MemcachedAnswer, _ word: Range<Int>, _ bytes: Span<UInt8>, _ line: Range<Int>,
    on desk: inout Desk
  ) {
    desk.message.status = answer.status
    if answer.status != .ok {
      desk.message.texts.responseException = desk.fields.append(
        errorText: bytes, at: line, .values)
    }
    if !word.isEmpty { desk.message.texts.responseResult = desk.fields.append(bytes, at: word) }
  }
}
