// SPDX-License-Identifier: Apache-2.0

/// What user space wants to see of one socket from now on. Capture writes it into the verdict map.
package struct SocketVerdict: Hashable, Sendable, BitwiseCopyable {
  /// What is wanted of the calls that move bytes in one direction.
  package struct Wanted: Hashable, Sendable, BitwiseCopyable {
    /// Bytes to copy of a call, at most; 0 sends facts without payload.
    package var bytes: UInt32
    /// Whether the last bytes of a call are to be copied too when the limit leaves some out.
    package var hasTail: Bool

    package init(_ bytes: UInt32, hasTail: Bool = false) {
      self.bytes = bytes
      self.hasTail = hasTail
    }

    /// No event at all.
    package static let nothing = Wanted(.max)

    package var isMuted: Bool { bytes == .max }

    /// Wants less, if anything.
    package mutating func limit(to most: UInt32) {
      if !isMuted { self = Wanted(min(bytes, most)) }
    }
  }

  /// The socket cookie.
  package var socket: UInt64
  package var plane: Plane
  /// By what the socket's process does with the bytes.
  package var egress: Wanted
  package var ingress: Wanted

  package init(socket: UInt64, plane: Plane = .wire, egress: Wanted, ingress: Wanted) {
    self.socket = socket
    self.plane = plane
    self.egress = egress
    self.ingress = ingress
  }

  /// The same of both directions.
  package init(socket: UInt64, plane: Plane = .wire, _ wanted: Wanted) {
    self.init(socket: socket, plane: plane, egress: wanted, ingress: wanted)
  }
}
