// SPDX-License-Identifier: Apache-2.0

import Capture
import Telemetry

/// A consumer that keeps everything.
struct Recorder: ProbeConsumer {
  struct Seen {
    let event: SocketEvent
    let payload: [UInt8]

    var text: String { String(decoding: payload, as: UTF8.self) }
  }

  var seen: [Seen] = []
  var totals: [(event: SocketEvent, totals: SocketTotals)] = []
  var started: [ProcessKey] = []
  var parents: [ProcessKey: ProcessKey] = [:]
  var ended: [ProcessKey] = []
  /// Rounds of events before which some were lost.
  var brokenRounds = 0

  mutating func roundBegins(isWhole: Bool) {
    if !isWhole { brokenRounds += 1 }
  }

  mutating func socketEvent(_ event: SocketEvent, payload: Span<UInt8>) {
    seen.append(Seen(event: event, payload: payload.indices.map { payload[$0] }))
  }

  mutating func connection(_ event: SocketEvent, _ totals: SocketTotals) {
    seen.append(Seen(event: event, payload: []))
    self.totals.append((event, totals))
  }

  mutating func processStarted(_ process: ProcessKey, parent: ProcessKey?) {
    started.append(process)
    if let parent { parents[process] = parent }
  }

  mutating func processEnded(_ process: ProcessKey) {
    ended.append(process)
  }
}
