// SPDX-License-Identifier: Apache-2.0

// The dialect's text of what was parsed: parsing it again gives the same value.

extension Expression: CustomStringConvertible {
  package var description: String {
    switch kind {
    case .integer(let value): "\(value)"
    case .decimal(let value): "\(value)"
    case .string(let text): Self.quote(text)
    case .name(let name): Self.quoteName(name)
    case .star: "*"
    case .call(let name, let arguments): name + "(" + Self.list(arguments) + ")"
    case .not(let operand): "NOT (\(operand))"
    case .negated(let operand): "-(\(operand))"
    case .binary(let name, let left, let right): "(\(left)) \(name.rawValue) (\(right))"
    case .isIn(let values, let operand, let negated):
      "(\(operand)) \(negated ? "NOT " : "")IN (\(Self.list(values)))"
    case .between(let operand, let low, let high, let negated):
      "(\(operand)) \(negated ? "NOT " : "")BETWEEN (\(low)) AND (\(high))"
    case .isNull(let operand, let negated): "(\(operand)) IS \(negated ? "NOT " : "")NULL"
    }
  }

  private static func list(_ expressions: [Expression]) -> String {
    expressions.map(\.description).joined(separator: ", ")
  }

  static func quote(_ text: String) -> String {
    var quoted = "'"
    for scalar in text.unicodeScalars {
      switch scalar {
      case "'": quoted += "''"
      case "\\": quoted += "\\\\"
      case "\0": quoted += "\\0"
      default: quoted.unicodeScalars.append(scalar)
      }
    }
    return quoted + "'"
  }

  static func quoteName(_ name: String) -> String {
    var quoted = "`"
    for scalar in name.unicodeScalars {
      if scalar == "`" { quoted += "`" }
      quoted.unicodeScalars.append(scalar)
    }
    return quoted + "`"
  }
}

extension Statement: CustomStringConvertible {
  package var description: String {
    switch self {
    case .select(let select): select.description
    case .show(let show): show.description
    }
  }
}

extension SelectStatement: CustomStringConvertible {
  package var description: String {
    let columns = items.map { item in
      item.expression.description
        + (item.alias.map { " AS " + Expression.quoteName($0.text) } ?? "")
    }
    var text = "SELECT " + (isDistinct ? "DISTINCT " : "") + columns.joined(separator: ", ")
    text += " FROM " + Expression.quoteName(table.text)
    if let condition { text += " WHERE \(condition)" }
    if !grouping.isEmpty {
      text += " GROUP BY " + grouping.map(\.description).joined(separator: ", ")
    }
    if let having { text += " HAVING \(having)" }
    text += order.text
    if let seriesLimit {
      text += " SLIMIT \(seriesLimit.series)"
      if let order = seriesLimit.order { text += " SORDER BY \(order)" }
    }
    return text + (limit?.description ?? "")
  }
}

extension SelectStatement.Order: CustomStringConvertible {
  package var description: String { "\(expression)\(descending ? " DESC" : "")" }
}

extension [SelectStatement.Order] {
  /// With its keywords; empty for no order.
  fileprivate var text: String {
    isEmpty ? "" : " ORDER BY " + map(\.description).joined(separator: ", ")
  }
}

extension Limit: CustomStringConvertible {
  package var description: String {
    " LIMIT \(rows)" + (skipped == 0 ? "" : " OFFSET \(skipped)")
  }
}

extension ShowStatement: CustomStringConvertible {
  package var description: String {
    func from(_ name: Name?) -> String {
      name.map { " FROM " + Expression.quoteName($0.text) } ?? ""
    }
    var text =
      switch subject {
      case .databases: "SHOW DATABASES"
      case .tables(let database): "SHOW TABLES" + from(database)
      case .tags(let table): "SHOW TAGS" + from(table)
      case .columns(let table): "SHOW COLUMNS" + from(table)
      case .tagValues(let tag, let table):
        "SHOW TAG \(Expression.quoteName(tag.text)) VALUES" + from(table)
      case .metrics(let table): "SHOW METRICS" + from(table)
      case .functions: "SHOW FUNCTIONS"
      case .enumeration(let tag): "SHOW ENUM \(Expression.quoteName(tag.text)) VALUES"
      }
    if let condition { text += " WHERE \(condition)" }
    return text + order.text + (limit?.description ?? "")
  }
}
