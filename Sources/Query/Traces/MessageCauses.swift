// SPDX-License-Identifier: Apache-2.0

/// Which call handed a message to a broker that another call brings.
struct MessageCauses {
  private struct Sent {
    var call: Int
    var numbers: ClosedRange<Int64>
  }

  private let calls: [TraceCall]
  private let starts: [Int64]
  private let isWhole: Bool
  private var byKey: [String: [Int]] = [:]
  /// In the order of their first numbers.
  private var byLog: [String: [Sent]] = [:]

  init(_ calls: [TraceCall], clocks: HostClocks, isWhole: Bool) {
    self.calls = calls
    self.isWhole = isWhole
    starts = calls.map { clocks.start($0.outer) }
    for (index, call) in calls.enumerated() {
      guard let message = call.message, message.way == .sent else { continue }
      for key in Set(message.keys) {
        byKey[call.outer.text.application + key, default: []].append(index)
      }
      if let run = message.run {
        byLog[run.log, default: []].append(Sent(call: index, numbers: run.numbers))
      }
    }
    for log in Array(byLog.keys) {
      byLog[log]?.sort { ($0.numbers.lowerBound, $0.call) < ($1.numbers.lowerBound, $1.call) }
    }
  }

  /// What brought about the call at `index`, which brings a message; nil where it was not seen, or where
  /// what it brings was sent by several.
  func cause(of index: Int) -> TraceCause? {
    guard let message = calls[index].message, message.way == .received else { return nil }
    for key in message.keys {
      let sent = byKey[calls[index].outer.text.application + key] ?? []
      guard let last = latest(sent, before: index) else { continue }
      return cause(last, of: sent.count, "it brings the message that the other one sent: \(key)")
    }
    guard let run = message.run else { return nil }
    let sent = (byLog[run.log] ?? []).filter { $0.numbers.overlaps(run.numbers) }
    let all = Set(sent.map(\.call))
    guard let first = sent.first else { return nil }
    let numbers = sent.map(\.numbers).map { $0.clamped(to: run.numbers) }
    let known = Set(numbers).reduce(0) { $0 + Int(clamping: $1.upperBound - $1.lowerBound) + 1 }
    let wanted = Int(clamping: run.numbers.upperBound - run.numbers.lowerBound) + 1
    let what =
      "it brings what the other one sent: topic \(run.log), offset \(numbers[0].lowerBound)"
    // Of messages of several senders, or of some that were not seen, none is the one.
    guard all.count == 1 else { return nil }
    guard known < wanted else { return cause(first.call, of: 1, what) }
    return TraceCause(
      parent: first.call,
      evidence: [
        TraceEvidence(
          .message, what + ", and \(wanted - known) messages that others sent or were not seen",
          0.7)
      ], confidence: 0.7)
  }

  /// The one that was sent last before the call, or else the nearest after it: clocks differ.
  private func latest(_ sent: [Int], before index: Int) -> Int? {
    let start = starts[index]
    let others = sent.filter { $0 != index }
    let before = others.filter { starts[$0] <= start }
    return before.max { (starts[$0], calls[$0].id) < (starts[$1], calls[$1].id) }
      ?? others.min { (starts[$0], calls[$0].id) < (starts[$1], calls[$1].id) }
  }

  private func cause(_ parent: Int, of count: Int, _ about: String) -> TraceCause {
    let sure = count > 1 ? 0.8 : isWhole ? 1 : 0.9
    var evidence = [TraceEvidence(.message, about, sure)]
    if count > 1 {
      evidence.append(
        TraceEvidence(.time, "of \(count) that sent such, the one that began last", 0))
    }
    return TraceCause(parent: parent, evidence: evidence, confidence: sure)
  }
}
