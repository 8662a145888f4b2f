// SPDX-License-Identifier: Apache-2.0

import Capture
import Glibc
import Telemetry
import Testing

extension Tag {
  /// Needs the kernel's leave to load probes: root, or CAP_BPF and CAP_PERFMON.
  @Tag static var kernel: Self
}

/// Everything that loads probes, one test after another: each sees this whole process.
@Suite(.serialized, .tags(.kernel))
enum KernelTests {
  /// Both ways to see the bytes of sockets. Every test of them runs on both.
  static let bothHooks = [ProbeOptions.SocketHooks.tracepoints, .systemCalls]

  /// Options that show this process's own calls.
  static func options(_ hooks: ProbeOptions.SocketHooks = .tracepoints) -> ProbeOptions {
    var options = ProbeOptions()
    options.socketHooks = hooks
    options.filter.process = UInt32(getpid())
    return options
  }
}

extension Recorder {
  /// Data events of one socket, oldest first.
  func data(_ socket: UInt64, _ direction: SocketEvent.Direction) -> [Seen] {
    seen.filter {
      $0.event.kind == .data && $0.event.socket == socket && $0.event.direction == direction
    }
  }

  func has(_ kind: SocketEvent.Kind, _ socket: UInt64) -> Bool {
    seen.contains { $0.event.kind == kind && $0.event.socket == socket }
  }

  /// Drains until `condition` holds or ten seconds are over.
  mutating func drain(
    _ session: inout ProbeSession, until condition: (borrowing Recorder) throws -> Bool
  ) throws {
    let deadline = ContinuousClock.now + .seconds(60)
    repeat {
      try session.drain(timeoutMilliseconds: 5, into: &self)
    } while try !condition(self) && ContinuousClock.now < deadline
  }

  /// Drains what is there already.
  mutating func drain(_ session: inout ProbeSession) throws {
    while try session.drain(timeoutMilliseconds: 0, into: &self) > 0 {}
  }
}
