// SPDX-License-Identifier: Apache-2.0

/// What threads had to serve at a time. One that serves several requests in turns may do for one what
/// looks as if it were for another.
struct ThreadLoad {
  private struct Key: Hashable {
    var process: TraceProcess
    var thread: UInt64
  }

  private struct Served {
    var start: Int64
    var end: Int64
    var call: Int
    /// The latest end of this one and those that began before it.
    var latestEnd: Int64
  }

  /// In the order of their starts.
  private var served: [Key: [Served]] = [:]

  private let isWhole: Bool

  /// - Parameter isWhole: Whether all is known that the processes of the calls served meanwhile.
  init(_ calls: [TraceCall], isWhole: Bool) {
    self.isWhole = isWhole
    for (index, call) in calls.enumerated() {
      guard let record = call.served, let process = record.callee, record.servant.thread != 0 else {
        continue
      }
      served[Key(process: process, thread: record.servant.thread), default: []].append(
        Served(start: record.start, end: record.end, call: index, latestEnd: record.end))
    }
    for key in Array(served.keys) {
      served[key]?.sort { ($0.start, $0.call) < ($1.start, $1.call) }
      var latest = Int64.min
      for index in served[key, default: []].indices {
        latest = max(latest, served[key]?[index].end ?? latest)
        served[key]?[index].latestEnd = latest
      }
    }
  }

  /// Whether the thread that read `request` also made the call at `index`, and had no other request to
  /// serve meanwhile.
  func isAlone(_ request: Int, _ calls: [TraceCall], during index: Int) -> Bool {
    guard isWhole, let record = calls[request].served, let process = record.callee,
      let made = calls[index].made, made.maker.thread == record.servant.thread,
      let all = served[Key(process: process, thread: record.servant.thread)]
    else { return false }
    var next = all.partitioningIndex { $0.start > made.end }
    while next > 0, all[next - 1].latestEnd >= made.start {
      next -= 1
      if all[next].call != request, all[next].end >= made.start { return false }
    }
    return true
  }
}

extension Array {
  /// The first place from which on `isBehind` holds, of elements that are parted by it.
  func partitioningIndex(_ isBehind: (Element) -> Bool) -> Int {
    var (low, high) = (0, count)
    while low < high {
      let middle = low + (high - low) / 2
      if isBehind(self[middle]) { high = middle } else { low = middle + 1 }
    }
    return low
  }
}
