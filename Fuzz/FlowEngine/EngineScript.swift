// SPDX-License-Identifier: Apache-2.0

import Protocols
import Synchronization
import Telemetry

@testable import Flows

/// A run of an engine that any bytes describe: messages on a few conversations, whole or in pieces,
/// some of them lost, cut or repeated, openings, closings, and time that passes or goes back.
///
/// After every step the engine has to be in order, and in the end each request must have left once: as
/// a record, or counted as lost. What is not so is told in ``faults``.
struct EngineScript {
  private struct Sent {
    var conversation: Int
    var message: ScriptMessage
  }

  private struct End {
    var sequences: [UInt32] = [100, 4_294_967_200]
    var life: UInt64 = 0
  }

  private let engine: ScriptedEngine
  private var bytes: [UInt8]
  private var position = 0
  private var time: Int64 = 1_700_000_000_000_000_000
  private var ends = Array(repeating: End(), count: 4)
  private var sent: [UInt32: Sent] = [:]
  private var nextTag: UInt32 = 1
  /// Tags of the requests, and of the responses, that records told.
  private var told: [Set<UInt32>] = [[], []]
  private var records = 0
  private var lost: UInt64 = 0
  private(set) var faults: [String] = []

  /// - Parameter bytes: the first says whether the engine reads sockets or packets, and how little room
  ///   it has; then come the steps.
  init(_ bytes: [UInt8]) {
    self.bytes = bytes
    ScriptMessage.handedOut.store(0, ordering: .relaxed)
    engine = ScriptedEngine(bytes.first ?? 0)
    position = 1
  }

  /// Runs all steps.
  static func run(_ bytes: [UInt8]) -> [String] {
    var script = EngineScript(bytes)
    while script.position < bytes.count, script.faults.isEmpty { script.step() }
    script.finish()
    return script.faults
  }

  private mutating func byte() -> UInt8 {
    defer { position += 1 }
    return position < bytes.count ? bytes[position] : 0
  }

  private mutating func step() {
    let code = byte()
    let conversation = Int(code >> 4 & 3)
    let isBack = code & 0x40 != 0
    time += Int64(code >> 7) * 1_000_000
    switch code & 15 {
    case 0...7: send(conversation, isBack, pieces: 1, count: Int(code & 3) + 1)
    case 8: send(conversation, isBack, pieces: Int(byte() & 7) + 1, count: 2)
    case 9: lose(conversation, isBack)
    case 10: end(conversation, isBack)
    case 11:
      time += Int64(byte()) * 100_000_000
      engine.flush(time)
    case 12 where isBack: engine.shrink(to: Int(byte()) << 10, time)
    case 12:
      time -= Int64(byte()) * 100_000_000
      engine.flush(time)
    case 13: garbage(conversation, isBack)
    case 14: repeatLast(conversation, isBack)
    default: takeBatch()
    }
    check()
  }

  /// A run of messages in one send.
  private mutating func send(_ conversation: Int, _ isBack: Bool, pieces: Int, count: Int) {
    var payload: [UInt8] = []
    for _ in 0..<count {
      // Both directions of a conversation speak its protocol.
      let mark = 0xa0 + UInt8(conversation % 3)
      let message = ScriptMessage(
        mark: mark, form: byte(), id: byte() & 7, body: byte(), tag: nextTag)
      sent[nextTag] = Sent(conversation: conversation, message: message)
      nextTag += 1
      payload += message.bytes + [UInt8](repeating: 0xee, count: Int(message.body))
    }
    let cut = byte()
    let captured = cut < 0xc0 ? payload.count : payload.count * Int(cut & 0x3f) / 64
    var start = 0
    let size = (payload.count + pieces - 1) / pieces
    while start < payload.count {
      let end = min(start + size, payload.count)
      hand(
        conversation, isBack, Array(payload[start..<max(start, min(end, captured))]),
        length: end - start)
      start = end
    }
  }

