// SPDX-License-Identifier: Apache-2.0

/// What a TCP connection carried since it began, as one end's socket counts it.
package struct SocketTotals: Hashable, Sendable, BitwiseCopyable {
  /// Nil when the connection was there before the probes.
  package var opened: Timestamp?
  /// Bytes behind the TCP header, without those that were sent again.
  package var sentBytes: UInt64
  package var receivedBytes: UInt64
  package var sentPackets: UInt32
  package var receivedPackets: UInt32
  package var retransmissions: UInt32
  /// The socket's error (errno(3)); 0 for none.
  package var error: UInt16
  /// The TCP state it is in, or was in before it was closed, as the kernel numbers them.
  package var state: UInt8

  package init(
    opened: Timestamp?, sentBytes: UInt64, receivedBytes: UInt64, sentPackets: UInt32,
    receivedPackets: UInt32, retransmissions: UInt32, error: UInt16, state: UInt8
  ) {
    self.opened = opened
    self.sentBytes = sentBytes
    self.receivedBytes = receivedBytes
    self.sentPackets = sentPackets
    self.receivedPackets = receivedPackets
    self.retransmissions = retransmissions
    self.error = error
    self.state = state
  }
}
