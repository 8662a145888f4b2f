// SPDX-License-Identifier: Apache-2.0

package import Telemetry

/// A piece of SQL for the engine that no user's text can have leaked into.
///
/// There are three ways to make one: from text in this program's source, from a declaration's name,
/// and from a value through the one escaper. A `String` cannot be interpolated unlabelled.
package struct EngineSQL: Hashable, Sendable {
  package private(set) var text: String

  fileprivate init(text: String) {
    self.text = text
  }

  /// A string literal: quotes, backslashes and control characters escaped.
  init(literal value: String) {
    var text = "'"
    for scalar in value.unicodeScalars {
      switch scalar {
      case "'": text += "\\'"
      case "\\": text += "\\\\"
      case _ where scalar.value < 0x20 || scalar.value == 0x7F:
        let digits = String(scalar.value, radix: 16)
        text += "\\x" + (digits.count == 1 ? "0" : "") + digits
      default: text.unicodeScalars.append(scalar)
      }
    }
    self.text = text + "'"
  }

  /// `[1, 2, 3]`, or `(1, 2, 3)` behind IN.
  static func list(_ numbers: some Sequence<some BinaryInteger>) -> EngineSQL {
    EngineSQL(text: numbers.map { "\($0)" }.joined(separator: ", "))
  }

  static func list(literals: some Sequence<String>) -> EngineSQL {
    literals.map(EngineSQL.init(literal:)).joined(", ")
  }
}

extension EngineSQL {
  static func + (left: EngineSQL, right: EngineSQL) -> EngineSQL {
    EngineSQL(text: left.text + right.text)
  }
}

extension Sequence<EngineSQL> {
  func joined(_ separator: StaticString) -> EngineSQL {
    EngineSQL(text: map(\.text).joined(separator: "\(separator)"))
  }
}

extension EngineSQL: ExpressibleByStringInterpolation {
  package init(stringLiteral value: StaticString) {
    text = "\(value)"
  }

  package init(stringInterpolation: StringInterpolation) {
    text = stringInterpolation.text
  }

  package struct StringInterpolation: StringInterpolationProtocol {
    fileprivate var text = ""

    package init(literalCapacity: Int, interpolationCount: Int) {
      text.reserveCapacity(literalCapacity + 32 * interpolationCount)
    }

    package mutating func appendLiteral(_ literal: StaticString) {
      text += "\(literal)"
    }

    package mutating func appendInterpolation(_ piece: EngineSQL) {
      text += piece.text
    }

    package mutating func appendInterpolation(_ number: some BinaryInteger) {
      text += "\(number)"
    }

    /// A finite number; the engine reads Swift's shortest form.
    package mutating func appendInterpolation(_ number: Double) {
      precondition(number.isFinite, "the lexer admits finite numbers only")
      text += "\(number)"
    }

    package mutating func appendInterpolation(literal value: String) {
      text += EngineSQL(literal: value).text
    }

    package mutating func appendInterpolation(_ column: ColumnDeclaration) {
      text += column.name
    }

    package mutating func appendInterpolation(_ table: TableDeclaration) {
      text += table.database + ".`" + table.name + "`"
      // Rows that fold into one may not have done so yet.
      if table.derivedFrom != nil { text += " FINAL" }
    }
  }
}
