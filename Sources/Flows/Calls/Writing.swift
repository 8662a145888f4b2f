// SPDX-License-Identifier: Apache-2.0

import Protocols
import Telemetry

/// What the flow of a written call is told of it.
struct WrittenCall {
  var conversation: Int
  var hasResponse: Bool
  var status: ResponseStatus
  /// Microseconds; nil when not both halves were seen.
  var duration: UInt64?
  /// When it ended, or was given up.
  var time: Timestamp
  /// In the batch; empty when the batch had no room for the call.
  var domain: Text
}

extension FlowEngine {
  /// Writes the finished call in slot `number` of the pending ones, and counts it in the second of
  /// `time`.
  mutating func write(_ number: Int, slot: Int, at time: Timestamp) {
    if isOfSockets {
      if let peer = causality.peer(of: slot) { pending.slots[number].record.learn(peer) }
      causality.mention(pending.slots[number].record.client.process)
      causality.mention(pending.slots[number].record.server.process)
    }
    let text = pending.slots[number].text
    let start = batch.text.count
    guard batch.calls.count < limits.batchCalls, start + text.count <= limits.batchTextBytes else {
      scratch.removeAll(keepingCapacity: true)
      pending.text.copy(text, into: &scratch)
      rollup.add(
        &pending.slots[number].record, textsAt: 0, of: scratch, at: time, tally: &tallies.rollup)
      if !isOfSockets {
        written.append(WrittenCall(&pending.slots[number].record, slot: slot, at: time))
      }
      return tallies.calls.lose(.batchFull)
    }
    pending.text.copy(text, into: &batch.text)
    rollup.add(
      &pending.slots[number].record, textsAt: start, of: batch.text, at: time,
      tally: &tallies.rollup)
    pending.slots[number].record.shiftTexts(by: start)
    batch.calls.append(pending.slots[number].record)
    tallies.calls.pass()
    if !isOfSockets {
      written.append(WrittenCall(&pending.slots[number].record, slot: slot, at: time))
      written[written.count - 1].domain = pending.slots[number].record.texts.requestDomain
    }
  }

  /// Counts the engine's ``unheld`` in the second of `time`, and for its flow; its texts are the
  /// message's.
  mutating func rollUpUnheld(slot: Int, at time: Timestamp) {
    if isOfSockets {
      if let peer = causality.peer(of: slot) { unheld.learn(peer) }
      causality.mention(unheld.client.process)
      causality.mention(unheld.server.process)
    }
    var text: [UInt8] = []
    swap(&text, &scratch)
    text.removeAll(keepingCapacity: true)
    text.append(copying: desk.fields.bytes)
    rollup.add(&unheld, textsAt: 0, of: text, at: time, tally: &tallies.rollup)
    swap(&text, &scratch)
    if !isOfSockets { written.append(WrittenCall(&unheld, slot: slot, at: time)) }
  }
}

extension WrittenCall {
  fileprivate init(_ record: inout CallRecord, slot: Int, at time: Timestamp) {
    let duration = record.spanMicroseconds
    self.init(
      conversation: slot, hasResponse: record.kind.rawValue != CallKind.request.rawValue,
      status: record.status, duration: record.hasDuration ? duration : nil, time: time,
      domain: Text(offset: 0, length: 0))
  }
}

extension CallRecord {
  /// Moves its texts: what they point into now begins `offset` bytes further on.
  fileprivate mutating func shiftTexts(by offset: Int) {
    texts.shift(by: offset)
    if attributes.length > 0 { attributes.offset &+= UInt32(truncatingIfNeeded: offset) }
  }

  /// Adds the process at the other end, a socket of this host too.
  fileprivate mutating func learn(_ user: PeerTable.User) {
    if observationPoint.rawValue == ObservationPoint.clientProcess.rawValue {
      server.learn(user)
    } else {
      client.learn(user)
    }
  }
}

extension CallEnd {
  fileprivate mutating func learn(_ user: PeerTable.User) {
    process = user.process
    thread = user.thread
    threadName = user.threadName
  }
}
