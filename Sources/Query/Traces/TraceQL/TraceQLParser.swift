// SPDX-License-Identifier: Apache-2.0

/// Reads TraceQL: selectors, structure operators, aggregates of spans and `select`.
///
/// After its public documentation. Not read, and refused with their names: arithmetic, `by`,
/// `coalesce`, metrics functions (`rate`, ...), and attributes of parents, events and links.
package struct TraceQLParser {
  private let tokens: [TraceQLToken]
  private var place = 0
  private var depth = 0
  private static let deepest = 64

  package static func parse(_ text: String) throws(QueryError) -> TraceQLQuery {
    do throws(QueryError) {
      var parser = TraceQLParser(tokens: try TraceQLLexer.tokens(text))
      let query = try parser.query()
      return query
    } catch {
      throw error.located(in: text)
    }
  }

  private init(tokens: [TraceQLToken]) { self.tokens = tokens }

  // MARK: Words

  private var token: TraceQLToken { tokens[place] }

  private func isSign(_ sign: String) -> Bool { token.kind == .sign(sign) }

  private mutating func skip(_ sign: String) -> Bool {
    guard isSign(sign) else { return false }
    place += 1
    return true
  }

  private mutating func want(_ sign: String) throws(QueryError) {
    guard skip(sign) else { throw wrong("expected '\(sign)'") }
  }

  private func wrong(_ message: String) -> QueryError {
    QueryError(.syntax, message, at: token.offset)
  }

  private mutating func nested<Result>(
    _ body: (inout Self) throws(QueryError) -> Result
  ) throws(QueryError) -> Result {
    depth += 1
    guard depth <= Self.deepest else { throw wrong("the query is nested too deeply") }
    let result = try body(&self)
    depth -= 1
    return result
  }

  // MARK: Spansets

  private mutating func query() throws(QueryError) -> TraceQLQuery {
    if token.kind == .end { return TraceQLQuery(spans: .filter(.always(true))) }
    var query = TraceQLQuery(spans: try either())
    while skip("|") { query.stages.append(try stage()) }
    guard token.kind == .end else {
      throw wrong("expected '|', an operator between selectors, or the end")
    }
    return query
  }

  private mutating func either() throws(QueryError) -> SpansetExpression {
    var left = try both()
    while skip("||") { left = .either(left, try both()) }
    return left
  }

  private mutating func both() throws(QueryError) -> SpansetExpression {
    var left = try related()
    while skip("&&") { left = .both(left, try related()) }
    return left
  }

  private mutating func related() throws(QueryError) -> SpansetExpression {
    var left = try spanset()
    while case .sign(let sign) = token.kind, let relation = Self.relation(sign) {
      place += 1
      left = .related(left, relation, try spanset())
    }
    return left
  }

  private static func relation(_ sign: String) -> SpanRelation? {
    var rest = sign[...]
    let hasBoth = rest.hasPrefix("&") && sign != "&&"
    if hasBoth { rest.removeFirst() }
    let isNegated = rest.hasPrefix("!")
    if isNegated { rest.removeFirst() }
    guard !hasBoth || !isNegated else { return nil }
    return SpanRelation.Kind(rawValue: String(rest)).map {
      SpanRelation(kind: $0, isNegated: isNegated, hasBoth: hasBoth)
    }
  }

  private mutating func spanset() throws(QueryError) -> SpansetExpression {
    if skip("(") {
      let inner = try nested { parser throws(QueryError) in try parser.either() }
      try want(")")
      return inner
    }
    guard skip("{") else { throw wrong("expected a selector, as { name = \"GET /\" }") }
    if skip("}") { return .filter(.always(true)) }
    let condition = try nested { parser throws(QueryError) in try parser.condition() }
    try want("}")
    return .filter(condition)
  }

  // MARK: Conditions

  private mutating func condition() throws(QueryError) -> SpanCondition {
    var left = try conjunction()
    while skip("||") { left = .or(left, try conjunction()) }
    return left
  }

  private mutating func conjunction() throws(QueryError) -> SpanCondition {
    var left = try comparison()
    while skip("&&") { left = .and(left, try comparison()) }
    return left
  }

  private mutating func comparison() throws(QueryError) -> SpanCondition {
    if skip("!") {
      return .not(try nested { parser throws(QueryError) in try parser.comparison() })
    }
    if skip("(") {
      let inner = try nested { parser throws(QueryError) in try parser.condition() }
      try want(")")
      return inner
    }
    let left = try operand()
    guard case .sign(let sign) = token.kind else { return try bare(left) }
    if sign == "=~" || sign == "!~" {
      place += 1
      guard case .field(let field) = left, case .text(let pattern) = token.kind else {
        throw wrong("\(sign) stands between a field and a pattern in quotes")
      }
      let made = try SafePattern(pattern, at: token.offset)
      place += 1
      return .pattern(field, made, isNegated: sign == "!~")
    }
    guard let comparison = SpanCondition.Comparison(rawValue: sign) else {
      guard !["+", "-", "*", "/", "%", "^"].contains(sign) else {
        throw wrong("arithmetic is not read here")
      }
      return try bare(left)
    }
    place += 1
    return .compare(left, comparison, try operand())
  }

  /// `{ true }`, and `{ span.is_cached }` as a condition.
  private func bare(_ operand: SpanOperand) throws(QueryError) -> SpanCondition {
    switch operand {
    case .value(.flag(let flag)): return .always(flag)
    case .field: return .compare(operand, .equal, .value(.flag(true)))
    default: throw wrong("expected an operator, as in duration > 100ms")
    }
  }

  private mutating func operand() throws(QueryError) -> SpanOperand {
    let isNegative = skip("-")
    let here = token
    place += here.kind == .end ? 0 : 1
    switch here.kind {
    case .number(let number): return .value(.number(isNegative ? -number : number))
    case .text(let text) where !isNegative: return .value(.text(text))
    case .name(let name) where !isNegative:
      if let value = Self.keyword(name) { return .value(value) }
      return .field(try Self.field(name, at: here.offset))
    default: throw QueryError(.syntax, "expected a field or a value", at: here.offset)
    }
  }

  private static func keyword(_ name: String) -> SpanValue? {
    switch name {
    case "true": .flag(true)
    case "false": .flag(false)
    case "nil": SpanValue.none
    case "error": .status(.error)
    case "ok": .status(.ok)
    case "unset": .status(.unset)
    case "unspecified": .kind(.unspecified)
    case "internal": .kind(.internal)
    case "server": .kind(.server)
    case "client": .kind(.client)
    case "producer": .kind(.producer)
    case "consumer": .kind(.consumer)
    default: nil
    }
  }

  static func field(_ name: String, at offset: Int) throws(QueryError) -> SpanField {
    if let known = SpanField.Intrinsic(rawValue: name) { return .intrinsic(known) }
    for (prefix, scope) in [("span.", SpanField.Scope.span), ("resource.", .resource), (".", .any)]
    where name.hasPrefix(prefix) && name.utf8.count > prefix.utf8.count {
      return .attribute(scope, String(name.dropFirst(prefix.count)))
    }
    let all = SpanField.Intrinsic.allCases.map(\.rawValue).joined(separator: ", ")
    throw QueryError(
      .misuse,
      "'\(name)' is no field; attributes are written span.x, resource.x or .x, and the others are \(all)",
      at: offset)
  }

  // MARK: Behind the selectors

  private mutating func stage() throws(QueryError) -> TraceQLStage {
    guard case .name(let name) = token.kind else {
      throw wrong("expected count(), avg(), max(), min(), sum() or select()")
    }
    let offset = token.offset
    place += 1
    if name == "select" {
      var fields: [SpanField] = []
      try want("(")
      repeat { fields.append(try namedField()) } while skip(",")
      try want(")")
      return .select(fields)
    }
    guard let aggregate = TraceQLStage.Aggregate(rawValue: name) else {
      throw QueryError(
        .misuse, "'\(name)' is not read here; count, avg, max, min, sum and select are", at: offset)
    }
    try want("(")
    let field = aggregate == .count ? nil : try namedField()
    try want(")")
    guard case .sign(let sign) = token.kind,
      let comparison = SpanCondition.Comparison(rawValue: sign)
    else { throw wrong("expected a comparison, as in \(name)(...) > 2") }
    place += 1
    let isNegative = skip("-")
    guard case .number(let number) = token.kind else { throw wrong("expected a number") }
    place += 1
    return .compare(aggregate, field, comparison, isNegative ? -number : number)
  }

  private mutating func namedField() throws(QueryError) -> SpanField {
    guard case .name(let name) = token.kind else { throw wrong("expected a field") }
    let field = try Self.field(name, at: token.offset)
    place += 1
    return field
  }
}
