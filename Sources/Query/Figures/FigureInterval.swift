// SPDX-License-Identifier: Apache-2.0

internal import Telemetry

/// A stretch of time that figures are asked for, and the moment of the request; seconds since 1970.
package struct FigureRange: Hashable, Sendable {
  /// Both ends included.
  package var time: ClosedRange<Int64>
  package var now: Int64

  package init(_ time: ClosedRange<Int64>, now: Int64) {
    self.time = time
    self.now = now
  }

  /// A part of the range, and the tables that it is read from.
  package struct Part: Hashable, Sendable {
    package var precision: TableScope.Precision
    package var time: ClosedRange<Int64>
  }

  /// Which rows tell of a range.
  package var precision: TableScope.Precision { .fitting(time, now: now) }

  /// Seconds after a minute's end at which its rows are there for certain.
  private static let late: Int64 = 120

  /// What is read: a range of minutes ends with those that have no such rows yet, which the rows of
  /// seconds tell. Else "last 24 h" would have less than "last hour".
  package var parts: [Part] {
    guard precision == .minute else { return [Part(precision: .second, time: time)] }
    let cut = (now - Self.late) / 60 * 60
    guard time.upperBound >= cut else { return [Part(precision: .minute, time: time)] }
    let latest = Part(
      precision: .second, time: max(cut, time.lowerBound)...time.upperBound)
    guard cut > time.lowerBound else { return [latest] }
    return [Part(precision: .minute, time: time.lowerBound...(cut - 1)), latest]
  }
}

extension TableScope.Precision {
  /// Seconds that a range may have which is read from the rows of seconds.
  private static let longest: Int64 = 6 * 3_600

  /// The rows that tell of a range: those of seconds, where it is short and they are still kept.
  package static func fitting(_ time: ClosedRange<Int64>, now: Int64) -> Self {
    let kept = Int64(TableDeclaration.applicationMapSecond.retentionHours - 1) * 3_600
    let isShort = time.upperBound - time.lowerBound <= longest
    return isShort && time.lowerBound > now - kept ? .second : .minute
  }

  /// Seconds of an interval.
  package var seconds: Int64 { self == .second ? 1 : 60 }
}
