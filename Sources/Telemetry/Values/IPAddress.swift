// SPDX-License-Identifier: Apache-2.0

/// An IPv4 or IPv6 address as two words.
///
/// IPv4 is kept in its IPv4-mapped form (RFC 4291 section 2.5.5.2, `::ffff:a.b.c.d`), so that a
/// dual-stack socket and a plain one that talk to the same host compare equal.
@usableFromInline package struct IPAddress: Hashable, Sendable, BitwiseCopyable {
  /// The first eight bytes of the address, read as a big-endian integer.
  @usableFromInline package var high: UInt64
  /// The last eight bytes of the address, read as a big-endian integer.
  @usableFromInline package var low: UInt64

  @inlinable @inline(__always)
  package init(high: UInt64, low: UInt64) {
    self.high = high
    self.low = low
  }

  /// An IPv4 address; `v4` is the four bytes read as a big-endian integer (127.0.0.1 is 0x7f000001).
  package init(v4: UInt32) {
    high = 0
    low = 0x0000_ffff_0000_0000 | UInt64(v4)
  }

  /// The IPv6 unspecified address, which also stands for "not known".
  package static let unspecified = IPAddress(high: 0, low: 0)

  package var isV4: Bool { high == 0 && low >> 32 == 0xffff }

  /// The IPv4 address as a big-endian integer; 0 for an IPv6 address.
  package var v4: UInt32 { isV4 ? UInt32(truncatingIfNeeded: low) : 0 }

  package var isUnspecified: Bool { high == 0 && (low == 0 || low == 0x0000_ffff_0000_0000) }

  /// Not one host's: 224.0.0.0/4 and ff00::/8 (multicast), and 255.255.255.255.
  package var isGroup: Bool {
    isV4 ? v4 >> 28 == 14 || v4 == .max : high >> 56 == 0xff
  }

  /// 127.0.0.0/8 or ::1.
  package var isLoopback: Bool {
    isV4 ? v4 >> 24 == 127 : high == 0 && low == 1
  }
}
