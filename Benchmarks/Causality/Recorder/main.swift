// SPDX-License-Identifier: Apache-2.0

// Records what the probes see of the processes that use the given ports:
//
//     causality-recorder FILE SECONDS PORT...

import Capture
import CausalityRecording
import Glibc
import Telemetry

/// Keeps what happens on the sockets of those who were seen to use one of the ports.
struct Writer: ~Copyable, ProbeConsumer {
  let ports: Set<UInt16>
  let descriptor: CInt
  var processes: Set<ProcessKey> = []
  var bytes: [UInt8] = []
  var events = 0

  mutating func roundBegins(isWhole: Bool) {
    if bytes.count > 1 << 20 { write() }
    Recording.add(round: isWhole, to: &bytes)
  }

  mutating func socketEvent(_ event: SocketEvent, payload: Span<UInt8>) {
    if ports.contains(event.localPort) || ports.contains(event.remotePort) {
      if event.process.pid != 0 { processes.insert(event.process) }
    } else if event.kind != .closed, !processes.contains(event.process) {
      return
    }
    events += 1
    Recording.add(event, payload: payload, to: &bytes)
  }

  mutating func connection(_ event: SocketEvent, _ totals: SocketTotals) {
    if event.kind == .closed { socketEvent(event, payload: [UInt8]().span) }
  }

  mutating func processStarted(_ process: ProcessKey, parent: ProcessKey?) {}
  mutating func processEnded(_ process: ProcessKey) {}

  mutating func write() {
    var offset = 0
    while offset < bytes.count {
      let written = unsafe bytes.withUnsafeBytes { raw in
        unsafe Glibc.write(descriptor, raw.baseAddress! + offset, raw.count - offset)
      }
      guard written > 0 else { fatalError("the recording cannot be written: errno \(errno)") }
      offset += written
    }
    bytes.removeAll(keepingCapacity: true)
  }
}

let arguments = CommandLine.arguments
guard arguments.count > 3, let seconds = Int(arguments[2]) else {
  print("usage: causality-recorder FILE SECONDS PORT...")
  exit(2)
}
let descriptor = unsafe open(arguments[1], O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
guard descriptor >= 0 else { fatalError("\(arguments[1]) cannot be written: errno \(errno)") }
var options = ProbeOptions()
options.ignoredProcess = UInt32(getpid())
var session = try ProbeSession(options)
var writer = Writer(
  ports: Set(arguments[3...].compactMap { UInt16($0) }), descriptor: descriptor)
Recording.begin(&writer.bytes)
print("recording")
fflush(nil)
let end = ContinuousClock.now + .seconds(seconds)
while ContinuousClock.now < end {
  try session.drain(timeoutMilliseconds: 5, into: &writer)
}
writer.write()
let counters = try session.counters()
print("\(writer.events) events, \(counters.ringFull) lost")
