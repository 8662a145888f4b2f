// SPDX-License-Identifier: Apache-2.0

/// Figures as people read them.
extension Report.Column {
  static func name(_ heading: String, _ column: String) -> Self {
    .init(heading: heading) { row in row[column].text.isEmpty ? "-" : row[column].text }
  }

  static func count(_ heading: String, _ column: String) -> Self {
    .init(heading: heading, isNumber: true) { row in
      row[column].number.map { shortNumber($0) } ?? "-"
    }
  }

  /// A total over so many seconds as so many a second.
  static func rate(_ heading: String, _ column: String, over seconds: Int, unit: String = "")
    -> Self
  {
    .init(heading: heading, isNumber: true) { row in
      shortNumber(row.number(column) / Double(seconds)) + unit
    }
  }

  static func bytes(_ heading: String, _ columns: String...) -> Self {
    .init(heading: heading, isNumber: true) { row in
      shortNumber(columns.reduce(0) { $0 + row.number($1) }) + "B"
    }
  }

  /// Microseconds; 0 is not measured.
  static func duration(_ heading: String, _ column: String) -> Self {
    .init(heading: heading, isNumber: true) { row in
      row.number(column) > 0 ? durationText(row.number(column)) : "-"
    }
  }

  /// One column as a share of another.
  static func share(_ heading: String, _ part: String, of whole: String) -> Self {
    .init(heading: heading, isNumber: true) { row in
      guard row.number(whole) > 0 else { return "-" }
      let percent = row.number(part) / row.number(whole) * 100
      return percent == 0 ? "0 %" : percent < 0.1 ? "<0.1 %" : decimal(percent, 1) + " %"
    }
  }

  /// Microseconds since 1970, as UTC to the millisecond.
  static func time(_ heading: String, _ column: String) -> Self {
    .init(heading: heading) { row in
      guard let value = row[column].number else { return "-" }
      return QueryResult.utcText(Int64(value) / 1_000, ticks: 1_000)
    }
  }
}

/// `0`, `12.5`, `340`, `1.2k`, `3.4M`.
func shortNumber(_ value: Double) -> String {
  for (unit, size) in [("G", 1e9), ("M", 1e6), ("k", 1e4)] where abs(value) >= size {
    return decimal(value / (unit == "k" ? 1e3 : size), 1) + unit
  }
  if value == value.rounded() { return String(Int(value)) }
  return value < 0.01 ? "<0.01" : decimal(value, value < 10 ? 2 : 1)
}

/// Microseconds in the unit that reads best.
func durationText(_ microseconds: Double) -> String {
  if microseconds >= 1e6 { return decimal(microseconds / 1e6, 2) + " s" }
  if microseconds >= 1e3 { return decimal(microseconds / 1e3, 2) + " ms" }
  return decimal(microseconds, 0) + " us"
}

/// With so many decimals, rounded.
private func decimal(_ value: Double, _ decimals: Int) -> String {
  guard value.isFinite, abs(value) < 1e15 else { return "-" }
  let scale = (0..<decimals).reduce(1) { scale, _ in scale * 10 }
  let scaled = Int((abs(value) * Double(scale)).rounded())
  let sign = value < 0 && scaled > 0 ? "-" : ""
  guard decimals > 0 else { return "\(sign)\(scaled)" }
  let rest = String(scaled % scale + scale).dropFirst()
  return "\(sign)\(scaled / scale).\(rest)"
}
