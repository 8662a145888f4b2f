// SPDX-License-Identifier: Apache-2.0

import Telemetry

/// Who moved some bytes, and when: what a record needs of the event that carried them.
///
/// Functions take it as inout though they do not change it: it is wide, and by value it would be copied
/// at each of the many steps between an event and its record.
struct Moment: Hashable {
  var enter: Timestamp
  var exit: Timestamp
  var process: ProcessKey
  var thread: UInt32
  var threadName: ThreadName
  var ordinal: UInt32
  var direction: SocketEvent.Direction
  var isTLS: Bool
  /// The syscall trace id of the event.
  var trace: UInt64
  /// The remote end of a datagram; the conversation's own for a stream. Unspecified, and port 0, for a
  /// packet: it is the conversation's.
  var remote: IPAddress
  var remotePort: UInt16
  /// Up to where the sender of this packet had the other side's bytes. Means nothing for sockets, which
  /// have received whatever they were told of.
  var acknowledgement: UInt32

  @inline(__always)
  init(_ event: inout SocketEvent, trace: UInt64) {
    enter = event.enter
    exit = event.exit
    process = event.process
    thread = event.thread
    threadName = event.threadName
    ordinal = event.ordinal
    direction = event.direction
    isTLS = event.ownPlane.bit != 0
    self.trace = trace
    remote = event.remote
    remotePort = event.remotePort
    acknowledgement = 0
  }

  /// A packet: it passed in one moment, and says nothing of who sent it but its direction.
  @inline(__always)
  init(
    packetAt time: Timestamp, _ direction: SocketEvent.Direction, acknowledgement: UInt32 = 0
  ) {
    enter = time
    exit = time
    process = ProcessKey(pid: 0, startedAfterBoot: 0)
    thread = 0
    threadName = ThreadName(first: 0, second: 0)
    ordinal = 0
    self.direction = direction
    isTLS = false
    trace = 0
    remote = IPAddress(high: 0, low: 0)
    remotePort = 0
    self.acknowledgement = acknowledgement
  }

  /// When a message that began with these bytes began: when its sender began to send, or when its
  /// receiver had it (a receive call begins long before, when it begins to wait).
  var start: Timestamp { direction.index == 0 ? enter : exit }

  /// When a message that ended with these bytes ended: when they had been moved, on either side. A
  /// blocking send of a large body returns when the peer took most of it, which is what the client
  /// measures too.
  var end: Timestamp { exit }
}
