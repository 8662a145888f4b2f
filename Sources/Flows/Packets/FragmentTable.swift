// SPDX-License-Identifier: Apache-2.0

/// What bounds the memory of first fragments.
package struct FragmentLimits: Sendable {
  /// First fragments remembered at a time; rounded up to a power of two.
  package var entries = 1_024
  /// A first fragment is forgotten after this time, in nanoseconds of the packets' time. RFC 8200
  /// section 4.5 gives reassembly 60 s, Linux 30 s.
  package var lifetime: Int64 = 30_000_000_000
  /// Keys the hash; give a random one, so that nobody can aim at one bucket.
  package var hashSeed: UInt64 = 0x9e37_79b9_7f4a_7c15

  package init() {}
}
