// SPDX-License-Identifier: Apache-2.0

import Flows
import Protocols
import Telemetry
import TestSupport

/// A host's traffic, made up from a seed: many conversations, each a run of exchanges, of which some
/// are pipelined, some have bodies beyond the capture, some are never answered, and some nonsense.
struct Simulation {
  /// What can go wrong between the sockets and the pipeline.
  struct Faults {
    /// One in this many events is lost, or changes places with the next; 0 is none.
    var loss = 0
    var swap = 0
    /// One in this many conversations speaks no known protocol.
    var nonsense = 0
  }

  private(set) var observations: [Observation] = []
  /// Requests that were sent and answered, each seen from both sides.
  private(set) var answered = 0

  init(seed: UInt64, conversations: Int, faults: Faults = Faults()) {
    var dice = SeededGenerator(seed: seed)
    var runs: [[Observation]] = []
    for number in 1...conversations {
      runs.append(run(number, &dice, faults))
    }
    // By time; the order of one socket's events is kept.
    observations = runs.flatMap(\.self).enumerated().sorted {
      ($0.element.event.exit.nanoseconds, $0.offset)
        < ($1.element.event.exit.nanoseconds, $1.offset)
    }.map(\.element)
    if faults.swap > 0 {
      for index in observations.indices.dropLast() where dice.roll(faults.swap) == 0 {
        observations.swapAt(index, index + 1)
      }
    }
    if faults.loss > 0 { observations.removeAll { _ in dice.roll(faults.loss) == 0 } }
  }

  private mutating func run(_ number: Int, _ dice: inout SeededGenerator, _ faults: Faults)
    -> [Observation]
  {
    var connection = Connection(
      number: UInt64(number), serverPort: 7_000, isKnown: dice.roll(3) > 0)
    connection.captureLimit = 256
    var time = dawn + Int64(dice.roll(2_000)) * 1_000_000
    var events: [Observation] = []
    let isNonsense = faults.nonsense > 0 && dice.roll(faults.nonsense) == 0
    for _ in 0..<(1 + dice.roll(12)) {
      let count = 1 + dice.roll(3)
      var requests = ""
      var responses = ""
      for _ in 0..<count {
        requests += isNonsense ? "nothing\n" : "?/\(dice.roll(5))\n"
        responses += isNonsense ? "nothing\n" : "=\(dice.roll(2) == 0 ? 200 : 500)\n"
      }
      if dice.roll(4) == 0 {
        let body = dice.roll(3_000)
        responses += isNonsense ? "" : "=200(\(body))\n" + String(repeating: "x", count: body)
        requests += isNonsense ? "" : "?/body\n"
        answered += isNonsense ? 0 : 1
      }
      events += connection.send(.client, requests, at: time)
      time += Int64(50_000 + dice.roll(3_000_000))
      events += connection.send(.server, responses, at: time)
      time += Int64(50_000 + dice.roll(500_000_000))
      answered += isNonsense ? 0 : count
    }
    if dice.roll(3) == 0 { events += connection.send(.client, "?unanswered\n", at: time) }
    if dice.roll(2) == 0 { events += connection.close(at: time + 1_000_000) }
    return events
  }

  /// Feeds it all, flushing four times a second of its time; what came out, batch by batch.
  func run(
    limits: FlowLimits = FlowLimits(), cutting: ((Observation) -> [Observation])? = nil
  ) -> Outcome {
    var pipeline = FlowPipeline(limits: limits, protocols: [Lines()])
    var outcome = Outcome()
    var flushed = dawn
    for observation in observations {
      let now = observation.event.exit.nanoseconds
      while now - flushed > 250_000_000 {
        flushed += 250_000_000
        pipeline.flush(now: Timestamp(nanoseconds: flushed))
        outcome.take(&pipeline)
      }
      pipeline.feed(cutting?(observation) ?? [observation])
    }
    pipeline.finish(now: Timestamp(nanoseconds: flushed + 30_000_000_000))
    outcome.take(&pipeline)
    outcome.leftConversations = pipeline.conversationCount
    outcome.leftPending = pipeline.pendingCount
    return outcome
  }

  struct Outcome {
    var batches: [RecordBatch] = []
    var losses: [LossEntry] = []
    var leftConversations = 0
    var leftPending = 0
    var neverUnbalanced = true

    mutating func take(_ pipeline: inout FlowPipeline) {
      let tallies = pipeline.tallies
      neverUnbalanced =
        neverUnbalanced && tallies.conversations.balances && tallies.calls.balances
        && tallies.rollup.balances
      var batch = pipeline.takeBatch()
      losses += batch.losses
      batch.losses = []
      batches.append(batch)
    }

    var calls: [CallRecord] { batches.flatMap(\.calls) }
    var metrics: [CallMetric] { batches.flatMap(\.metrics) }

    func total(_ stage: Stage, _ figure: KeyPath<LossEntry, UInt64>) -> UInt64 {
      losses.filter { $0.stage == stage }.reduce(0) { $0 + $1[keyPath: figure] }
    }
  }
}
