// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

@testable import Query

/// A user's text may only ever be the inside of a string literal.
@Suite struct InjectionTests {
  private static let positions = [
    "SELECT _id FROM l7_flow_log WHERE trace_id = @text@", "SELECT @text@ AS a FROM l7_flow_log",
    "SELECT _id FROM l7_flow_log WHERE host_1 = @text@ OR auto_service = @text@ OR ip_0 LIKE @text@",
    "SELECT _id FROM l7_flow_log WHERE endpoint REGEXP @text@ AND host_0 REGEXP @text@",
    "SELECT _id AS `@name@` FROM l7_flow_log ORDER BY `@name@`",
    "SELECT Sum(request) AS `@name@` FROM application GROUP BY endpoint HAVING `@name@` > 1",
    "SELECT TopK(endpoint, 3), if(endpoint = @text@, @text@, 'b') AS k FROM application GROUP BY k",
    "SELECT `attribute.x@name@` FROM l7_flow_log WHERE `attribute.x@name@` LIKE @text@",
    "SHOW tag endpoint values FROM application WHERE value = @text@",
    "SHOW tag host values WHERE display_name LIKE @text@ OR value IN (@text@, 'a')",
  ]

  /// Quotes and escapes, and what makes one character of them and their neighbours: marks that join,
  /// joiners, what turns the direction, and what stands for bytes that are no text.
  private static let pieces = [
    "'", "\\", "\"", "`", "--", ";", ")", "(", "/*", "*/", "\n", "\0", "x", "' OR 1", "\u{301}",
    "\u{20DD}", "\u{200D}", "\u{FE0F}", "\u{202E}", "\u{2066}", "\u{FFFD}", "\u{10FFFF}",
    "\u{D7FF}",
  ]

  /// With every literal taken out, a statement is the same whatever the text was.
  @Test(arguments: 0..<200 as Range<UInt64>)
  func textStaysInsideLiterals(seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    let text = (0..<8).map { _ in Self.pieces.randomElement(using: &random)! }.joined()
    for position in Self.positions {
      let hostile = try skeleton(position, text: text)
      #expect(hostile == (try skeleton(position, text: "harmless")), "seed \(seed): \(text)")
    }
  }

  /// Likewise the filters of `GET /v1/calls`, which become a statement of the dialect first.
  @Test(arguments: 0..<100 as Range<UInt64>)
  func filtersStayInsideLiterals(seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    let text = (0..<8).map { _ in Self.pieces.randomElement(using: &random)! }.joined()
    func skeleton(_ text: String) throws -> String {
      var filter = CallFilter(time: 1...2)
      (filter.service, filter.client, filter.server) = (text, text, text)
      filter.attributes = [CallFilter.Attribute("x\(text)=\(text)")!]
      (filter.resource, filter.endpoint, filter.trace, filter.point) = (text, text, text, text)
      let query = filter.statement(records: 5)
      guard
        case .select(let plan) = try QueryCompiler.compile(
          query, now: FixedDirectory.now, directory: FixedDirectory())
      else { return "" }
      return withoutLiterals(plan.sql.text)
    }
    #expect(try skeleton(text) == skeleton("harmless"), "seed \(seed): \(text)")
  }

  private func skeleton(_ position: String, text: String) throws -> String {
    let quoted = "'" + doubled(text, ["'", "\\"]) + "'"
    let query = position.replacing("@text@", with: quoted)
      .replacing("@name@", with: doubled(text, ["`"]))
    switch try QueryCompiler.compile(query, now: FixedDirectory.now, directory: FixedDirectory()) {
    case .select(let plan), .show(let plan): return withoutLiterals(plan.sql.text)
    case .ready: return ""
    }
  }

  /// Every scalar of `marks` twice.
  private func doubled(_ text: String, _ marks: [Unicode.Scalar]) -> String {
    var result = String.UnicodeScalarView()
    for scalar in text.unicodeScalars {
      if marks.contains(scalar) { result.append(scalar) }
      result.append(scalar)
    }
    return String(result)
  }

  /// Reads the engine's lexical rules anew: a literal ends at a quote without a backslash before it.
  private func withoutLiterals(_ sql: String) -> String {
    var result = ""
    var inside = false
    var escaped = false
    for character in sql.unicodeScalars {
      if inside {
        if escaped {
          escaped = false
        } else if character == "\\" {
          escaped = true
        } else if character == "'" {
          inside = false
        }
      } else if character == "'" {
        inside = true
        result += "?"
      } else {
        result.unicodeScalars.append(character)
      }
    }
    #expect(!inside, "a literal has no end: \(sql)")
    return result
  }
}
