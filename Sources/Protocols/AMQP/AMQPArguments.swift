// SPDX-License-Identifier: Apache-2.0

import Bytes

/// The names and numbers that a method's arguments tell, section 4.2.5 for their form.
struct AMQPArguments {
  private(set) var exchange = 0..<0
  private(set) var routingKey = 0..<0
  private(set) var queue = 0..<0
  private(set) var consumerTag = 0..<0
  private(set) var virtualHost = 0..<0
  private(set) var code: UInt16?
  private(set) var text = 0..<0
  private(set) var deliveryTag: UInt64?
  /// Whether no answer is wanted.
  private(set) var isNoWait = false

  private var cursor: ByteCursor

  /// Reads as far as the arguments are in view.
  init(_ method: AMQPMethod, _ frame: AMQPFrame, in bytes: Span<UInt8>) {
    cursor = ByteCursor(
      at: AMQPFrame.headSize + 4, to: min(AMQPFrame.headSize + frame.size, bytes.count))
    do throws(EndOfBytes) { try read(method, bytes) } catch {}
  }

  private mutating func shortText(_ bytes: Span<UInt8>) throws(EndOfBytes) -> Range<Int> {
    let count = Int(try cursor.byte(in: bytes))
    return try cursor.range(of: count, in: bytes)
  }

  /// Flags are packed into octets, the first is the lowest bit.
  private mutating func flag(_ bit: UInt8, _ bytes: Span<UInt8>) throws(EndOfBytes) -> Bool {
    try cursor.byte(in: bytes) >> bit & 1 == 1
  }

  private mutating func read(_ method: AMQPMethod, _ bytes: Span<UInt8>) throws(EndOfBytes) {
    switch method.classNumber {
    case 10:
      if method.methodNumber == 40 { virtualHost = try shortText(bytes) }
      if method.methodNumber == 50 { try readClose(bytes) }
    case 20:
      if method.methodNumber == 40 { try readClose(bytes) }
    case 40: try readExchange(method.methodNumber, bytes)
    case 50: try readQueue(method.methodNumber, bytes)
    case 60: try readBasic(method.methodNumber, bytes)
    case 85: if method.methodNumber == 10 { isNoWait = try flag(0, bytes) }
    default: break
    }
  }

  private mutating func readClose(_ bytes: Span<UInt8>) throws(EndOfBytes) {
    code = UInt16(try cursor.number(of: 2, in: bytes))
    text = try shortText(bytes)
  }

  private mutating func readExchange(
    _ method: UInt16, _ bytes: Span<UInt8>
  ) throws(EndOfBytes) {
    guard method.isMultiple(of: 10) else { return }
    try cursor.skip(2, in: bytes)
    exchange = try shortText(bytes)
    switch method {
    case 10:
      _ = try shortText(bytes)
      isNoWait = try flag(4, bytes)
    case 20: isNoWait = try flag(1, bytes)
    default:
      _ = try shortText(bytes)
      routingKey = try shortText(bytes)
      isNoWait = try flag(0, bytes)
    }
  }

  private mutating func readQueue(_ method: UInt16, _ bytes: Span<UInt8>) throws(EndOfBytes) {
    if method == 11 { queue = try shortText(bytes) }
    guard method.isMultiple(of: 10) else { return }
    try cursor.skip(2, in: bytes)
    queue = try shortText(bytes)
    switch method {
    case 10: isNoWait = try flag(4, bytes)
    case 30: isNoWait = try flag(0, bytes)
    case 40: isNoWait = try flag(2, bytes)
    default:
      exchange = try shortText(bytes)
      routingKey = try shortText(bytes)
      if method == 20 { isNoWait = try flag(0, bytes) }
    }
  }

  private mutating func readBasic(_ method: UInt16, _ bytes: Span<UInt8>) throws(EndOfBytes) {
    switch method {
    case 20:
      try cursor.skip(2, in: bytes)
      queue = try shortText(bytes)
      consumerTag = try shortText(bytes)
      isNoWait = try flag(3, bytes)
    case 21: consumerTag = try shortText(bytes)
    case 30:
      consumerTag = try shortText(bytes)
      isNoWait = try flag(0, bytes)
    case 40:
      try cursor.skip(2, in: bytes)
      try readDestination(bytes)
    case 50:
      try readClose(bytes)
      try readDestination(bytes)
    case 60:
      consumerTag = try shortText(bytes)
      try readDelivery(bytes)
    case 70:
      try cursor.skip(2, in: bytes)
      queue = try shortText(bytes)
    case 71: try readDelivery(bytes)
    case 80, 90, 120: deliveryTag = try cursor.number(of: 8, in: bytes)
    default: break
    }
  }

  private mutating func readDelivery(_ bytes: Span<UInt8>) throws(EndOfBytes) {
    deliveryTag = try cursor.number(of: 8, in: bytes)
    try cursor.skip(1, in: bytes)
    try readDestination(bytes)
  }

  private mutating func readDestination(_ bytes: Span<UInt8>) throws(EndOfBytes) {
    exchange = try shortText(bytes)
    routingKey = try shortText(bytes)
  }
}
