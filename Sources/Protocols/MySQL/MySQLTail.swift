// SPDX-License-Identifier: Apache-2.0

import Bytes

/// The packet that ends an answer, found at the end of bytes that begin somewhere in it.
///
/// A packet's length says where it ends, so the last one is found by trying places from the end on: what
/// looks like an EOF, the OK in its place, or an error, and reaches to the last byte, is one.
struct MySQLTail {
  /// Nil for a success.
  private(set) var failure: MySQLResponse.Failure?

  /// Nil when the end is not there, or says that another result follows.
  init?(_ bytes: Span<UInt8>) {
    var place = bytes.count - 9
    let lowest = max(0, bytes.count - MySQLResponse.lastReach)
    while place >= lowest {
      let length = bytes.littleEndian24(at: place)
      if place + 4 + length == bytes.count, bytes[place + 3] > 1 {
        if bytes[place + 4] == 0xfe, Self.endsRows(bytes, place + 4, length) { return }
        if bytes[place + 4] == 0xff, Self.isFailure(bytes, place + 4, length) {
          failure = MySQLResponse.failure(bytes, place + 4, length)
          return
        }
      }
      place -= 1
    }
    return nil
  }

  private static func endsRows(_ bytes: Span<UInt8>, _ body: Int, _ length: Int) -> Bool {
    // In place of an EOF, an OK changes no row and has no id.
    guard length == 5 || (length >= 7 && bytes[body + 1] == 0 && bytes[body + 2] == 0),
      let status = MySQLResponse.endStatus(bytes, body, length)
    else { return false }
    // Two flags that no server sets, and the one for more results.
    return status & 0x800c == 0
  }

  /// A code, `#`, and five characters of SQLSTATE.
  private static func isFailure(_ bytes: Span<UInt8>, _ body: Int, _ length: Int) -> Bool {
    guard length >= 9, (1_000..<6_000).contains(bytes.littleEndian16(at: body + 1)),
      bytes[body + 3] == 0x23
    else { return false }
    for index in (body + 4)..<(body + 9) {
      let byte = bytes[index]
      guard byte &- 0x30 < 10 || byte &- 0x41 < 26 else { return false }
    }
    return true
  }
}
