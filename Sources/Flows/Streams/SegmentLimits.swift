// SPDX-License-Identifier: Apache-2.0

/// What bounds a ``SegmentAssembler``. Times are nanoseconds of the packets' time.
package struct SegmentLimits: Sendable {
  /// Bytes held of all flows while bytes before them are missing. The pool grows to this by
  /// doubling, so for a moment it may have twice as much.
  package var heldBytes = 16 << 20
  /// Segments held of all flows.
  package var heldSegments = 32_768
  /// Bytes and segments held of one direction.
  package var heldBytesPerDirection = 256 << 10
  package var heldSegmentsPerDirection = 1_024
  /// Packets of the flow that are waited for after the receiver has acknowledged bytes that were not
  /// seen: the capture may have put packets out of order.
  package var reorderedPackets = 8
  /// How long the same is waited for when no packet comes.
  package var acknowledgedHoldTime: Int64 = 100_000_000
  /// How long bytes are waited for that the receiver does not have either: a sender that repeats
  /// them does so within a second or two, RFC 6298.
  package var holdTime: Int64 = 2_000_000_000
  /// Segments in a row that lie wholly before, or absurdly far behind, the place that was reached:
  /// after that many the place is taken as wrong and the stream is read from where they are.
  package var strayedSegments = 128

  package init() {}
}