  private mutating func hand(_ conversation: Int, _ isBack: Bool, _ payload: [UInt8], length: Int) {
    let way = isBack ? 1 : 0
    let sequence = ends[conversation].sequences[way]
    let acknowledgement = ends[conversation].sequences[1 - way]
    ends[conversation].sequences[way] &+= UInt32(length)
    time += 1_000
    engine.feed(
      conversation, ends[conversation].life, isBack, payload, length: length, sequence,
      acknowledgement, at: time)
  }

  /// Bytes of one direction are never seen; of sockets the next chunk tells.
  private mutating func lose(_ conversation: Int, _ isBack: Bool) {
    let count = UInt32(byte()) * 9
    ends[conversation].sequences[isBack ? 1 : 0] &+= count
    engine.lose(conversation, isBack, Int(count))
  }

  /// Ends the conversation, or one direction of it.
  private mutating func end(_ conversation: Int, _ isBack: Bool) {
    let isWhole = byte() & 1 == 0
    engine.end(conversation, ends[conversation].life, isBack, isWhole: isWhole, at: time)
    if isWhole { ends[conversation].life += 1 }
  }

  private mutating func garbage(_ conversation: Int, _ isBack: Bool) {
    let count = Int(byte() & 31)
    hand(conversation, isBack, (0..<count).map { _ in byte() }, length: count + Int(byte() & 3))
  }

  /// The next bytes are said to be where others were, or far off.
  private mutating func repeatLast(_ conversation: Int, _ isBack: Bool) {
    let back = UInt32(byte())
    ends[conversation].sequences[isBack ? 1 : 0] &-= back &* (back > 250 ? 1 << 20 : 1)
  }

  private mutating func takeBatch() {
    let batch = engine.takeBatch()
    for call in batch.calls { check(call, batch) }
    for loss in batch.losses where loss.stage == .calls && Self.isOfRequest(loss.reason) {
      lost += loss.dropped
    }
  }

  /// Whether what was lost for it was a request, not an answer.
  private static func isOfRequest(_ reason: LossReason) -> Bool {
    reason != .unpairedResponse && reason != .gaveWay
  }

  private mutating func check(_ call: CallRecord, _ batch: RecordBatch) {
    let request = UInt32(batch.string(call.texts.endpoint))
    let response = UInt32(batch.string(call.texts.responseResult))
    records += 1
    guard let request, let asked = sent[request] else {
      return faults.append("a record of no request: \(batch.string(call.texts.endpoint))")
    }
    if !told[0].insert(request).inserted { faults.append("request \(request) left twice") }
    guard let response else { return }
    guard let answered = sent[response] else {
      return faults.append("request \(request) has the answer of nobody")
    }
    if !told[1].insert(response).inserted { faults.append("response \(response) left twice") }
    if answered.conversation != asked.conversation {
      faults.append("request \(request) has the answer of another conversation")
    }
    let note = batch.string(call.texts.requestType)
    if !note.isEmpty, note != "\(request)" {
      faults.append("the answer to \(request) was read as that to \(note)")
    }
    if asked.conversation % 3 == 1, asked.message.id != answered.message.id {
      faults.append("request \(request) has the answer to another")
    }
  }

  private mutating func check() {
    if let fault = engine.disorder() { faults.append(fault) }
    let tallies = engine.tallies
    if !tallies.calls.balances || !tallies.conversations.balances || !tallies.rollup.balances {
      faults.append("a tally does not balance")
    }
    let dropped = tallies.calls.dropped.filter { Self.isOfRequest($0.reason) }
      .reduce(0) { $0 + $1.count }
    let waiting = engine.heldRequests
    takeBatch()
    let handedOut = ScriptMessage.handedOut.load(ordering: .relaxed)
    let left = records + Int(lost + dropped) + waiting
    if handedOut != left {
      faults.append("\(handedOut) requests, and \(left) left, were counted, or wait")
    }
  }

  private mutating func finish() {
    guard faults.isEmpty else { return }
    engine.finish(time)
    check()
    if engine.heldRequests != 0 { faults.append("requests are left behind") }
  }
}
