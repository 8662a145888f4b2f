// SPDX-License-Identifier: Apache-2.0

import Telemetry

extension FlowEngine {
  /// Writes a finished record, whose texts stand in `scratch`, and counts it in the second of `time`.
  mutating func write(_ finished: CallRecord, slot: Int, at time: Timestamp) {
    var record = finished
    fillPeer(&record, slot: slot)
    mentioned.mention(record.client.process)
    mentioned.mention(record.server.process)
    rollup.add(record, text: scratch, at: time, tally: &tallies.rollup)
    guard batch.calls.count < limits.batchCalls,
      batch.text.count + scratch.count <= limits.batchTextBytes
    else { return tallies.calls.lose(.batchFull) }
    tallies.calls.pass()
    let offset = batch.text.count
    batch.text.append(contentsOf: scratch)
    record.texts.shift(by: offset)
    batch.calls.append(record)
  }

  /// Adds the process at the other end when that is a socket of this host.
  private func fillPeer(_ record: inout CallRecord, slot: Int) {
    guard let peer = peers.peer(of: slot) else { return }
    if record.observationPoint.rawValue == ObservationPoint.clientProcess.rawValue {
      record.server.learn(peer)
    } else {
      record.client.learn(peer)
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
