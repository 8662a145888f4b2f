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
  /// The tracepoints came with Linux 6.3: by the version, and not by what the probes say of
  /// themselves, so that probes which fail to load are no reason to leave a test out.
  static let hasTracepoints: Bool = {
    var system = utsname()
    guard unsafe uname(&system) == 0 else { return true }
    let release = unsafe withUnsafeBytes(of: &system.release) { bytes in
      unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
    }
    let numbers = release.split { !$0.isNumber }.prefix(2).compactMap { Int($0) }
    return numbers.count < 2 || (numbers[0], numbers[1]) >= (6, 3)
  }()

  /// The ways to see the bytes of sockets that this kernel has. Every test of them runs on all.
  static let bothHooks: [ProbeOptions.SocketHooks] =
    hasTracepoints ? [.tracepoints, .systemCalls] : [.systemCalls]

  /// Options that show this process's own calls.
  static func options(_ hooks: ProbeOptions.SocketHooks = bothHooks[0]) -> ProbeOptions {
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
    let deadline = ContinuousClock.now + .seconds(300)
    repeat {
      try session.drain(timeoutMilliseconds: 5, into: &self)
    } while try !condition(self) && ContinuousClock.now < deadline
  }

  /// Drains what is there already.
  mutating func drain(_ session: inout ProbeSession) throws {
    while try session.drain(timeoutMilliseconds: 0, into: &self) > 0 {}
  }
}
