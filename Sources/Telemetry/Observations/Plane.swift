// SPDX-License-Identifier: Apache-2.0

/// Which bytes of a socket are meant. A conversation is one plane of one socket.
package enum Plane: UInt8, Hashable, Sendable, BitwiseCopyable {
  /// As they cross the wire, cipher text perhaps.
  case wire = 0
  /// The plain text that a TLS library made of them, or makes them of.
  case plainText = 1
}

extension SocketEvent {
  package var plane: Plane {
    flags.rawValue & Flags.tls.rawValue != 0 ? .plainText : .wire
  }
}
