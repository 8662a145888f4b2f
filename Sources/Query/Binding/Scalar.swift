// SPDX-License-Identifier: Apache-2.0

internal import Telemetry

/// How the values of an answer's column are to be read.
package enum ValueType: String, Hashable, Sendable {
  case integer = "Int"
  case number = "Float64"
  case text = "String"
  case list = "Array"

  var isNumeric: Bool { self == .integer || self == .number }
}

/// A value of one row or group, in the engine's words.
struct Scalar: Hashable {
  var sql: EngineSQL
  var type: ValueType
  var unit = ""
  /// Whether aggregates or metrics went into it.
  var isMetric = false
}

/// A constant of the query.
enum Constant: Hashable {
  case integer(Int64)
  case decimal(Double)
  case text(String)

  /// The constant that `expression` is; nil when it is none.
  init?(_ expression: Expression) {
    switch expression.kind {
    case .integer(let value): self = .integer(Int64(clamping: value))
    case .decimal(let value): self = .decimal(value)
    case .string(let text): self = .text(text)
    case .negated(let inner):
      switch Constant(inner) {
      case .integer(let value): self = .integer(-value)
      case .decimal(let value): self = .decimal(-value)
      case .text, nil: return nil
      }
    default: return nil
    }
  }

  var text: String {
    switch self {
    case .integer(let value): "\(value)"
    case .decimal(let value): "\(value)"
    case .text(let text): text
    }
  }

  /// As a number; text that reads as one is taken for it, as clients quote freely.
  var number: EngineSQL? {
    switch self {
    case .integer(let value): "\(value)"
    case .decimal(let value): "\(value)"
    case .text(let text):
      if let value = Int64(text) {
        "\(value)"
      } else if let value = Double(text), value.isFinite {
        "\(value)"
      } else {
        nil
      }
    }
  }
}

extension ColumnType {
  var valueType: ValueType {
    switch self {
    case .uint8, .uint16, .uint32, .uint64, .int32, .int64, .dateTime, .dateTimeMicroseconds:
      .integer
    case .float64: .number
    case .string, .lowCardinalityString, .ipv6: .text
    case .nullable(let inner): inner.valueType
    case .array: .list
    }
  }

  var isNullable: Bool {
    if case .nullable = self { true } else { false }
  }
}
