// SPDX-License-Identifier: Apache-2.0

import Bytes
package import Telemetry

/// What one SQL statement says about itself.
package struct SQLText: Hashable, Sendable {
  /// The statement with every literal replaced by `?` and without comments. One that has neither is
  /// as it was sent.
  package var resource: Text = .empty
  /// The verb in upper case and the table: `SELECT shop.orders`, a date or number of at least four digits
  /// in its name as `?` (`SELECT orders_?`). The verb alone where there is no table; empty when the first
  /// word is none that we know.
  package var endpoint: Text = .empty
  /// From a comment, in the form of sqlcommenter (`traceparent='...'`) or as `trace_id: ...`.
  package var traceID: Text = .empty
  package var spanID: Text = .empty

  /// Writes the texts of a request.
  func write(to texts: inout CallTexts) {
    texts.requestResource = resource
    texts.endpoint = endpoint
    texts.traceID = traceID
    texts.spanID = spanID
  }

  /// Reads `sql`, which may end anywhere and be no SQL at all, and appends the texts to `fields`.
  ///
  /// Literals are the users' data and hidden, unless ``PrivacyRules`` say otherwise. One pass, no
  /// allocation.
  package init(_ sql: Span<UInt8>, dialect: SQLDialect, into fields: inout FieldBuffer) {
    var scanner = SQLScanner(sql, dialect: dialect)
    var finder = SQLTableFinder()
    var trace = SQLComment()
    let mark = fields.mark
    // The bytes from `run` up to `end`, the end of the last token that is not space, are to be
    // copied as they are. Space around what is left out becomes one blank.
    var run = 0
    var end = 0
    var owesBlank = false
    let hidesLiterals = fields.privacy.hidesSQLLiterals
    reading: while true {
      if run < end, !owesBlank, finder.seeksFrom || finder.isDone,
        let passed = scanner.passPlain(untilVerb: finder.seeksFrom)
      {
        end = passed
      }
      let start = scanner.position
      guard var kind = scanner.next() else { break }
      // No string stands where a table does: this session has ANSI_QUOTES.
      if kind == .literal, sql[start] == 0x22, finder.expectsTable { kind = .quotedName }
      let range = start..<scanner.position
      if !finder.isDone { finder.take(kind, sql, range) }
      switch kind {
      case .space:
        guard run == end else { continue }
        owesBlank = fields.mark > mark
        run = range.upperBound
        end = run
      case .comment:
        trace.read(sql, range)
        fields.push(sql.clipped(from: run, to: end))
        owesBlank = fields.mark > mark
        run = range.upperBound
        end = run
      default:
        if owesBlank { fields.push(0x20) }
        owesBlank = false
        end = range.upperBound
        guard kind == .literal, hidesLiterals else { continue }
        fields.push(sql.clipped(from: run, to: start))
        fields.push(0x3f)
        run = end
        if fields.mark - mark > FieldBuffer.textLimit && finder.isDone { break reading }
      }
    }
    if end > run { fields.push(sql.clipped(from: run, to: end)) }
    resource = fields.finish(from: mark)
    endpoint = SQLText.endpoint(of: finder, sql, into: &fields)
    traceID = fields.append(sql.clipped(trace.traceID))
    spanID = fields.append(sql.clipped(trace.spanID))
  }

  private static func endpoint(
    of finder: SQLTableFinder, _ sql: Span<UInt8>, into fields: inout FieldBuffer
  ) -> Text {
    guard let verb = finder.verb else { return .empty }
    let mark = fields.mark
    fields.push(verb)
    if !finder.table.isEmpty { fields.push(0x20) }
    if isPlain(sql, finder.table) {
      fields.push(sql.clipped(finder.table))
      return fields.finish(from: mark)
    }
    // Where the digits begin that were pushed last.
    var digits = fields.mark
    for index in finder.table {
      let byte = sql[index]
      let isQuote = byte == 0x60 || byte == 0x22 || byte == 0x5b || byte == 0x5d
      if isQuote || byte <= 0x20 { continue }
      if byte &- 0x30 >= 10 {
        hideNumber(from: digits, in: &fields)
        digits = fields.mark + 1
      }
      fields.push(byte)
    }
    hideNumber(from: digits, in: &fields)
    return fields.finish(from: mark)
  }

  /// Whether a name has no quotes, no space and no number of four digits in it.
  private static func isPlain(_ sql: Span<UInt8>, _ name: Range<Int>) -> Bool {
    var digits = 0
    for index in name {
      let byte = sql[index]
      let isDigit = byte &- 0x30 < 10
      digits = isDigit ? digits + 1 : 0
      guard isDigit || (byte | 0x20) &- 0x61 < 26 || byte == 0x5f || byte == 0x2e, digits < 4
      else { return false }
    }
    return true
  }

  /// Of tables that are made for each day, or each customer, there is no end.
  private static func hideNumber(from digits: Int, in fields: inout FieldBuffer) {
    guard fields.mark - digits >= 4 else { return }
    fields.cut(to: digits)
    fields.push(0x3f)
  }

  /// Whether `bytes` begin, after space and comments, with a word that begins statements; nil when
  /// they end before that is decided.
  package static func beginsStatement(_ bytes: Span<UInt8>, dialect: SQLDialect) -> Bool? {
    var scanner = SQLScanner(bytes, dialect: dialect)
    while true {
      let start = scanner.position
      guard let kind = scanner.next() else { return nil }
      switch kind {
      case .space, .comment, .open: continue
      case .word:
        let range = start..<scanner.position
        if SQLVerb.named(bytes, at: range) != nil { return true }
        return range.upperBound == bytes.count && range.count < 10 ? nil : false
      default: return false
      }
    }
  }
}
