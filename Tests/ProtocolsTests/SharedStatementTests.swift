// SPDX-License-Identifier: Apache-2.0

import Telemetry
import Testing

@testable import Protocols

/// Connections of a pool prepare the same statements, whose texts are kept once.
@Suite struct SharedStatementTests {
  private func prepared(_ text: String, _ fields: inout FieldBuffer) -> PreparedStatement {
    fields.removeAll()
    let sql = SQLText(Array(text.utf8).span, dialect: .mySQL, into: &fields)
    return PreparedStatement(sql, in: &fields)
  }

  @Test func equalTextsAreInOnePlace() {
    var fields = FieldBuffer()
    let first = prepared("SELECT a FROM t WHERE b = 1", &fields)
    let other = prepared("SELECT a FROM u WHERE b = 1", &fields)
    let again = prepared("SELECT a FROM t WHERE b = 2", &fields)
    #expect(first.sharesMemory(with: again), "values are hidden, so it is the same text")
    #expect(!first.sharesMemory(with: other))
  }

  /// More than there is room for: each says what it says, shared or not.
  @Test func textsStayWhatTheyAre() {
    var fields = FieldBuffer()
    let statements = (0..<5_000).map { prepared("SELECT a\($0) FROM t", &fields) }
    for (number, statement) in statements.enumerated() {
      var texts = CallTexts()
      fields.removeAll()
      statement.describe(&texts, into: &fields)
      let resource = String(decoding: fields.bytes(texts.requestResource), as: UTF8.self)
      #expect(resource == "SELECT a\(number) FROM t")
    }
  }
}
