// SPDX-License-Identifier: Apache-2.0

package import Telemetry

/// A stretch of time that figures are asked for, and the moment of the request; seconds since 1970.
package struct FigureRange: Hashable, Sendable {
  /// Both ends included.
  package var time: ClosedRange<Int64>
  package var now: Int64
  /// How long rows are kept.
  package var kept: RetentionHours

  package init(
    _ time: ClosedRange<Int64>, now: Int64, kept: RetentionHours = RetentionHours()
  ) {
    self.time = time
    self.now = now
    self.kept = kept
  }

  /// A part of the range, and the tables that it is read from.
  package struct Part: Hashable, Sendable {
    package var precision: TableScope.Precision
    package var time: ClosedRange<Int64>
  }

  /// Which rows tell of a range.
  package var precision: TableScope.Precision { .fitting(time, now: now, kept: kept) }

  /// Seconds after the end of an interval at which its rows are there for certain.
  private static let late: Int64 = 120

  /// What is read: as much as can be from the coarsest rows that tell of it, and what is left at the
  /// ends from finer ones. The last intervals have no such rows yet; without them "last 24 h" would have
  /// less than "last hour".
  ///
  /// - Parameter step: Seconds of the intervals that are asked for; nil for one sum.
  package func parts(step: Int64? = nil) -> [Part] {
    parts(time, .fitting(time, now: now, step: step, kept: kept))
  }

  private func parts(
    _ time: ClosedRange<Int64>, _ precision: TableScope.Precision
  ) -> [Part] {
    guard let finer = precision.finer else { return [Part(precision: precision, time: time)] }
    let (unit, settled) = (
      precision.seconds, (now - Self.late) / precision.seconds * precision.seconds
    )
    let isMinute = precision == .minute
    // A minute that is cut is told by where it begins.
    let first = isMinute ? time.lowerBound : (time.lowerBound + unit - 1) / unit * unit
    let end = min(settled, isMinute ? time.upperBound + 1 : (time.upperBound + 1) / unit * unit)
    let hasFiner = time.lowerBound >= now - finer.keptSeconds(kept)
    guard first < end else {
      return hasFiner ? parts(time, finer) : [Part(precision: precision, time: time)]
    }
    var found: [Part] = []
    if time.lowerBound < first, hasFiner { found += parts(time.lowerBound...(first - 1), finer) }
    found.append(Part(precision: precision, time: first...(end - 1)))
    if end <= time.upperBound { found += parts(end...time.upperBound, finer) }
    return found
  }
}

extension TableScope.Precision {
  /// Seconds of an interval.
  package var seconds: Int64 {
    switch self {
    case .second: 1
    case .minute: 60
    case .hour: 3_600
    case .day: 86_400
    }
  }

  /// The next shorter interval; nil for the shortest.
  var finer: Self? {
    switch self {
    case .second: nil
    case .minute: .second
    case .hour: .minute
    case .day: .hour
    }
  }

  /// Seconds that a range may have which is read from these rows, unless it is told in shorter steps
  /// than the next longer interval's.
  private var longest: Int64 {
    switch self {
    case .second: 6 * 3_600
    case .minute: 2 * 86_400
    case .hour: 60 * 86_400
    case .day: .max
    }
  }

  /// How long rows of the interval are kept: those of the pairs, as of all.
  func keptSeconds(_ kept: RetentionHours) -> Int64 {
    let name = "application_map." + rawValue
    let table = TableDeclaration.builtIn.first { $0.name == name }
    return table.map { Int64(kept[$0]) * 3_600 } ?? 0
  }

  /// The coarsest rows that tell of a range well enough and are still kept.
  ///
  /// - Parameter step: Seconds of the intervals that are asked for; nil for one sum.
  package static func fitting(
    _ time: ClosedRange<Int64>, now: Int64, step: Int64? = nil,
    kept: RetentionHours = RetentionHours()
  ) -> Self {
    let length = time.upperBound - time.lowerBound
    // The first rows of seconds go while they are being read.
    let oldest = now - Self.second.keptSeconds(kept) + 3_600
    if length <= Self.second.longest && time.lowerBound > oldest { return .second }
    for (precision, next) in [(Self.minute, Self.hour), (.hour, .day)] {
      let isWanted = length <= precision.longest || step.map { $0 < next.seconds } == true
      if isWanted, time.lowerBound >= now - precision.keptSeconds(kept) { return precision }
    }
    return .day
  }
}
