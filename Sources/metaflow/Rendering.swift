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
  /// Columns as wide as their widest cell, numbers to the right. Cells are cut at 60 characters.
  func table() -> String {
    let cells = values.map { row in row.map { Self.cut($0.text) } }
    var widths = columns.map(\.count)
    for row in cells {
      for (index, cell) in row.enumerated() where index < widths.count {
        widths[index] = max(widths[index], cell.count)
      }
    }
    let isNumber = columns.indices.map { index in
      values.allSatisfy { index < $0.count && ($0[index].isNumber || $0[index] == .null) }
    }
    func line(_ row: [String]) -> String {
      let padded = row.indices.map { index in
        let gap = String(repeating: " ", count: max(0, widths[index] - row[index].count))
        return isNumber[index] ? gap + row[index] : row[index] + gap
      }
      var text = padded.joined(separator: "  ")
      while text.last == " " { text.removeLast() }
      return text + "\n"
    }
    let rule = widths.map { String(repeating: "-", count: $0) }.joined(separator: "  ")
    let count = "(\(values.count) row\(values.count == 1 ? "" : "s"))\n"
    return line(columns) + rule + "\n" + cells.map(line).joined() + count
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

  private static func cut(_ text: String) -> String {
    let line = String(text.map { $0.isNewline || $0 == "\t" ? " " : $0 })
    return line.count > 60 ? line.prefix(57) + "..." : line
  }

  private static func quoted(_ field: String) -> String {
    guard field.contains(where: { $0 == "," || $0 == "\"" || $0.isNewline }) else { return field }
    return "\"" + field.split(separator: "\"", omittingEmptySubsequences: false)
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
