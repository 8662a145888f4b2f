// SPDX-License-Identifier: Apache-2.0

import Telemetry

/// Who reads what a ``SegmentAssembler`` has put in order.
///
/// May change the mode of the streams it is handed, and nothing else of them.
protocol SegmentSink: ~Copyable {
  /// Takes the next bytes of a direction: `length` from `sequence` on, of which `payload` was
  /// captured. Their sender had the other direction's bytes up to `acknowledgement`.
  mutating func read(
    _ payload: Span<UInt8>, length: Int, sequence: UInt32, acknowledgement: UInt32,
    at time: Timestamp, direction: Int, of streams: inout FlowStreams)

  /// Tells that `count` bytes of a direction, the next ones, will not come.
  mutating func lose(
    _ count: Int, because reason: LossReason, direction: Int, of streams: inout FlowStreams)

  /// Tells that no byte will follow in a direction.
  mutating func finish(direction: Int, of streams: inout FlowStreams, at time: Timestamp)
}
