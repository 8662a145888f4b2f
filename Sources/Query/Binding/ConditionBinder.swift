// SPDX-License-Identifier: Apache-2.0

internal import Bytes
internal import Telemetry

/// WHERE: conditions on rows.
extension TableScope {
  /// `expression` as the engine's condition.
  func condition(_ expression: Expression) throws(QueryError) -> EngineSQL {
    switch expression.kind {
    case .binary(.and, let left, let right):
      return "(\(try condition(left)) AND \(try condition(right)))"
    case .binary(.or, let left, let right):
      return "(\(try condition(left)) OR \(try condition(right)))"
    case .not(let inner):
      return "NOT (\(try condition(inner)))"
    case .call("if", _), .integer:
      return try scalar(expression, at: .rows).sql
    default:
      guard let test = try ValueTest(expression) else {
        throw QueryError(
          .misuse, "expected a condition such as server_port = 80", at: expression.offset)
      }
      return try condition(test)
    }
  }

  private func condition(_ test: ValueTest) throws(QueryError) -> EngineSQL {
    if case .name(let name) = test.subject.kind {
      switch try meaning(name, at: test.subject.offset) {
      case .tag(let tag):
        return try condition(test, on: tag)
      case .eitherSide(let tags):
        var positive = test
        positive.isNegated = false
        let left = try condition(positive, on: tags[0])
        let right = try condition(positive, on: tags[1])
        return test.isNegated ? "NOT (\(left) OR \(right))" : "(\(left) OR \(right))"
      case .metric, .column:
        break
      }
    }
    let subject = try scalar(test.subject, at: .rows)
    return try test.rendered(over: subject) { expression throws(QueryError) in
      try scalar(expression, at: .rows)
    }
  }

  private func condition(_ test: ValueTest, on tag: BoundTag) throws(QueryError) -> EngineSQL {
    if tag.isDecoded { return try tagSetCondition(test, on: tag) }
    switch tag.declaration.kind {
    case .enumeration:
      return try test.rendered(over: shown(tag, at: .rows)) { expression throws(QueryError) in
        try enumerationValue(expression, of: tag)
      }
    case .bits:
      return try bitCondition(test, on: tag)
    case .linkAddress:
      return try linkAddressCondition(test, on: tag)
    case .address:
      return try addressCondition(test, column: "\(tag.column)")
    case .time:
      return try timeCondition(test, on: tag)
    default:
      return try test.rendered(over: shown(tag, at: .rows)) { expression throws(QueryError) in
        try scalar(expression, at: .rows)
      }
    }
  }

  /// A number of an enumeration, by number or by name.
  private func enumerationValue(
    _ expression: Expression, of tag: BoundTag
  ) throws(QueryError) -> Scalar {
    guard case .text(let text)? = Constant(expression), Int64(text) == nil else {
      return try scalar(expression, at: .rows)
    }
    let known = tag.enumerationValues(directory)
    let exact = known.first { $0.name == text }
    let wanted = text.lowercased()
    if let value = exact ?? known.first(where: { $0.name.lowercased() == wanted }) {
      return Scalar(sql: "\(value.number)", type: .integer)
    }
    // No agent has said yet what it can read, so no row has any value.
    guard !known.isEmpty else { return Scalar(sql: "-1", type: .integer) }
    throw QueryError(
      .unknownName, "\(tag.name) has no value '\(text)'", at: expression.offset,
      suggestions: NearestNames.of(text, in: known.map(\.name)))
  }

  /// A bit by its name is looked for among the others; numbers compare as they are.
  private func bitCondition(
    _ test: ValueTest, on tag: BoundTag
  ) throws(QueryError) -> EngineSQL {
    if case .isOneOf(let values) = test.operation, values.count == 1,
      case .text(let text)? = Constant(values[0]), Int64(text) == nil
    {
      let bit = try enumerationValue(values[0], of: tag).sql
      let set: EngineSQL = "bitAnd(\(tag.value), \(bit)) != 0"
      return test.isNegated ? "NOT (\(set))" : set
    }
    return try test.rendered(over: shown(tag, at: .rows)) { expression throws(QueryError) in
      try scalar(expression, at: .rows)
    }
  }

