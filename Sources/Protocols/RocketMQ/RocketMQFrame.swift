// SPDX-License-Identifier: Apache-2.0

import Bytes

/// What stands in front of a header: the length of all that follows, and in one number the header's form
/// and its length.
struct RocketMQFrame {
  static let size = 8
  /// Brokers take 4 MiB of a message, unless they are told otherwise; answers hold several.
  private static let longest = 1 << 26
  private static let longestHeader = 1 << 16

  /// All of it, with the length itself.
  let length: Int
  let headerCount: Int
  let isJSON: Bool

  /// Nil when the view ends in it, or it is none.
  init?(_ bytes: Span<UInt8>) {
    guard bytes.count >= Self.size else { return nil }
    let size = Int(bytes.bigEndian32(at: 0))
    headerCount = Int(bytes.bigEndian32(at: 4) & 0xff_ffff)
    isJSON = bytes[4] == 0
    guard bytes[4] <= 1, size <= Self.longest, headerCount <= Self.longestHeader,
      headerCount >= (isJSON ? 20 : 21), headerCount <= size - 4
    else { return nil }
    length = 4 + size
  }
}
