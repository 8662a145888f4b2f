// SPDX-License-Identifier: Apache-2.0

package import Telemetry

/// Who takes what the probes saw, one call per event, on the thread that drains the ring.
package protocol ProbeConsumer: ~Copyable {
  /// Events follow, none, one or many. They are whole when no data event found its lane full since the
  /// last round: then nothing happened between any two of them that the probes were to tell of.
  mutating func roundBegins(isWhole: Bool)

  /// Something happened on a socket.
  ///
  /// `payload` is the captured prefix of the bytes moved, shorter than `event.length` where the
  /// limit or an unreadable page said so. It lies in the ring and is gone when the call returns.
  mutating func socketEvent(_ event: SocketEvent, payload: Span<UInt8>)

  /// A TCP connection was closed (of which ``socketEvent(_:payload:)`` is not told then), or goes on,
  /// having carried so much.
  mutating func connection(_ event: SocketEvent, _ totals: SocketTotals)

  /// A process was forked by `parent`, or, without one, a running process executed another program:
  /// what was known of it is stale.
  mutating func processStarted(_ process: ProcessKey, parent: ProcessKey?)

  /// The process's last thread ended. May come twice for one process.
  mutating func processEnded(_ process: ProcessKey)
}

extension ProbeConsumer where Self: ~Copyable {
  package mutating func roundBegins(isWhole: Bool) {}
}
