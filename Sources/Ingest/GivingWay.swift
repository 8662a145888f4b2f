// SPDX-License-Identifier: Apache-2.0

/// Keeps the store from taking the processors that the host's services want: while they do, it rests
/// four times as long as the rows before took, and segments wait in the journal.
///
/// The waits are bounded: each by ``longest``, all together by ``oldest``, so that whoever asks on a busy
/// host still sees what happened, and by the journal's room, of which a quarter may be used for them.
/// What waits is caught up with when the host is less busy.
struct GivingWay: Sendable {
  static let restShare = 4.0
  static let longest = 4.0
  /// Seconds that a segment waits before the store rests no more.
  static let oldest = 15.0

  private let journal: Journal
  private let ledger: IngestLedger
  private let isOn: Bool
  private let read: @Sendable () -> HostLoad.Ticks?
  private var load = HostLoad()
  private var began = ContinuousClock.now

  init(
    journal: Journal, ledger: IngestLedger, isOn: Bool,
    read: @escaping @Sendable () -> HostLoad.Ticks? = { HostLoad.read() }
  ) {
    self.journal = journal
    self.ledger = ledger
    self.isOn = isOn
    self.read = read
  }

  /// To be called when work begins.
  mutating func begin(at time: ContinuousClock.Instant = .now) {
    began = time
    if isOn { load.take(read()) }
  }

  /// Rests after the work since ``begin()``, if the host is busy and the journal has room.
  ///
  /// - Parameter sealed: when the segment that was stored last had been written.
  mutating func rest(after sealed: ContinuousClock.Instant) async {
    guard isOn else { return }
    load.take(read())
    let worked = (ContinuousClock.now - began) / .seconds(1)
    let behind = (ContinuousClock.now - sealed) / .seconds(1)
    var left = min(worked * Self.restShare, Self.longest, Self.oldest - behind)
    // In short steps, so that a host that is no longer busy, or a stop, is noticed.
    while left > 0, load.isBusy, journal.mayWait, !Task.isCancelled {
      let step = min(left, 0.25)
      try? await Task.sleep(for: .seconds(step))
      left -= step
      ledger.count { $0.millisecondsGivenWay += UInt64(step * 1_000) }
      load.take(read())
    }
  }
}
