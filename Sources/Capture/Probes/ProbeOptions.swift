// SPDX-License-Identifier: Apache-2.0

/// How the probes are loaded. Everything here is a constant of the loaded programs.
package struct ProbeOptions: Sendable {
  /// Where the bytes of socket calls are seen.
  package enum SocketHooks: Sendable {
    /// The tracepoints where the kernel has them, else the system calls.
    case automatic
    /// The socket tracepoints `sock_send_length` and `sock_recv_length` (kernel 6.3).
    case tracepoints
    /// Raw tracepoints at every system call: the fallback, several times dearer.
    case systemCalls
  }

  package var socketHooks: SocketHooks = .automatic
  /// The process whose own calls are never reported; 0 for none. The agent gives its own pid,
  /// as the host's pid namespace knows it.
  package var ignoredProcess: UInt32 = 0
  /// Bytes copied of a call on a socket that has no verdict, at most 1 MiB: of one that sends or
  /// receives requests, as far as the kernel knows who asks; of others among the first eight calls of
  /// the socket, whose last bytes are copied too; and of later ones.
  package var requestLimit: UInt32 = 1 << 20
  package var firstLimit: UInt32 = 16_384
  package var payloadLimit: UInt32 = 1_024
  /// Memory for data events on their way to user space, at most 1 GiB. It is shared out among the
  /// CPUs, each of which has a lane for either direction, a power of two of bytes. A lane has 32 KiB
  /// at least, so that a host of more CPUs than ``ringBytes`` / 64 KiB takes more. What happens
  /// seldom has a ring of its own of at most 1 MiB.
  package var ringBytes: UInt32 = 8 << 20
  /// The reader is woken ahead of its timeout each time a lane has taken this many bytes, rounded
  /// down to a power of two. 0 takes a quarter of a lane.
  package var wakeBytes: UInt32 = 0
  /// The thread that drains goes behind the host's services while there is room for what they do; see
  /// nice(2). It must then be one thread alone.
  package var givesWay = false
  /// Sockets for which a verdict is kept; beyond it the least recently used is forgotten.
  package var verdictCapacity: UInt32 = 131_072
  package var filter = Filter()

  /// Restricts what is reported; 0 is no restriction.
  package struct Filter: Sendable {
    /// Only calls of this process. Events that happen in no process pass.
    package var process: UInt32 = 0
    /// Only sockets of the network namespace with this inode number.
    package var networkNamespace: UInt32 = 0
    /// Only sockets whose local or remote port this is.
    package var port: UInt16 = 0

    package init() {}
  }

  package init() {}
}
