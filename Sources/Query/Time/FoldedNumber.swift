// SPDX-License-Identifier: Apache-2.0

/// A number that a query's constants come to before any row is read.
struct FoldedNumber: Hashable {
  enum Value: Hashable {
    case integer(Int64)
    case decimal(Double)
  }

  var value: Value
  /// Whether it is a point in time, in seconds: of `now()` or a date, not a number that was written.
  var isInstant = false

  /// The number that `expression` is without a row; nil when it needs one, is none, or when the
  /// engine's arithmetic would leave what can be told here (division by zero, overflow).
  ///
  /// - Parameter now: The moment of the request, in seconds.
  init?(_ expression: Expression, now: Int64) {
    switch expression.kind {
    case .integer(let number):
      guard let number = Int64(exactly: number) else { return nil }
      self.init(value: .integer(number))
    case .decimal(let number):
      self.init(value: .decimal(number))
    case .negated(let inner):
      guard let inner = FoldedNumber(inner, now: now),
        let value = Self.combined(.subtract, .integer(0), inner.value)
      else { return nil }
      self.init(value: value)
    case .binary(let name, let left, let right) where name.isArithmetic:
      guard let left = FoldedNumber(left, now: now), let right = FoldedNumber(right, now: now),
        let value = Self.combined(name, left.value, right.value)
      else { return nil }
      // A point in time moved by a number is one; two of them differ by a number.
      let isInstant =
        switch name {
        case .add: left.isInstant != right.isInstant
        case .subtract: left.isInstant && !right.isInstant
        default: false
        }
      self.init(value: value, isInstant: isInstant)
    case .call(let name, let arguments):
      self.init(FunctionDeclaration.named(name)?.operation, arguments, now: now)
    default:
      return nil
    }
  }

  private init?(
    _ operation: FunctionDeclaration.Operation?, _ arguments: [Expression], now: Int64
  ) {
    switch (operation, arguments.count) {
    case (.now, 0): self.init(value: .integer(now), isInstant: true)
    case (.instant, 1):
      guard let number = FoldedNumber(timeOperand: arguments[0], now: now) else { return nil }
      self.init(value: number.value, isInstant: true)
    default: return nil
    }
  }

  /// What a time is compared with: besides numbers, text that reads as a date or as a number.
  init?(timeOperand expression: Expression, now: Int64) {
    guard case .string(let text) = expression.kind else {
      self.init(expression, now: now)
      return
    }
    if let seconds = CivilTime.seconds(text) {
      self.init(value: .integer(seconds), isInstant: true)
    } else if let number = Int64(text) {
      self.init(value: .integer(number))
    } else if let number = Double(text), number.isFinite {
      self.init(value: .decimal(number))
    } else {
      return nil
    }
  }

  private init(value: Value, isInstant: Bool = false) {
    self.value = value
    self.isInstant = isInstant
  }

  private static func combined(_ name: BinaryOperator, _ left: Value, _ right: Value) -> Value? {
    guard name != .divide, case .integer(let a) = left, case .integer(let b) = right else {
      return decimal(name, left.double, right.double)
    }
    let (result, isInexact) =
      switch name {
      case .add: a.addingReportingOverflow(b)
      case .subtract: a.subtractingReportingOverflow(b)
      case .multiply: a.multipliedReportingOverflow(by: b)
      default: a.remainderReportingOverflow(dividingBy: b)
      }
    return isInexact ? nil : .integer(result)
  }

  private static func decimal(_ name: BinaryOperator, _ left: Double, _ right: Double) -> Value? {
    let result =
      switch name {
      case .add: left + right
      case .subtract: left - right
      case .multiply: left * right
      case .divide: left / right
      default: left.truncatingRemainder(dividingBy: right)
      }
    return result.isFinite ? .decimal(result) : nil
  }

  /// The largest whole number that is not above.
  var floor: Int64 {
    switch value {
    case .integer(let number): number
    case .decimal(let number): Int64(clamping: number.rounded(.down))
    }
  }

  /// The smallest whole number that is not below.
  var ceiling: Int64 {
    switch value {
    case .integer(let number): number
    case .decimal(let number): Int64(clamping: number.rounded(.up))
    }
  }

  var sql: EngineSQL {
    switch value {
    case .integer(let number): "\(number)"
    case .decimal(let number): "\(number)"
    }
  }

  /// In the unit of a column of microseconds: plain numbers are in that unit already.
  var microseconds: FoldedNumber {
    guard isInstant, let value = Self.combined(.multiply, value, .integer(1_000_000)) else {
      return self
    }
    return FoldedNumber(value: value)
  }
}

extension FoldedNumber.Value {
  fileprivate var double: Double {
    switch self {
    case .integer(let number): Double(number)
    case .decimal(let number): number
    }
  }
}

extension Int64 {
  fileprivate init(clamping number: Double) {
    self = Int64(exactly: number) ?? (number < 0 ? .min + 1 : .max - 1)
  }
}

extension Expression {
  /// Whether it has one value for all rows and groups: no name and no aggregate stands in it.
  var isConstant: Bool {
    switch kind {
    case .integer, .decimal, .string: true
    case .negated(let inner): inner.isConstant
    case .binary(let name, let left, let right):
      name.isArithmetic && left.isConstant && right.isConstant
    case .call(let name, let arguments):
      switch FunctionDeclaration.named(name)?.operation {
      case .now, .instant: arguments.allSatisfy(\.isConstant)
      default: false
      }
    default: false
    }
  }
}
