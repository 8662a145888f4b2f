// SPDX-License-Identifier: Apache-2.0

import Bytes

/// The fields of a header, `RemotingCommand` and `RocketMQSerializable` of RocketMQ's sources.
struct RocketMQHeader {
  private(set) var code = 0
  private(set) var version = 0
  private(set) var opaque: UInt32 = 0
  private(set) var remark = 0..<0
  private(set) var topic = 0..<0
  private(set) var queue = 0..<0
  private(set) var group = 0..<0
  private(set) var offset = 0..<0
  private(set) var messageID = 0..<0
  /// Of a message that is sent: names and values, see ``RocketMQProperties``.
  private(set) var properties = 0..<0
  private var flag = 0
  private var seen = 0

  var isResponse: Bool { flag & 1 != 0 }
  var isOneWay: Bool { flag & 2 != 0 }

  /// The header of a frame, which has to be in view as a whole; nil when it is none.
  init?(_ bytes: Span<UInt8>, _ frame: RocketMQFrame) {
    let range = RocketMQFrame.size..<(RocketMQFrame.size + frame.headerCount)
    guard range.upperBound <= bytes.count else { return nil }
    if frame.isJSON {
      guard bytes[range.lowerBound] == UInt8(ascii: "{") else { return nil }
      readJSON(bytes, range)
      // Its code, its number and its flags.
      guard seen == 7 else { return nil }
    } else {
      do throws(EndOfBytes) { try readBinary(bytes, range) } catch { return nil }
    }
    guard flag <= 3, code < 1 << 16 else { return nil }
  }

  private mutating func readBinary(
    _ bytes: Span<UInt8>, _ range: Range<Int>
  ) throws(EndOfBytes) {
    var cursor = ByteCursor(at: range.lowerBound, to: range.upperBound)
    code = Int(try cursor.number(of: 2, in: bytes))
    try cursor.skip(1, in: bytes)
    version = Int(try cursor.number(of: 2, in: bytes))
    opaque = UInt32(try cursor.number(of: 4, in: bytes))
    flag = Int(try cursor.number(of: 4, in: bytes))
    remark = try cursor.range(of: Int(cursor.number(of: 4, in: bytes)), in: bytes)
    let count = Int(try cursor.number(of: 4, in: bytes))
    let fields = try cursor.range(of: count, in: bytes)
    var field = ByteCursor(at: fields.lowerBound, to: fields.upperBound)
    while field.remaining > 0 {
      let name = try field.range(of: Int(field.number(of: 2, in: bytes)), in: bytes)
      let value = try field.range(of: Int(field.number(of: 4, in: bytes)), in: bytes)
      take(field: name, value, bytes)
    }
  }

  /// One object of JSON, and in it the one that is called `extFields`; what is nested deeper is passed
  /// over.
  private mutating func readJSON(_ bytes: Span<UInt8>, _ range: Range<Int>) {
    var depth = 0
    var name: Range<Int>?
    var isInFields = false
    var index = range.lowerBound
    while index < range.upperBound {
      let byte = bytes[index]
      switch byte {
      case 0x22:  // "
        let start = index + 1
        index = start
        while index < range.upperBound, bytes[index] != 0x22 {
          index += bytes[index] == 0x5c ? 2 : 1
        }
        let text = start..<min(index, range.upperBound)
        if let known = name {
          take(known, text, depth, isInFields, bytes)
          name = nil
        } else {
          name = text
        }
        index += 1
      case 0x7b, 0x5b:  // { [
        if depth == 1, byte == 0x7b, let name { isInFields = bytes.equals("extFields", at: name) }
        depth += 1
        name = nil
        index += 1
      case 0x7d, 0x5d:  // } ]
        depth -= 1
        if depth <= 1 { isInFields = false }
        name = nil
        index += 1
      case 0x2d, 0x30...0x39:
        let start = index
        while index < range.upperBound, bytes[index] == 0x2d || bytes[index] &- 0x30 < 10 {
          index += 1
        }
        if let known = name { take(known, start..<index, depth, isInFields, bytes) }
        name = nil
      case 0x2c:  // ,
        name = nil
        index += 1
      default: index += 1
      }
    }
  }

  private mutating func take(
    _ name: Range<Int>, _ value: Range<Int>, _ depth: Int, _ isInFields: Bool, _ bytes: Span<UInt8>
  ) {
    if depth == 2, isInFields { return take(field: name, value, bytes) }
    guard depth == 1 else { return }
    if bytes.equals("remark", at: name) {
      remark = value
    } else if let number = bytes.decimal(at: value) {
      if bytes.equals("code", at: name) {
        code = number
        seen |= 1
      } else if bytes.equals("flag", at: name) {
        flag = number
        seen |= 2
      } else if bytes.equals("opaque", at: name) {
        opaque = UInt32(truncatingIfNeeded: number)
        seen |= 4
      } else if bytes.equals("version", at: name) {
        version = number
      }
    }
  }

  /// A field of the request's or the answer's own header; SEND_MESSAGE_V2 has letters for names
  /// (`SendMessageRequestHeaderV2`).
  private mutating func take(field name: Range<Int>, _ value: Range<Int>, _ bytes: Span<UInt8>) {
    let isShort = name.count == 1 && code != 0
    switch isShort ? bytes[name.lowerBound] : 0 {
    case UInt8(ascii: "a"): group = value
    case UInt8(ascii: "b"): topic = value
    case UInt8(ascii: "e"): queue = value
    case UInt8(ascii: "i"): properties = value
    default: break
    }
    guard !isShort else { return }
    if bytes.equals("topic", at: name) {
      topic = value
    } else if bytes.equals("queueId", at: name) {
      queue = value
    } else if bytes.equals("consumerGroup", at: name) || bytes.equals("producerGroup", at: name)
      || bytes.equals("group", at: name)
    {
      group = value
    } else if bytes.equals("queueOffset", at: name) || bytes.equals("commitOffset", at: name) {
      offset = value
    } else if bytes.equals("msgId", at: name) {
      messageID = value
    } else if bytes.equals("properties", at: name) {
      properties = value
    }
  }
}
