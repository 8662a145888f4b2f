// SPDX-License-Identifier: Apache-2.0

package import Telemetry

extension PacketPipeline {
  /// Does what time brings: gives up what waited too long, ends flows that fell silent, emits the
  /// intervals and the ledger of seconds that are over. Call it at least every half second of the time
  /// that packets carry.
  ///
  /// - Returns: false when the batch has the flows that it is to have at once, see
  ///   ``FlowTableLimits/flowsAtOnce``: take it, and call again soon, with this time or a later one.
  @discardableResult
  package mutating func flush(now: Timestamp) -> Bool {
    reader.engine.noteTime(now, &reader.conversations)
    reader.engine.askNow(&reader.conversations)
    assembler.expire(&streams, now: now, into: &reader)
    // Not on every flush: it walks over all that waits.
    if now - lastScan >= 200_000_000 || now < lastScan {
      lastScan = now
      reader.engine.expireCalls(of: &reader.conversations, now: now)
    }
    tell()
    guard advance(to: now) else { return false }
    if now - lastGivenBack >= 10_000_000_000 || now < lastGivenBack {
      lastGivenBack = now
      giveBack()
    }
    let isWritten = reader.engine.rollup.close(
      now: now, into: &reader.engine.batch, tally: &reader.engine.tallies.rollup)
    writeLedger(now: now)
    return isWritten
  }

  private mutating func advance(to now: Timestamp) -> Bool {
    while releaseEnded(at: now) {
      switch table.advance(to: now, into: &reader.engine.batch) {
      case .arrived: return true
      case .underway: continue
      case .full: return false
      }
    }
    return false
  }

  /// Ends all flows and emits all intervals: nothing will follow.
  ///
  /// - Returns: false when the batch is full as after a ``flush(now:)``: take it, and call again until
  ///   this is true.
  @discardableResult
  package mutating func finish(now: Timestamp) -> Bool {
    table.finish(now: now)
    guard releaseEnded(at: now), table.flush(into: &reader.engine.batch) else { return false }
    guard
      reader.engine.rollup.finish(
        into: &reader.engine.batch, tally: &reader.engine.tallies.rollup)
    else { return false }
    writeLedger(now: now + 1_000_000_000)
    return true
  }

  /// Gives back the slots of flows that ended; false when the batch is full before all are.
  private mutating func releaseEnded(at time: Timestamp) -> Bool {
    var count = 0
    while count < table.ended.count, !table.isFull(reader.engine.batch) {
      release(table.ended[count], at: time)
      count += 1
    }
    table.ended.removeFirst(count)
    return table.ended.isEmpty
  }

  mutating func release(_ slot: Int, at time: Timestamp) {
    if slot < streams.count {
      assembler.end(&streams[slot], into: &reader)
      reader.close(&streams[slot], as: .finished, at: time)
    }
    tell()
    table.release(slot, into: &reader.engine.batch)
    if slot < streams.count {
      // The assembler's list still has it.
      let isWaiting = streams[slot].isWaiting
      streams[slot] = FlowStreams()
      streams[slot].isWaiting = isWaiting
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
    tallies.append(to: &reader.engine.batch.losses, time: Timestamp(seconds: counted))
    frames = Tally()
    assembler.tally = Tally()
    reader.engine.tallies = FlowTallies()
    _ = table.takeTallies()
    ledgerSecond = second
  }
}
