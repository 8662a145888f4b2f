// SPDX-License-Identifier: Apache-2.0

extension QueryAnswer {
  /// The rows as text that ends in a newline.
  func rendered(as format: OutputFormat) -> String {
    switch format {
    case .table: result.table()
    case .csv: result.csv()
    case .json: result.json()
    }
  }
}

extension QueryResult {
  /// The rows under their columns, and how many there are. Cells are cut at 60 characters.
  func table() -> String {
    let cells = values.map { row in
      row.enumerated().map { index, cell in timeText(cell, column: index) ?? cell.text }
    }
    let isNumber = columns.indices.map { index in
      values.allSatisfy { index < $0.count && ($0[index].isNumber || $0[index] == .null) }
    }
    return aligned(columns, cells, isNumber: isNumber)
      + "(\(values.count) row\(values.count == 1 ? "" : "s"))\n"
  }

  /// A point in time as UTC text; nil for other cells.
  private func timeText(_ cell: Cell, column: Int) -> String? {
    guard case .integer(let value) = cell, let ticks = ticks(column) else { return nil }
    return Self.utcText(value, ticks: ticks)
  }

  /// RFC 4180, with a header line.
  func csv() -> String {
    ([columns] + values.map { $0.map(\.text) })
      .map { row in row.map(Self.quoted).joined(separator: ",") + "\r\n" }
      .joined()
  }

  /// One JSON object a row and line, keyed by column.
  func json() -> String {
    values.map { row in
      let pairs = zip(columns, row).map { "\(Self.jsonText($0)):\(Self.json($1))" }
      return "{" + pairs.joined(separator: ",") + "}\n"
    }.joined()
  }

  /// `2026-01-31 12:00:00` with as many decimals as `ticks` has zeros.
  static func utcText(_ value: Int64, ticks: Int64) -> String {
    let (seconds, rest) = value.quotientAndRemainder(dividingBy: ticks)
    let (days, second) = seconds.quotientAndRemainder(dividingBy: 86_400)
    let (year, month, day) = civil(days)
    func two(_ number: Int64) -> String { number < 10 ? "0\(number)" : "\(number)" }
    let date = "\(year)-\(two(month))-\(two(day))"
    let time = "\(two(second / 3_600)):\(two(second / 60 % 60)):\(two(second % 60))"
    guard ticks > 1 else { return date + " " + time }
    return date + " " + time + "." + String(rest + ticks).dropFirst()
  }

  /// Days since 1970-01-01 to the proleptic Gregorian date; 400 years are 146,097 days.
  private static func civil(_ days: Int64) -> (year: Int64, month: Int64, day: Int64) {
    let shifted = days + 719_468
    let era = shifted / 146_097
    let dayOfEra = shifted % 146_097
    let year = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * year + year / 4 - year / 100)
    let month = (5 * dayOfYear + 2) / 153
    let day = dayOfYear - (153 * month + 2) / 5 + 1
    let isNextYear = month >= 10
    return (year + era * 400 + (isNextYear ? 1 : 0), isNextYear ? month - 9 : month + 3, day)
  }

  private static func quoted(_ field: String) -> String {
    guard field.contains(where: { $0 == "," || $0 == "\"" || $0.isNewline }) else { return field }
    return "\""
      + field.split(separator: "\"", omittingEmptySubsequences: false)
      .joined(separator: "\"\"") + "\""
  }

  private static func json(_ cell: Cell) -> String {
    switch cell {
    case .null: "null"
    case .integer, .unsigned, .real: cell.text
    case .text(let text): jsonText(text)
    case .list(let cells): "[" + cells.map(json).joined(separator: ",") + "]"
    }
  }

  private static func jsonText(_ text: String) -> String {
    var escaped = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": escaped += "\\\""
      case "\\": escaped += "\\\\"
      case "\n": escaped += "\\n"
      case "\r": escaped += "\\r"
      case "\t": escaped += "\\t"
      case "\u{0}"..<"\u{20}":
        let digits = String(scalar.value, radix: 16)
        escaped += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: escaped.unicodeScalars.append(scalar)
      }
    }
    return escaped + "\""
  }
}

/// A table: columns as wide as their widest cell, numbers to the right.
///
/// - Parameter widest: Characters of a cell at most.
func aligned(
  _ headings: [String], _ rows: [[String]], isNumber: [Bool], widest: Int = 60
) -> String {
  let rows = rows.map { row in row.map { cut($0, widest) } }
  let widths = headings.indices.map { index in
    rows.reduce(headings[index].count) { max($0, $1[index].count) }
  }
  func line(_ row: [String]) -> String {
    let padded = row.indices.map { index in
      let gap = String(repeating: " ", count: widths[index] - row[index].count)
      return isNumber[index] ? gap + row[index] : row[index] + gap
    }
    var text = padded.joined(separator: "  ")
    while text.last == " " { text.removeLast() }
    return text + "\n"
  }
  let rule = widths.map { String(repeating: "-", count: $0) }.joined(separator: "  ")
  return line(headings) + rule + "\n" + rows.map(line).joined()
}

/// One line of at most so many characters. What would steer a terminal is not let through.
private func cut(_ text: String, _ widest: Int) -> String {
  let line = String(
    text.unicodeScalars.map { $0.properties.generalCategory == .control ? " " : Character($0) })
  return line.count > widest ? line.prefix(widest - 3) + "..." : line
}
