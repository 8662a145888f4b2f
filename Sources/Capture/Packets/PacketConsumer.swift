// SPDX-License-Identifier: Apache-2.0

package import Telemetry

/// Receives what ``PacketSession/drain(timeoutMilliseconds:into:)`` read from the rings.
package protocol PacketConsumer: ~Copyable {
  /// A frame; `bytes` is the captured part of it and borrowed for the call. Frames of one interface
  /// come in the order in which they passed it.
  mutating func packet(_ packet: CapturedPacket, bytes: Span<UInt8>)

  /// The interface whose packets carry the number `id`, from now on. Numbers are small: that of an
  /// interface that is gone is given to another.
  mutating func interface(_ id: UInt32, is description: InterfaceDescription)
}
