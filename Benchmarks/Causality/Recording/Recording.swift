// SPDX-License-Identifier: Apache-2.0

package import Telemetry

/// A file of socket events as the probes told them, with their bytes, for a judge that feeds them to a
/// pipeline as often as it likes.
///
/// The events lie in it as in memory, so that it is read by a build of the same sources alone; its first
/// word is checked for that.
package enum Recording {
  /// What a record is.
  package enum Kind: UInt8 {
    /// A round of events begins, that is whole; one that is not.
    case wholeRound = 0
    case tornRound = 1
    case event = 2
  }

  /// What the file begins with.
  package static let mark = 0x4d46_4556_0000_0000 | UInt64(MemoryLayout<SocketEvent>.size)
  /// Kind, and bytes of payload.
  static let headBytes = 8

  package static func begin(_ bytes: inout [UInt8]) { add(mark, to: &bytes) }

  package static func add(round isWhole: Bool, to bytes: inout [UInt8]) {
    add(UInt64(isWhole ? Kind.wholeRound.rawValue : Kind.tornRound.rawValue), to: &bytes)
  }

  package static func add(
    _ event: SocketEvent, payload: Span<UInt8>, to bytes: inout [UInt8]
  ) {
    add(UInt64(Kind.event.rawValue) | UInt64(payload.count) << 8, to: &bytes)
    unsafe withUnsafeBytes(of: event) { raw in unsafe bytes.append(contentsOf: raw) }
    for index in payload.indices { bytes.append(payload[index]) }
  }

  private static func add(_ word: UInt64, to bytes: inout [UInt8]) {
    for shift in 0..<8 { bytes.append(UInt8(truncatingIfNeeded: word >> UInt64(shift * 8))) }
  }
}

extension Recording {
  /// What is read of a record.
  package enum Record {
    case round(isWhole: Bool)
    /// Its payload are the `count` bytes from `payload` on.
    case event(SocketEvent, payload: Int, count: Int)
  }

  /// Hands on every record of `bytes`; false when they are no such recording, or torn.
  package static func read(_ bytes: [UInt8], _ body: (Record) -> Void) -> Bool {
    let size = MemoryLayout<SocketEvent>.size
    guard bytes.count >= 8, word(bytes, at: 0) == mark else { return false }
    var offset = 8
    while offset + headBytes <= bytes.count {
      let head = word(bytes, at: offset)
      offset += headBytes
      guard let kind = Kind(rawValue: UInt8(truncatingIfNeeded: head)) else { return false }
      guard kind == .event else {
        body(.round(isWhole: kind == .wholeRound))
        continue
      }
      let count = Int(head >> 8)
      guard count <= bytes.count, offset + size + count <= bytes.count else { return false }
      let event = unsafe bytes.span.bytes.unsafeLoadUnaligned(
        fromByteOffset: offset, as: SocketEvent.self)
      body(.event(event, payload: offset + size, count: count))
      offset += size + count
    }
    return offset == bytes.count
  }

  private static func word(_ bytes: [UInt8], at offset: Int) -> UInt64 {
    var word: UInt64 = 0
    for shift in 0..<8 { word |= UInt64(bytes[offset + shift]) << UInt64(shift * 8) }
    return word
  }
}
