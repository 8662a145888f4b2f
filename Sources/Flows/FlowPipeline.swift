// SPDX-License-Identifier: Apache-2.0

package import Protocols
package import Telemetry

/// Turns the socket events of one host, or of one shard of its sockets, into call records and
/// metrics.
///
/// Owned by one thread, which feeds it, flushes it a few times a second and takes what it made. It
/// reads no clock: time is what the events and the flushes say, so the same calls with the same
/// arguments give the same records, byte for byte. All of a socket's events must go to the same
/// pipeline, and both ends of a connection inside the host should, or they do not know each other's
/// processes. Every table is bounded by ``FlowLimits``; what found no room is counted.
package struct FlowPipeline: ~Copyable {
  var table: ConversationTable
  var engine: FlowEngine
  private var flows: SocketFlows
  /// Whether connections that do not leave the host have flow records from here.
  package var tellsInsideFlows = true
  private let limits: FlowLimits
  /// The second whose tallies are being counted; nil before the first flush.
  private var ledgerSecond: Int64?
  private var lastScan = Timestamp(nanoseconds: 0)
  /// Where the search for forgotten conversations goes on.
  private var sweep = 0
  private var endedProcesses: [ProcessKey] = []
  private var sizes = BatchSizes()
  private var lastGivenBack = Timestamp(nanoseconds: 0)

  /// - Parameters:
  ///   - protocols: offered to an unknown conversation in this order.
  ///   - privacy: what of the users' data records may show.
  package init(
    limits: FlowLimits = FlowLimits(), protocols: [any ProtocolKind],
    privacy: PrivacyRules = PrivacyRules()
  ) {
    self.limits = limits
    table = ConversationTable(limits: limits)
    engine = FlowEngine(limits: limits, protocols: protocols, privacy: privacy)
    flows = SocketFlows(limits: limits)
  }

  /// Conversations followed, and calls that wait for their end.
  package var conversationCount: Int { table.count }
  package var pendingCount: Int { engine.pending.count }

  /// Where conversations were that nobody could read.
  package var unknownPorts: [UnknownPorts.Entry] { engine.unknownPorts.ports }

  /// What was read of whose conversations, and what was not, since this was asked last; and how many of
  /// them found no room.
  package mutating func takeCoverage() -> (entries: [ProcessCoverage.Entry], leftOut: UInt64) {
    engine.coverage.take()
  }

  /// What was counted since the last ledger entry; see ``flush(now:)``.
  package var tallies: FlowTallies { engine.tallies }

  /// Takes an event; `payload` is the captured prefix of its bytes, or the path of a UNIX socket that
  /// opened, borrowed for the call.
  package mutating func feed(_ event: consuming SocketEvent, payload: Span<UInt8>) {
    switch event.kind {
    case .opened:
      // A cookie never comes back, but a lost close and a second opening cost nothing to survive.
      guard let slot = table.find(event.socket, .wire) ?? slotForNew(event) else { return }
      table.slots[slot].learnSide(event.role)
      if !payload.isEmpty, table.slots[slot].path == SharedTexts.none {
        table.slots[slot].path = engine.paths.hold(payload)
      }
    case .progress: break
    case .closed:
      closePlanes(of: event.socket, at: event.exit)
    case .data:
      if engine.isCrowded { engine.makeRoom(in: &table.slots, at: event.exit) }
      guard event.length > 0 || !payload.isEmpty else {
        return engine.tallies.conversations.pass()
      }
      guard let slot = table.find(event.socket, event.ownPlane) ?? slotForNew(event) else {
        var place: UInt32 = 0
        _ = engine.causality.moved(&event, slot: nil, place: &place)
        return engine.tallies.conversations.lose(.conversationTableFull)
      }
      engine.take(&event, payload: payload, in: &table.slots[slot], slot: slot)
    }
  }

  /// Tells, before each round of events, whether it is whole: whether all that happened since the last
  /// round is in it. What a thread does in a round that is not follows from nothing.
  package mutating func beginRound(isWhole: Bool) { engine.causality.isLosing(!isWhole) }

  /// Tells that events are missing that should have been fed before.
  package mutating func eventsWereLost() { engine.causality.missed(.events) }

  /// Takes what a TCP connection carried, which was closed or goes on: a flow record of one that does
  /// not leave the host, as no packets of it are captured.
  package mutating func feed(_ event: SocketEvent, totals: SocketTotals) {
    engine.noteTime(event.exit, &table.slots)
    let slot = table.find(event.socket, .plainText) ?? table.find(event.socket, .wire)
    if tellsInsideFlows {
      flows.take(
        event, totals, protocol: slot.flatMap { engine.protocolNumber(of: &table.slots[$0]) },
        into: &engine.batch, tally: &engine.tallies.flows)
    }
    if event.kind == .closed { closePlanes(of: event.socket, at: event.exit) }
  }

  /// Does what time brings: gives up what waited too long, emits the intervals and the ledger of
  /// seconds that are over. Call it at least every half second of the time that events carry.
  ///
  /// - Returns: false when the batch has no room for all intervals that are over: take it, and call
  ///   again soon.
  @discardableResult
  package mutating func flush(now: Timestamp) -> Bool {
    engine.noteTime(now, &table.slots)
    engine.askNow(&table.slots)
    engine.releaseWaiting(&table, now: now)
    // Not on every flush: it walks over all that waits.
    if now - lastScan >= 200_000_000 || now < lastScan {
      lastScan = now
      engine.expireCalls(of: &table.slots, now: now)
      sweepConversations(now: now)
    }
    if now - lastGivenBack >= 10_000_000_000 || now < lastGivenBack {
      lastGivenBack = now
      giveBack()
    }
    let isWritten = engine.rollup.close(
      now: now, into: &engine.batch, tally: &engine.tallies.rollup)
    writeLedger(now: now)
    return isWritten
  }

  /// Ends all conversations and emits all intervals: nothing will follow.
  ///
  /// - Returns: false when the batch has no room for all: take it, and call again until this is true.
  @discardableResult
  package mutating func finish(now: Timestamp) -> Bool {
    for slot in table.slots.indices where table.isUsed[slot] { close(slot, at: now) }
    guard engine.rollup.finish(into: &engine.batch, tally: &engine.tallies.rollup) else {
      return false
    }
    writeLedger(now: now + 1_000_000_000)
    return true
  }

  /// Swaps what was made for `batch`, which is emptied and whose buffers are used on.
  package mutating func takeBatch(into batch: inout RecordBatch) {
    engine.batch.endedProcesses.append(contentsOf: endedProcesses)
    endedProcesses.removeAll(keepingCapacity: true)
    engine.rollup.handOn(into: &engine.batch, tally: &engine.tallies.rollup)
    sizes.empty(&batch, after: engine.batch)
    swap(&batch, &engine.batch)
  }

  /// Slots have gone: the search for forgotten conversations begins anew.
  mutating func forgetSweep() { sweep = 0 }

  /// Appends the verdicts that were reached since the last call.
  package mutating func takeVerdicts(into verdicts: inout [SocketVerdict]) {
    verdicts.append(contentsOf: engine.verdicts)
    engine.verdicts.removeAll(keepingCapacity: true)
  }

  /// Appends the processes that records spoke of for the first time since the last call: describe
  /// them in, or before, the batch taken next.
  package mutating func takeNewProcesses(into processes: inout [ProcessKey]) {
    engine.causality.takeMentioned(into: &processes)
  }

  /// Tells that a process is gone. Its sockets' ends are told by themselves.
  package mutating func processEnded(_ process: ProcessKey) {
    guard engine.causality.isMentioned(process), endedProcesses.count < limits.processes else {
      return
    }
    endedProcesses.append(process)
  }

  private mutating func slotForNew(_ event: SocketEvent) -> Int? {
    var slot = table.insert(Conversation(event))
    // What begins is worth more than the middle of something.
    let silence = event.kind == .opened ? 0 : limits.idleBeforeEviction
    if slot == nil, let idle = table.evictionCandidate(silentSince: event.exit + -silence) {
      if table.slots[idle].state == .muted { engine.listenAgain(to: &table.slots[idle]) }
      close(idle, at: event.exit)
      slot = table.insert(Conversation(event))
    }
    guard let slot else { return nil }
    engine.causality.opened(event, slot: slot)
    if event.plane.bit != 0, let wire = table.find(event.socket, .wire) {
      // What is on the wire is the same once more, and cannot be read.
      engine.leave(&table.slots[wire], slot: wire, at: event.exit)
    }
    return slot
  }

  private mutating func closePlanes(of socket: UInt64, at time: Timestamp) {
    for plane in [Plane.plainText, .wire] {
      if let slot = table.find(socket, plane) { close(slot, at: time) }
    }
  }

  mutating func close(_ slot: Int, at time: Timestamp) {
    engine.close(&table.slots[slot], slot: slot, at: time)
    table.remove(slot)
  }

  /// Looks at some of the conversations: at each of them within a few seconds.
  private mutating func sweepConversations(now: Timestamp) {
    for _ in 0..<min(4_096, table.slots.count) {
      sweep = sweep + 1 < table.slots.count ? sweep + 1 : 0
      guard table.isUsed[sweep] else { continue }
      if now - table.slots[sweep].lastActive > limits.idleBeforeRemoval {
        close(sweep, at: now)
      } else if table.slots[sweep].state == .muted, table.slots[sweep].mutedUntil <= now {
        engine.unmute(&table.slots[sweep])
      }
    }
  }

  private mutating func writeLedger(now: Timestamp) {
    let second = now.seconds
    guard let counted = ledgerSecond else {
      ledgerSecond = second
      return
    }
    // A clock that was set back begins another second, too.
    guard second != counted else { return }
    engine.tallies.append(to: &engine.batch.losses, time: Timestamp(seconds: counted))
    engine.tallies = FlowTallies()
    ledgerSecond = second
  }
}
