// SPDX-License-Identifier: Apache-2.0

import Capture
import Flows
import Telemetry

/// Takes what the probes saw, on the capture thread, into the pipeline.
struct Observer: ~Copyable, ProbeConsumer {
  var pipeline: FlowPipeline
  var processes = ProcessBook()
  /// Whether bytes are thrown away to shed load.
  var isPaused = false
  /// Data events thrown away since the last batch.
  var shedEvents: UInt64 = 0
  /// Events fed since the last batch.
  var fed = 0

  init(pipeline: consuming FlowPipeline) {
    self.pipeline = pipeline
  }

  mutating func roundBegins(isWhole: Bool) {
    pipeline.beginRound(isWhole: isWhole && !isPaused)
  }

  mutating func socketEvent(_ event: SocketEvent, payload: Span<UInt8>) {
    fed += 1
    if event.kind == .data {
      if isPaused {
        shedEvents += 1
        return
      }
      processes.saw(event.process, threadName: event.threadName)
    }
    pipeline.feed(event, payload: payload)
  }

  mutating func connection(_ event: SocketEvent, _ totals: SocketTotals) {
    fed += 1
    pipeline.feed(event, totals: totals)
  }

  mutating func processStarted(_ process: ProcessKey, parent: ProcessKey?) {
    processes.started(process, parent: parent)
  }

  mutating func processEnded(_ process: ProcessKey) {
    pipeline.processEnded(process)
    processes.ended(process)
  }
}
