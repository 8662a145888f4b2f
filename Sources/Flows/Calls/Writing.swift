// SPDX-License-Identifier: Apache-2.0

import Telemetry

extension FlowEngine {
  /// Writes the finished call in slot `number` of the pending ones, whose texts stand in `scratch`,
  /// and counts it in the second of `time`.
  mutating func write(_ number: Int, slot: Int, at time: Timestamp) {
    if let peer = peers.peer(of: slot) { pending.slots[number].record.learn(peer) }
    let metric = CallMetric(of: pending.slots[number].record)
    let endpoint = pending.slots[number].record.texts.endpoint
    guard count(metric, endpoint: endpoint, at: time) else { return }
    batch.calls.append(pending.slots[number].record)
    finishText()
  }

  /// Writes a record that never had to wait.
  mutating func write(_ finished: CallRecord, slot: Int, at time: Timestamp) {
    var record = finished
    if let peer = peers.peer(of: slot) { record.learn(peer) }
    guard count(CallMetric(of: record), endpoint: record.texts.endpoint, at: time) else { return }
    batch.calls.append(record)
    finishText()
  }

  /// Counts a call; whether the batch has room for its record.
  private mutating func count(_ metric: CallMetric, endpoint: Text, at time: Timestamp) -> Bool {
    mentioned.mention(metric.client.process)
    mentioned.mention(metric.server.process)
    rollup.add(metric, endpoint: endpoint, text: scratch, at: time, tally: &tallies.rollup)
    guard batch.calls.count < limits.batchCalls,
      batch.text.count + scratch.count <= limits.batchTextBytes
    else {
      tallies.calls.lose(.batchFull)
      return false
    }
    tallies.calls.pass()
    return true
  }

  /// Moves the texts of the last record behind those of the batch.
  private mutating func finishText() {
    batch.calls[batch.calls.count - 1].texts.shift(by: batch.text.count)
    batch.text.append(contentsOf: scratch)
  }
}

extension CallRecord {
  /// Adds the process at the other end, a socket of this host too.
  fileprivate mutating func learn(_ owner: PeerTable.Owner) {
    if observationPoint.rawValue == ObservationPoint.clientProcess.rawValue {
      server.learn(owner)
    } else {
      client.learn(owner)
    }
  }
}

extension CallEnd {
  fileprivate mutating func learn(_ owner: PeerTable.Owner) {
    process = owner.process
    thread = owner.thread
    threadName = owner.threadName
  }
}
