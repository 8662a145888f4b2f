// SPDX-License-Identifier: Apache-2.0

import Capture
package import Flows
package import Telemetry
package import Wire

/// Where batches get their numbers and wait for their acknowledgement: encoder, spool and window.
///
/// Every record that comes in is counted once in the uplink's tally: passed when the server says
/// that it is durable, dropped when it was given up. What is neither is in the spool.
package actor Outbox {
  /// Bytes that are sent ahead of their acknowledgement.
  static let windowBytes = 4 << 20
  /// Ledger entries that are carried over from given-up batches.
  static let carriedLimit = 4_096
  /// Rows by the minute that a batch takes along, and bytes of their texts.
  private static let minuteRows = 8_192
  private static let minuteText = 2 << 20
  /// Seconds after its end that a minute is told; what comes later is told once more.
  private static let minuteGrace: Int64 = 3

  private let spool: Spool
  private var mark: LifeMark?
  /// Calls that were handed on by the second, until they are by the minute.
  private var minutes = MinuteSums()
  private var minuteLog: MinuteLog
  private var endpoints: LearnedEndpoints
  private let ledger: Ledger
  private let gauges: AgentGauges
  private var encoder = FrameEncoder()
  private var opener = FrameOpener()
  private var tally = Tally()
  /// What given-up batches said beyond their records.
  private var carried = RecordBatch()

  private var isAccepted = false
  /// The last batch sent on this connection.
  private var sent: UInt64 = 0
  private var inFlight: [(sequence: UInt64, bytes: Int)] = []
  private var inFlightBytes = 0
  private var wake: AsyncStream<Void>.Continuation?
  private var emptied: [CheckedContinuation<Void, Never>] = []
  package private(set) var lastHeard = ContinuousClock.now

  package init(
    spool: sending Spool, ledger: Ledger, gauges: AgentGauges,
    endpoints rules: EndpointRules = EndpointRules()
  ) {
    do throws(SystemError) {
      mark = try LifeMark(directory: spool.directory)
    } catch {
      gauges.note(error)
    }
    minuteLog = MinuteLog(directory: spool.directory)
    endpoints = LearnedEndpoints(directory: spool.directory, rules)
    self.spool = spool
    self.ledger = ledger
    self.gauges = gauges
    let damaged = spool.damagedRecords
    if damaged > 0 {
      // They were received by an earlier run; in this one they come and go at once.
      tally.received = damaged
      tally.drop(.spoolCorrupt, count: damaged)
    }
    gauges.update {
      $0.spoolBytes = spool.bytes
      $0.spoolBatches = spool.count
    }
  }

  package var identity: AgentIdentity { spool.identity }
  package var count: Int { spool.count }
  /// What became of records since the last batch was submitted.
  package var account: Tally { tally }

  /// Numbers a batch, with the minutes that are over, and puts it into the spool. `now` dates the uplink's
  /// own ledger entries.
  package func submit(_ batch: RecordBatch, now: Timestamp) {
    var batch = batch
    let told = batch.losses.count
    endpoints.book.apply(to: &batch, now: Timestamp(seconds: now.seconds))
    ledger.add(batch.losses.suffix(batch.losses.count - told))
    save(now)
    // Without the batch's own seconds: what is told by the minute was told by the second before.
    _ = minutes.takeOver(
      at: now.seconds - Self.minuteGrace, into: &batch, rows: Self.minuteRows,
      textBytes: Self.minuteText)
    let lost = minutes.add(batch)
    if lost > 0 {
      let time = Timestamp(seconds: now.seconds)
      batch.losses.append(LossEntry(time: time, stage: .rollup, received: lost, passed: 0))
      batch.losses.append(
        LossEntry(time: time, stage: .rollup, reason: .rollupTableFull, dropped: lost))
      ledger.add(batch.losses.suffix(2))
    }
    put(&batch, now: now)
  }

  /// Takes what is seen of the host along with the next batch.
  package func tell(_ coverage: CoverageReport) {
    carried.coverage = coverage
  }

  private func save(_ now: Timestamp, atOnce: Bool = false) {
    do throws(SystemError) {
      try endpoints.save(now, atOnce: atOnce)
    } catch {
      gauges.note(error)
    }
  }

  private func put(_ batch: inout RecordBatch, now: Timestamp) {
    merge(into: &batch)
    defer { note(now) }
    let records = UInt64(batch.recordCount)
    let entries = tally.entries(stage: .uplink, time: Timestamp(seconds: now.seconds))
    batch.losses.append(contentsOf: entries)
    guard !batch.isEmpty else { return }
    ledger.add(entries)
    tally = Tally()
    tally.received = records
    do {
      let sequence = try spool.takeSequence()
      let frame = try encoder.encode(batch, sequence: sequence)
      let dropped = spool.append(frame, sequence: sequence, records: UInt32(records))
      keepMetrics(of: batch, sequence, now)
      for lost in dropped { giveUp(lost, now) }
    } catch let error as WireError {
      tally.drop(error.fault == .oversized ? .batchFull : .malformedFrame, count: records)
      carry(batch, now)
    } catch {
      tally.drop(.spoolFull, count: records)
      carry(batch, now)
    }
    report()
    wake?.yield()
  }

  /// Goes on where an earlier run was broken off: tells the minutes that it had not told, and with the
  /// next batch since when nobody looked.
  package func begin(at now: Timestamp) {
    var untold = minuteLog.recover(spool)
    var isAll = false
    while !isAll {
      var batch = RecordBatch()
      isAll = untold.takeOver(
        at: .max, into: &batch, rows: Self.minuteRows, textBytes: Self.minuteText)
      put(&batch, now: now)
    }
    guard let last = mark?.found else { return }
    let away = LifeMark.away(from: last, to: now)
    ledger.add(away)
    carried.losses += away
  }

  /// Tells the minutes that are not over: nothing will follow.
  package func finish(now: Timestamp) {
    save(now, atOnce: true)
    var isAll = false
    while !isAll {
      var batch = RecordBatch()
      isAll = minutes.takeOver(
        at: .max, into: &batch, rows: Self.minuteRows, textBytes: Self.minuteText)
      put(&batch, now: now)
    }
  }

  private func keepMetrics(of batch: borrowing RecordBatch, _ sequence: UInt64, _ now: Timestamp) {
    do throws(SystemError) {
      try minuteLog.append(batch, sequence: sequence, now: now)
    } catch {
      gauges.note(error)
    }
  }

  private func note(_ now: Timestamp) {
    do throws(SystemError) {
      try mark?.advance(to: now)
    } catch {
      gauges.note(error)
    }
  }

  /// Waits until every batch is acknowledged.
  package func waitUntilEmpty() async {
    guard spool.count > 0 else { return }
    await withCheckedContinuation { emptied.append($0) }
  }

  /// Lets go of everyone who waits for the outbox to empty.
  package func stopWaiting() {
    for waiter in emptied { waiter.resume() }
    emptied = []
  }
}

