// SPDX-License-Identifier: Apache-2.0

import Bytes

/// The head of a message, and of an answer how it went.
struct ThriftMessage {
  enum Outcome: Hashable {
    case result
    /// One of the exceptions that the method declares, by the number of its field.
    case declared(Int)
    /// `TApplicationException`: what went wrong around the call.
    case failed(code: Int, text: Range<Int>)
  }

  enum Reading {
    case no
    /// More bytes are needed; so many were of a head.
    case cut(Int)
    case message(ThriftMessage)
  }

  /// 1 a call, 2 an answer, 3 a failure, 4 a call without an answer.
  private(set) var type: UInt8 = 0
  private(set) var sequence: UInt64 = 0
  private(set) var name = 0..<0
  private(set) var isCompact = false
  private(set) var outcome = Outcome.result

  var isCall: Bool { type == 1 || type == 4 }

  private static let longestName = 255
  private static let longestText = 2_048

  /// Reads the message in `envelope`; `isStrict` says that its name must be one of a method.
  static func read(
    _ bytes: Span<UInt8>, _ envelope: ThriftEnvelope, isStrict: Bool
  ) -> Reading {
    var message = ThriftMessage()
    var cursor = ByteCursor(at: envelope.start, to: envelope.length ?? .max)
    do throws(EndOfBytes) {
      guard try message.readHead(&cursor, bytes) else { return .no }
      if isStrict {
        for index in message.name where !isOfName(bytes[index]) { return .no }
      }
      guard !isStrict else { return .message(message) }
      switch message.type {
      case 2: try message.readAnswer(&cursor, bytes)
      case 3: try message.readFailure(&cursor, bytes)
      default: break
      }
      return .message(message)
    } catch {
      // The message ends before what it must have.
      if let length = envelope.length, cursor.place <= length, bytes.count >= length {
        return message.name.isEmpty ? .no : .message(message)
      }
      return .cut(bytes.count - envelope.start)
    }
  }

  private static func isOfName(_ byte: UInt8) -> Bool {
    let isLetter = (byte | 0x20) &- 0x61 < 26 || byte &- 0x30 < 10
    return isLetter || [0x5f, 0x2e, 0x3a, 0x2f, 0x2d, 0x24].contains(byte)
  }

  /// False for what is none.
  private mutating func readHead(
    _ cursor: inout ByteCursor, _ bytes: Span<UInt8>
  ) throws(EndOfBytes) -> Bool {
    isCompact = try cursor.byte(in: bytes) == 0x82
    let second = try cursor.byte(in: bytes)
    let length: UInt64
    if isCompact {
      type = second >> 5
      sequence = try cursor.varint(in: bytes)
      length = try cursor.varint(in: bytes)
    } else {
      guard try cursor.byte(in: bytes) == 0 else { return false }
      type = try cursor.byte(in: bytes)
      length = try cursor.number(of: 4, in: bytes)
    }
    guard 1...4 ~= type, length > 0, length <= UInt64(Self.longestName),
      Int(length) <= cursor.remaining
    else { return false }
    let name = try cursor.range(of: Int(length), in: bytes)
    if !isCompact { sequence = try cursor.number(of: 4, in: bytes) }
    self.name = name
    return true
  }

  /// An answer is a structure of one field: 0 has the result, others what was thrown.
  private mutating func readAnswer(
    _ cursor: inout ByteCursor, _ bytes: Span<UInt8>
  ) throws(EndOfBytes) {
    guard let (_, number) = try readField(after: 0, &cursor, bytes), number != 0 else { return }
    outcome = .declared(number)
  }

  /// A text and a number.
  private mutating func readFailure(
    _ cursor: inout ByteCursor, _ bytes: Span<UInt8>
  ) throws(EndOfBytes) {
    var code = 0
    var text = 0..<0
    var last = 0
    outcome = .failed(code: 0, text: text)
    while let (type, number) = try readField(after: last, &cursor, bytes) {
      last = number
      switch (type, number) {
      case (.text, 1):
        let length =
          isCompact ? try cursor.varint(in: bytes) : try cursor.number(of: 4, in: bytes)
        let count = Int(clamping: length)
        if count > Self.longestText {
          // Nobody needs its end.
          text = try cursor.range(of: Self.longestText, in: bytes)
          outcome = .failed(code: code, text: text)
          return
        }
        text = try cursor.range(of: count, in: bytes)
      case (.number, 2):
        if isCompact {
          let value = try cursor.varint(in: bytes)
          code = Int(truncatingIfNeeded: value >> 1) ^ -Int(truncatingIfNeeded: value & 1)
        } else {
          code = Int(Int32(truncatingIfNeeded: try cursor.number(of: 4, in: bytes)))
        }
      default:
        outcome = .failed(code: code, text: text)
        return
      }
      outcome = .failed(code: code, text: text)
    }
  }

  private enum FieldType {
    case text
    case number
    case other
  }

  /// The head of a field; nil at the end of the structure.
  private func readField(
    after last: Int, _ cursor: inout ByteCursor, _ bytes: Span<UInt8>
  ) throws(EndOfBytes) -> (FieldType, Int)? {
    let head = try cursor.byte(in: bytes)
    guard head != 0 else { return nil }
    if isCompact {
      let type: FieldType = head & 15 == 8 ? .text : head & 15 == 5 ? .number : .other
      if head >> 4 != 0 { return (type, last + Int(head >> 4)) }
      let value = try cursor.varint(in: bytes)
      return (type, Int(truncatingIfNeeded: value >> 1) ^ -Int(truncatingIfNeeded: value & 1))
    }
    let number = Int(Int16(truncatingIfNeeded: try cursor.number(of: 2, in: bytes)))
    return (head == 11 ? .text : head == 8 ? .number : .other, number)
  }
}
