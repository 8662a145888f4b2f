// SPDX-License-Identifier: Apache-2.0

/// Something that happened on one socket of this host, as the probes saw it.
///
/// The payload prefix is not part of the value: it is borrowed from the ring for the length of the
/// call that hands the event over, `feed(_ event: SocketEvent, payload: Span<UInt8>)`.
package struct SocketEvent: Sendable, BitwiseCopyable {
  package enum Kind: UInt8, Sendable, BitwiseCopyable {
    /// Bytes were sent or received by a call of `process`.
    case data = 0
    /// The connection was established; `role` says by whom. TCP; a UNIX socket when it is seen for the
    /// first time, with the path that its server listens at as payload.
    case opened = 1
    /// The socket is gone; its identity will not come back.
    case closed = 2
    /// The connection goes on: what it carried so far was asked for.
    case progress = 6
  }

  package enum Direction: UInt8, Sendable, BitwiseCopyable {
    /// This process sent.
    case egress = 0
    /// This process received.
    case ingress = 1
  }

  /// Which end of the connection this socket is, as far as the kernel said.
  package enum Role: UInt8, Sendable, BitwiseCopyable {
    /// The connection was there before the probes, or the socket is UDP, or of a pair.
    case unknown = 0
    case client = 1
    case server = 2
  }

  /// How the bytes were read by the probe.
  package struct Flags: OptionSet, Sendable, BitwiseCopyable {
    package var rawValue: UInt8

    package init(rawValue: UInt8) {
      self.rawValue = rawValue
    }

    /// The user pages were not resident or the call has no user buffer (sendfile, splice): the
    /// length is right, the payload is empty.
    package static let payloadUnreadable = Flags(rawValue: 1)
    /// The bytes are plain text inside TLS, taken from a TLS library.
    package static let tls = Flags(rawValue: 2)
    /// The event came from the syscall fallback, so `exit` and `enter` are the syscall's.
    package static let fromSyscall = Flags(rawValue: 4)
    /// One call moved the bytes in several buffers and the payload holds only the first of them.
    package static let partialGather = Flags(rawValue: 8)
  }

  package var kind: Kind
  package var direction: Direction
  package var role: Role
  package var flags: Flags
  /// The kernel's socket cookie: unique until the host restarts, whatever happens to fds and ports.
  package var socket: UInt64
  package var transport: TransportProtocol
  /// Inode number of the network namespace.
  package var networkNamespace: UInt32
  package var local: IPAddress
  package var remote: IPAddress
  package var localPort: UInt16
  /// 0 with `remote` unspecified when an unconnected UDP socket received: the kernel does not say.
  package var remotePort: UInt16
  /// The cookie of the other end of a UNIX socket, which has no addresses; 0 when not known.
  package var peer: UInt64
  /// The process that made the call (tgid in the host's pid namespace) and when it began.
  package var process: ProcessKey
  package var thread: UInt32
  /// The thread's name, 16 bytes as the kernel keeps them, zero padded.
  package var threadName: ThreadName
  /// When the call began and when its bytes had been moved. Equal when only one is known.
  package var enter: Timestamp
  package var exit: Timestamp
  /// TCP sequence number of the first byte of this call; 0 for UDP. For UNIX sockets a count that both
  /// ends share.
  package var sequence: UInt32
  /// Bytes moved by the call; the payload handed along may be shorter.
  package var length: UInt32
  /// Counts the data events of this socket that the probe saw, from 1, so that a gap in it is a
  /// loss; wraps. 0 when the probe does not count (muted and unmuted sockets restart at 1).
  package var ordinal: UInt32
  /// Raw syscall number of the call, for people.
  package var syscall: UInt16

  package init(
    kind: Kind, direction: Direction, role: Role, flags: Flags = [], socket: UInt64,
    transport: TransportProtocol, networkNamespace: UInt32, local: IPAddress, localPort: UInt16,
    remote: IPAddress, remotePort: UInt16, process: ProcessKey, thread: UInt32,
    threadName: ThreadName, enter: Timestamp, exit: Timestamp, sequence: UInt32, length: UInt32,
    ordinal: UInt32 = 0, syscall: UInt16 = 0, peer: UInt64 = 0
  ) {
    self.kind = kind
    self.direction = direction
    self.role = role
    self.flags = flags
    self.socket = socket
    self.transport = transport
    self.networkNamespace = networkNamespace
    self.local = local
    self.localPort = localPort
    self.remote = remote
    self.remotePort = remotePort
    self.peer = peer
    self.process = process
    self.thread = thread
    self.threadName = threadName
    self.enter = enter
    self.exit = exit
    self.sequence = sequence
    self.length = length
    self.ordinal = ordinal
    self.syscall = syscall
  }
}