  /// Link addresses compare as numbers; patterns see their text.
  private func linkAddressCondition(
    _ test: ValueTest, on tag: BoundTag
  ) throws(QueryError) -> EngineSQL {
    switch test.operation {
    case .like, .regexp:
      return try test.rendered(over: shown(tag, at: .rows)) { expression throws(QueryError) in
        try scalar(expression, at: .rows)
      }
    default:
      let subject = Scalar(sql: "\(tag.column)", type: .integer)
      return try test.rendered(over: subject) { expression throws(QueryError) in
        guard case .text(let text)? = Constant(expression), let address = LinkAddress(text: text)
        else {
          throw QueryError(
            .misuse, "expected a link address such as '02:42:ac:11:00:02'", at: expression.offset)
        }
        return Scalar(sql: "\(address.value)", type: .integer)
      }
    }
  }

  /// Addresses compare as addresses; patterns see their text.
  func addressCondition(
    _ test: ValueTest, column: EngineSQL
  ) throws(QueryError) -> EngineSQL {
    switch test.operation {
    case .like, .regexp:
      let text = Scalar(sql: Self.text(ofAddress: column), type: .text)
      return try test.rendered(over: text) { expression throws(QueryError) in
        try scalar(expression, at: .rows)
      }
    default:
      let subject = Scalar(sql: column, type: .text)
      return try test.rendered(over: subject) { expression throws(QueryError) in
        guard case .text(let text)? = Constant(expression), let address = IPAddress(text) else {
          throw QueryError(
            .misuse, "expected an address such as '10.0.0.1'", at: expression.offset)
        }
        return Scalar(sql: "toIPv6(\(literal: address.description))", type: .text)
      }
    }
  }

  /// Times compare in the column's own type, so that partitions and the primary key prune.
  private func timeCondition(
    _ test: ValueTest, on tag: BoundTag
  ) throws(QueryError) -> EngineSQL {
    let isMicroseconds = tag.column.type == .dateTimeMicroseconds
    var test = test
    if case .isOneOf(let values) = test.operation, values.count > 1, !isMicroseconds {
      // The engine takes no number into a list that is no time of the column.
      let possible = values.filter { value in
        guard let number = FoldedNumber(timeOperand: value, now: now) else { return true }
        return number.floor == number.ceiling && UInt32(exactly: number.floor) != nil
      }
      guard !possible.isEmpty else { return test.isNegated ? "1" : "0" }
      test.operation = .isOneOf(possible)
    }
    let subject = Scalar(sql: "\(tag.column)", type: .integer)
    return try test.rendered(over: subject) { expression throws(QueryError) in
      let folded = FoldedNumber(timeOperand: expression, now: now)
      if folded == nil, case .text? = Constant(expression) {
        throw QueryError(
          .misuse,
          "expected \(isMicroseconds ? "micro" : "")seconds since 1970 or "
            + "'YYYY-MM-DD hh:mm:ss' in UTC", at: expression.offset)
      }
      let number: EngineSQL
      if let folded {
        number = isMicroseconds ? folded.microseconds.sql : folded.sql
      } else {
        number = try time(expression)
      }
      guard isMicroseconds else { return Scalar(sql: number, type: .integer) }
      return Scalar(sql: "fromUnixTimestamp64Micro(toInt64(\(number)))", type: .integer)
    }
  }

  /// A time that rows decide.
  private func time(_ expression: Expression) throws(QueryError) -> EngineSQL {
    let value = try scalar(expression, at: .rows)
    guard value.type.isNumeric else {
      throw QueryError(.misuse, "expected a time", at: expression.offset)
    }
    return value.sql
  }
}