/// One connection after the other.
extension Outbox {
  /// Begins a connection: nothing is handed out until ``accept(lastSequence:checksum:agentID:)``. The stream
  /// yields when there may be something to send.
  func begin() -> AsyncStream<Void> {
    isAccepted = false
    inFlight = []
    inFlightBytes = 0
    lastHeard = .now
    let (stream, continuation) = AsyncStream.makeStream(
      of: Void.self, bufferingPolicy: .bufferingNewest(1))
    wake?.finish()
    wake = continuation
    return stream
  }

  /// Whether the server has accepted the connection that is under way.
  var isOnline: Bool { isAccepted }

  func end() {
    isAccepted = false
    wake?.finish()
    wake = nil
    gauges.update { $0.isConnected = false }
  }

  /// The server knows us and has everything up to `lastSequence`. False when that cannot be ours:
  /// another agent has our identity, and we must take a new one and connect again.
  func accept(lastSequence: UInt64, checksum: UInt32? = nil, agentID: UInt16) -> Bool {
    guard !spool.isForeign(lastSequence, checksum: checksum) else { return false }
    acknowledge(through: lastSequence)
    spool.skip(to: lastSequence)
    sent = lastSequence
    isAccepted = true
    gauges.update {
      $0.isConnected = true
      $0.agentID = agentID
    }
    wake?.yield()
    return true
  }

  /// Goes on under an identity of its own, with every batch that waits.
  func takeNewIdentity() throws(SystemError) {
    try spool.takeNewIdentity()
    gauges.update { $0.identityChanges += 1 }
  }

  /// The next frame to send; nil when there is none, or the window is full.
  func nextFrame() -> [UInt8]? {
    guard isAccepted, inFlight.isEmpty || inFlightBytes < Self.windowBytes else { return nil }
    var damaged: UInt64 = 0
    let next = spool.next(after: sent, damaged: &damaged)
    tally.drop(.spoolCorrupt, count: damaged)
    guard let next else { return nil }
    sent = next.sequence
    inFlight.append((next.sequence, next.frame.count))
    inFlightBytes += next.frame.count
    return next.frame
  }

  func heard() {
    lastHeard = .now
  }

  func acknowledge(through sequence: UInt64) {
    tally.passed += spool.removeThrough(sequence)
    let done = inFlight.prefix { $0.sequence <= sequence }
    inFlightBytes -= done.reduce(0) { $0 + $1.bytes }
    inFlight.removeFirst(done.count)
    report()
    wake?.yield()
  }

  func reject(_ reject: Reject) {
    if let records = spool.remove(reject.sequence) {
      let reason: LossReason = reject.code == .storeRefused ? .storeRefused : .malformedFrame
      tally.drop(reason, count: records)
    }
    inFlight.removeAll { flight in
      guard flight.sequence == reject.sequence else { return false }
      inFlightBytes -= flight.bytes
      return true
    }
    report()
    wake?.yield()
  }
}

extension Outbox {
  private func giveUp(_ dropped: Spool.Dropped, _ now: Timestamp) {
    tally.drop(.spoolFull, count: UInt64(dropped.records))
    guard let frame = dropped.frame else { return }
    var splitter = FrameSplitter()
    splitter.append(frame.span)
    var batch = RecordBatch()
    guard let encoded = try? splitter.next(),
      (try? opener.open(encoded, into: &batch)) != nil
    else { return }
    carry(batch, now)
  }

  /// Keeps what must not be lost with a batch's records for the next one.
  private func carry(_ batch: RecordBatch, _ now: Timestamp) {
    var all = RecordBatch()
    all.losses = carried.losses + batch.losses
    all.processes = carried.processes + batch.processes
    all.endedProcesses = carried.endedProcesses + batch.endedProcesses
    all.host = batch.host ?? carried.host
    carried = all.essence(limit: Self.carriedLimit, now: now)
  }

  private func merge(into batch: inout RecordBatch) {
    guard !carried.isEmpty else { return }
    batch.losses = carried.losses + batch.losses
    batch.processes = carried.processes + batch.processes
    batch.endedProcesses = carried.endedProcesses + batch.endedProcesses
    batch.host = batch.host ?? carried.host
    batch.coverage = carried.coverage
    carried = RecordBatch()
  }

  private func report() {
    let (bytes, batches) = (spool.bytes, spool.count)
    gauges.update {
      $0.spoolBytes = bytes
      $0.spoolBatches = batches
    }
    if batches == 0 { stopWaiting() }
  }
}
