// SPDX-License-Identifier: Apache-2.0

import Telemetry

extension FlowEngine {
  /// Writes the finished call in slot `number` of the pending ones, and counts it in the second of
  /// `time`.
  mutating func write(_ number: Int, slot: Int, at time: Timestamp) {
    if let peer = peers.peer(of: slot) { pending.slots[number].record.learn(peer) }
    mentioned.mention(pending.slots[number].record.client.process)
    mentioned.mention(pending.slots[number].record.server.process)
    var metric = CallMetric(of: &pending.slots[number].record)
    let endpoint = pending.slots[number].record.texts.endpoint
    let text = pending.slots[number].text
    let start = batch.text.count
    guard batch.calls.count < limits.batchCalls, start + text.count <= limits.batchTextBytes else {
      scratch.removeAll(keepingCapacity: true)
      pending.text.copy(text, into: &scratch)
      rollup.add(
        &metric, endpoint: endpoint, from: 0, of: scratch, at: time, tally: &tallies.rollup)
      return tallies.calls.lose(.batchFull)
    }
    pending.text.copy(text, into: &batch.text)
    rollup.add(
      &metric, endpoint: endpoint, from: start, of: batch.text, at: time, tally: &tallies.rollup)
    pending.slots[number].record.texts.shift(by: start)
    batch.calls.append(pending.slots[number].record)
    tallies.calls.pass()
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
