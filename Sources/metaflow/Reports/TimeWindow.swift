// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Glibc

/// A stretch of time as people write it.
struct Span: ExpressibleByArgument, CustomStringConvertible {
  let seconds: Int

  init(seconds: Int) { self.seconds = seconds }

  init?(argument: String) {
    let units: [Character: Int] = ["s": 1, "m": 60, "h": 3_600, "d": 86_400]
    guard let last = argument.last, let unit = units[last],
      let count = Int(argument.dropLast()), (1...1_000_000).contains(count)
    else { return nil }
    seconds = count * unit
  }

  var description: String {
    for (unit, size) in [("d", 86_400), ("h", 3_600), ("m", 60)] where seconds % size == 0 {
      return "\(seconds / size)\(unit)"
    }
    return "\(seconds)s"
  }

  var defaultValueDescription: String { description }
}

/// A point in time as people write it: a date with or without a time of day, in UTC; seconds since
/// 1970; or how long ago, such as `2h`.
struct Moment: ExpressibleByArgument {
  /// Seconds since 1970.
  let seconds: Int64

  init?(argument: String) {
    if let span = Span(argument: argument) {
      seconds = Self.now - Int64(span.seconds)
    } else if argument.utf8.count >= 8, let number = Int64(argument), number > 0 {
      seconds = number
    } else if let number = Self.date(argument) {
      seconds = number
    } else {
      return nil
    }
  }

  /// By this host's clock.
  static var now: Int64 { Int64(time(nil)) }

  /// `2026-11-23`, `2026-11-23 02:00`, `2026-11-23T02:00:00Z`.
  private static func date(_ text: String) -> Int64? {
    let text = text.hasSuffix("Z") ? text.dropLast() : text[...]
    let parts = text.split(maxSplits: 1) { $0 == " " || $0 == "T" }
    guard let day = parts.first else { return nil }
    let numbers = day.split(separator: "-", omittingEmptySubsequences: false).map { Int($0) }
    guard numbers.count == 3, let year = numbers[0], let month = numbers[1], let date = numbers[2],
      (1970...2105).contains(year), (1...12).contains(month), (1...31).contains(date)
    else { return nil }
    var clock = [0, 0, 0]
    if parts.count == 2 {
      let given = parts[1].split(separator: ":", omittingEmptySubsequences: false).map { Int($0) }
      guard (2...3).contains(given.count) else { return nil }
      for (index, part) in given.enumerated() {
        guard let part, (0..<(index == 0 ? 24 : 60)).contains(part) else { return nil }
        clock[index] = part
      }
    }
    guard let days = days(year, month, date) else { return nil }
    return Int64(days * 86_400 + clock[0] * 3_600 + clock[1] * 60 + clock[2])
  }

  /// Days since 1970-01-01; nil for a day that its month has not.
  private static func days(_ year: Int, _ month: Int, _ date: Int) -> Int? {
    func isLeap(_ year: Int) -> Bool { year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) }
    let lengths = [31, isLeap(year) ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
    guard date <= lengths[month - 1] else { return nil }
    let years = (1970..<year).reduce(0) { $0 + (isLeap($1) ? 366 : 365) }
    return years + lengths[..<(month - 1)].reduce(0, +) + date - 1
  }
}

/// What stretch of time a report is about.
struct TimeWindow: ParsableArguments {
  @Option(name: .long, help: "How far back to look: 30s, 15m, 2h or 1d (default: 15m).")
  var last: Span?

  @Option(
    name: .long,
    help: ArgumentHelp(
      "Begin here: '2026-11-23 02:00:00' (UTC), seconds since 1970, or how long ago (2h).",
      valueName: "time"))
  var from: Moment?

  @Option(
    name: .long,
    help: ArgumentHelp("End here, the end left out; as --from (default: now).", valueName: "time"))
  var to: Moment?

  func validate() throws {
    guard last == nil || from == nil else {
      throw ValidationError("--last and --from both say where to begin; give one of them")
    }
    guard start < end else {
      throw ValidationError("--from must be before --to, and not in the future")
    }
  }

  /// What is looked back over when nobody says how far.
  private static let usual = Span(seconds: 900)

  private var end: Int64 { to?.seconds ?? Moment.now }
  private var start: Int64 {
    from?.seconds ?? end - Int64((last ?? Self.usual).seconds)
  }

  /// Whether the window moves with the clock.
  var isRelative: Bool { from == nil && to == nil }

  var seconds: Int { Int(max(1, end - start)) }

  /// The window as the dialect's condition. One that moves goes by the server's clock.
  var condition: String {
    if isRelative { return "time >= now() - \(seconds)" }
    let first = "time >= \(start)"
    return to == nil ? first : first + " AND time < \(end)"
  }

  /// The window as parameters of `GET /v1/calls`, where both ends are in it.
  var parameters: [(String, String?)] {
    if isRelative { return [("last", "\(seconds)")] }
    return [("from", "\(start)"), ("to", to.map { "\($0.seconds - 1)" })]
  }

  /// The window as members of `POST /v1/figures`, where both ends are in it.
  var bounds: (from: Int64?, to: Int64?, last: Int?) {
    if isRelative { return (nil, nil, seconds) }
    return (start, to.map { $0.seconds - 1 }, nil)
  }

  /// Behind "Nothing".
  var text: String {
    if isRelative { return "in the last \(last ?? Self.usual)" }
    let begin = QueryResult.utcText(start, ticks: 1)
    return "from \(begin) to \(to == nil ? "now" : QueryResult.utcText(end, ticks: 1)) (UTC)"
  }
}
