// SPDX-License-Identifier: Apache-2.0

import Bytes

/// Tells the beginning of a request from bytes of others, and from the inside of a message.
struct KafkaRecognition {
  /// Whether there are no more bytes than these.
  let isCut: Bool
  /// Whether they are sent to Kafka's usual port.
  let isOnOwnPort: Bool

  enum Likeness {
    case no
    /// Too few to tell.
    case undecided
    /// They have the head of a request, though not the client's name, which tells the most.
    case unnamed
    case yes
  }

  /// Brokers take 100 MiB of a request at most (`socket.request.max.bytes`), unless they are told
  /// otherwise.
  private static let longest = 1 << 27
  private static let longestName = 255

  /// Never ``Likeness/unnamed``.
  func likeness(of bytes: Span<UInt8>) -> Likeness {
    let likeness = readHead(bytes)
    return likeness == .unnamed ? readBody(bytes) : likeness
  }

  /// Whether a request of `length` bytes begins where a message may go on, or something that has no head:
  /// `window` are those of its `bytes` that are looked at. Values that were sent may look like a head;
  /// then what is behind it tells.
  static func isRequest(_ bytes: Span<UInt8>, _ window: Span<UInt8>, _ length: Int) -> Bool {
    let recognition = KafkaRecognition(isCut: true, isOnOwnPort: false)
    guard recognition.likeness(of: window) == .yes, let header = KafkaHeader(window) else {
      return false
    }
    guard bytes.count < length else {
      return recognition.readHead(bytes.clipped(from: length, to: bytes.count)) != .no
    }
    guard let body = KafkaBody(ofRequest: header, window), body.topicCount > 0 else { return false }
    return body.acks.map { -1...1 ~= $0 } ?? true
  }

  /// Whether `bytes` have the head of a request.
  private func readHead(_ bytes: Span<UInt8>) -> Likeness {
    let count = bytes.count
    guard count >= KafkaHeader.front else { return count == 0 || bytes[0] < 8 ? .undecided : .no }
    let size = Int(bytes.bigEndian32(at: 0))
    guard size >= 8, size <= Self.longest else { return .no }
    if count > 4, bytes[4] != 0 { return .no }
    guard count > 5 else { return .undecided }
    guard let api = KafkaAPI.numbered(Int(bytes[5])) else { return .no }
    if count > 6, bytes[6] != 0 { return .no }
    guard count > 7 else { return .undecided }
    guard Int(bytes[7]) <= api.newest else { return .no }
    // Clients count up from 0.
    if count > 8, bytes[8] >= 0x80 { return .no }
    guard let header = KafkaHeader(bytes), count >= 14 || header.body != nil else {
      return .undecided
    }
    if header.body == 12 { return size == 12 ? .yes : .no }
    let length = Int(Int16(truncatingIfNeeded: Int(bytes[12]) << 8 | Int(bytes[13])))
    guard length >= -1, length <= Self.longestName, 10 + max(0, length) <= size else { return .no }
    guard length > 0 else { return .unnamed }
    let name = bytes.clipped(from: 14, to: 14 + length)
    guard Self.isText(name, isWhole: name.count == length) else { return .no }
    return name.count == length || (isCut && name.count >= 4) ? .yes : .undecided
  }

  /// A client need not say who it is. Then what it asks for has to be a request to its last byte.
  private func readBody(_ bytes: Span<UInt8>) -> Likeness {
    guard let header = KafkaHeader(bytes), let api = header.api else { return .no }
    let size = KafkaHeader.front + Int(bytes.bigEndian32(at: 0))
    let wanted = min(size, KafkaParser.reach)
    let tooFew: Likeness = bytes.count < wanted && !isCut ? .undecided : .no
    guard let place = header.body else { return tooFew }
    let window = bytes.clipped(from: 0, to: wanted)
    var body = KafkaBody(
      at: place, key: header.key, version: header.version, isFlexible: header.isFlexible)
    var isWhole = true
    do throws(KafkaFault) { try body.readRequest(api, in: window) } catch { isWhole = false }
    if let acks = body.acks, !(-1...1 ~= acks) || (isWhole && body.topicCount == 0) { return .no }
    guard isWhole else { return isOnOwnPort && body.topicCount > 0 ? .yes : tooFew }
    // Of others the body is not read.
    guard KafkaAPI.isReadWhole(header.key) else { return isOnOwnPort ? .yes : .no }
    return body.cursor.place == size ? .yes : .no
  }

  /// Whether these bytes are UTF-8 (RFC 3629) without control characters.
  private static func isText(_ bytes: Span<UInt8>, isWhole: Bool) -> Bool {
    var index = 0
    while index < bytes.count {
      let byte = bytes[index]
      let following: Int
      switch byte {
      case 0x20..<0x7f: following = 0
      case 0xc2..<0xe0: following = 1
      case 0xe0..<0xf0: following = 2
      case 0xf0..<0xf5: following = 3
      default: return false
      }
      guard index + following < bytes.count else { return !isWhole }
      for next in bytes.indices.dropFirst(index + 1).prefix(following)
      where bytes[next] & 0xc0 != 0x80 {
        return false
      }
      index += 1 + following
    }
    return true
  }
}
