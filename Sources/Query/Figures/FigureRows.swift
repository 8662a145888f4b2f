// SPDX-License-Identifier: Apache-2.0

internal import Catalog
internal import Storage
internal import Telemetry

/// Rows of figures, by key.
struct FigureRows {
  private(set) var rows: [[Value]] = []
  private let folds: [FigureRequest.Fold]
  private let keys: [Int]
  private var places: [[Value]: Int] = [:]

  init(_ folds: [FigureRequest.Fold]) {
    self.folds = folds
    keys = folds.indices.filter { folds[$0] == .key }
  }

  func key(of row: [Value]) -> [Value] { keys.map { row[$0] } }

  /// Adds rows; one whose key is there already is added to it.
  mutating func add(_ more: [[Value]]) {
    for row in more where row.count == folds.count {
      let key = key(of: row)
      if let place = places[key] {
        rows[place] = sum(rows[place], row)
      } else {
        places[key] = rows.count
        rows.append(row)
      }
    }
  }

  private func sum(_ one: [Value], _ other: [Value]) -> [Value] {
    var both = one
    for (index, fold) in folds.enumerated() {
      let (a, b) = (one[index], other[index])
      switch fold {
      case .key: break
      case .sum: both[index] = a.adding(b)
      case .most: both[index] = a.isLess(than: b) ? b : a
      case .least: both[index] = b.isLess(than: a) && b != .null ? b : a == .null ? b : a
      case .mean(let weight):
        guard let first = a.real else {
          both[index] = b
          continue
        }
        guard let second = b.real else { continue }
        let (m, n) = (one[weight].real ?? 0, other[weight].real ?? 0)
        if m + n > 0 { both[index] = .double((first * m + second * n) / (m + n)) }
      }
    }
    return both
  }
}

extension Value {
  /// Nil for what is no number.
  var real: Double? {
    switch self {
    case .int(let number): Double(number)
    case .uint(let number): Double(number)
    case .double(let number): number
    default: nil
    }
  }

  func adding(_ other: Value) -> Value {
    switch (self, other) {
    case (.null, _): other
    case (_, .null): self
    case (.uint(let a), .uint(let b)): .uint(a.addingReportingOverflow(b).overflow ? .max : a + b)
    case (.int(let a), .int(let b)): .int(a.addingReportingOverflow(b).overflow ? .max : a + b)
    default: .double((real ?? 0) + (other.real ?? 0))
    }
  }

  /// Null is less than every number.
  func isLess(than other: Value) -> Bool {
    switch (self, other) {
    case (.uint(let a), .uint(let b)): a < b
    case (.int(let a), .int(let b)): a < b
    default: (real ?? -.infinity) < (other.real ?? -.infinity)
    }
  }
}

extension FigureRequest.Speaker {
  /// Keeps of each thing's rows those of the point that speaks for it: a thing that was seen at two
  /// points must not count twice. Rows of one thing may be many, as those of a series in time.
  ///
  /// - Parameters:
  ///   - things: Where the columns of a thing's name are.
  ///   - point: The column of the observation point.
  ///   - weight: The column of how much a row saw.
  func chosen(_ rows: [[Value]], things: [Int], point: Int, weight: Int) -> [[Value]] {
    var seen: [[Value]: [String: Double]] = [:]
    for row in rows {
      guard let name = row[point].string else { continue }
      seen[things.map { row[$0] }, default: [:]][name, default: 0] += row[weight].real ?? 0
    }
    let best = seen.mapValues(speaker)
    return rows.filter { row in best[things.map { row[$0] }] == row[point].string }
  }

  /// The nearest to the end that saw at least half as much as who saw most.
  private func speaker(_ seen: [String: Double]) -> String {
    let half = (seen.values.max() ?? 0) / 2
    let able = seen.filter { $0.value >= half }.keys.sorted()
    let places = able.map { (point: $0, place: ObservationPoint.place(onTheWay: $0)) }
    let best =
      end == .client
      ? places.min { $0.place < $1.place } : places.max { $0.place < $1.place }
    return best?.point ?? ""
  }
}

/// Calls that stand in the rows a second time, under another client's name.
///
/// Who is not at the client's process cannot always tell which process called: it names the host or
/// address. Where clients that were watched made as many calls as are unclaimed, those are the same
/// calls.
struct Echoes {
  var server: Int
  var protocolName: Int
  var clientKind: Int
  var point: Int
  var weight: Int
  /// The share of a row's calls that watched clients must have made.
  static let share = 0.7
  /// Kinds of clients that are only places.
  private static let places = Set(
    (TagDeclaration.builtIn.first { $0.name == "auto_service_type" }?.values ?? []).filter {
      !ServiceEntry.Kind(rawValue: UInt8(clamping: $0.number)).isNamed
    }.map(\.name))
  private static let process = "c-p"

  private struct Group: Hashable {
    var server: Value
    var protocolName: Value
    var point: String
  }

  func leftOut(of rows: [[Value]]) -> [[Value]] {
    var named: [Group: Double] = [:]
    for row in rows where isNamed(row) {
      named[group(row), default: 0] += row[weight].real ?? 0
    }
    return rows.filter { row in
      if isNamed(row) || row[point].string == Self.process { return true }
      var atProcess = group(row)
      atProcess.point = Self.process
      let claimed = (named[atProcess] ?? 0) - (named[group(row)] ?? 0)
      return claimed < (row[weight].real ?? 0) * Self.share
    }
  }

  private func isNamed(_ row: [Value]) -> Bool {
    row[clientKind].string.map { !Self.places.contains($0) } ?? false
  }

  private func group(_ row: [Value]) -> Group {
    Group(
      server: row[server], protocolName: row[protocolName], point: row[point].string ?? "")
  }
}
