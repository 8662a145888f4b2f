// SPDX-License-Identifier: Apache-2.0

/// What user space wants to see of one socket from now on. Capture writes it into the verdict map.
package struct SocketVerdict: Hashable, Sendable, BitwiseCopyable {
  /// The socket cookie.
  package var socket: UInt64
  /// Payload bytes to copy per event: 0 sends facts without payload. ``muted`` sends nothing.
  package var payloadLimit: UInt32

  /// The limit that tells the probe to send no data event for this socket at all.
  package static let muted: UInt32 = .max

  package init(socket: UInt64, payloadLimit: UInt32) {
    self.socket = socket
    self.payloadLimit = payloadLimit
  }
}
