// SPDX-License-Identifier: Apache-2.0

import Protocols
import Telemetry

/// What a plugin says a message is.
extension DeskImage {
  /// Bits of ``Output/given``: fields that are meant.
  enum Given {
    static let exchange: UInt32 = 1
    static let requestID: UInt32 = 2
    static let code: UInt32 = 4
    static let length: UInt32 = 8
    static let affectedRows: UInt32 = 16
    static let status: UInt32 = 32
  }

  /// Bits of ``Output/flags``.
  enum Flag {
    static let untilTurn: UInt32 = 1
    static let head: UInt32 = 2
    static let ends: UInt32 = 4
    static let goesOn: UInt32 = 8
    static let isPush: UInt32 = 16
    static let mayBlock: UInt32 = 32
    static let needsAnswer: UInt32 = 64
    static let truncated: UInt32 = 128
    static let endIsUnseen: UInt32 = 256
  }

  func has(_ bit: UInt32) -> Bool { number32(Output.given) & bit != 0 }

  func isFlagged(_ bit: UInt32) -> Bool { number32(Output.flags) & bit != 0 }

  /// The message without its texts; nil when it is none.
  func message() -> Message? {
    guard let kind = Message.Kind(rawValue: UInt8(clamping: number32(Output.kind))),
      let status = status
    else { return nil }
    var message = Message(kind)
    message.status = status
    message.isEndSeen = !isFlagged(Flag.endIsUnseen)
    if has(Given.code) { message.code = code }
    if has(Given.exchange) { message.exchange = number64(Output.exchange) }
    if has(Given.requestID) { message.requestID = number64(Output.requestID) }
    if has(Given.length) { message.length = Int64(bitPattern: number64(Output.length)) }
    if has(Given.affectedRows) { message.affectedRows = number64(Output.affectedRows) }
    message.note = number64(Output.note)
    message.goesOn = isFlagged(Flag.goesOn)
    message.isPush = isFlagged(Flag.isPush)
    message.mayBlock = isFlagged(Flag.mayBlock)
    message.needsAnswer = isFlagged(Flag.needsAnswer)
    message.parts = number32(Output.parts)
    if isFlagged(Flag.truncated) { message.flags = .truncated }
    return message
  }

  var code: Int32 { Int32(bitPattern: number32(Output.code)) }

  /// Nil when it is none that a message may have.
  var status: ResponseStatus? {
    guard has(Given.status) else { return .ok }
    let number = number32(Output.status)
    return [0, 3, 4, 5, 6].contains(number) ? ResponseStatus(rawValue: UInt8(number)) : nil
  }

  /// Copies a text out of the plugin's memory; false when it does not lie there.
  private func take(
    _ place: Int, from seat: borrowing SandboxSeat, into text: inout Text,
    on desk: inout Desk
  ) -> Bool {
    let (at, count) = range(place)
    guard count > 0 else { return true }
    var room = InlineArray<1_024, UInt8>(repeating: 0)
    let kept = min(Int(count), FieldBuffer.textLimit)
    var span = room.mutableSpan
    guard seat.read(&span, first: kept, at: at) else { return false }
    text = desk.fields.append(room.span.extracting(first: kept))
    return true
  }

  /// Copies all texts but those that are `known`, and the attributes; false when one does not lie in
  /// the plugin's memory.
  func takeTexts(
    from seat: borrowing SandboxSeat, besides known: InlineArray<15, UInt32>? = nil,
    on desk: inout Desk
  ) -> Bool {
    var texts = desk.message.texts.ordered
    for index in 0..<CallTexts.count {
      let place = Output.texts + 8 * index
      if let known, number32(place) == known[index] { continue }
      guard take(place, from: seat, into: &texts[index], on: &desk) else { return false }
    }
    desk.message.texts = CallTexts(ordered: texts)
    let count = Int(number32(Output.attributeCount))
    guard count <= Self.attributeLimit else { return false }
    for index in 0..<count {
      guard takeAttribute(Output.attributes + 16 * index, from: seat, on: &desk) else {
        return false
      }
    }
    return true
  }

  private func takeAttribute(
    _ place: Int, from seat: borrowing SandboxSeat, on desk: inout Desk
  ) -> Bool {
    let (nameAt, nameCount) = range(place)
    let (valueAt, valueCount) = range(place + 8)
    var name = InlineArray<128, UInt8>(repeating: 0)
    var value = InlineArray<1_024, UInt8>(repeating: 0)
    let keptName = min(Int(nameCount), Attributes.nameBytes)
    let keptValue = min(Int(valueCount), Attributes.valueBytes)
    guard keptName > 0, keptValue > 0 else { return true }
    var nameSpan = name.mutableSpan
    guard seat.read(&nameSpan, first: keptName, at: nameAt) else { return false }
    var valueSpan = value.mutableSpan
    guard seat.read(&valueSpan, first: keptValue, at: valueAt) else { return false }
    desk.fields.append(
      attribute: name.span.extracting(first: keptName), value.span.extracting(first: keptValue),
      to: &desk.message.attributes)
    return true
  }
}
