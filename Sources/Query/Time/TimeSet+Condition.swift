// SPDX-License-Identifier: Apache-2.0

internal import Telemetry

/// Which seconds a condition admits.
extension TimeSet {
  /// The seconds of rows that `condition` can hold for.
  ///
  /// Exact for conditions on nothing but time and constants, joined by AND, OR and NOT. Any other
  /// test holds for every second, and so does its negation.
  ///
  /// - Parameters:
  ///   - condition: WHERE, or HAVING with its aliases replaced.
  ///   - now: The moment of the request, in seconds.
  init(_ condition: Expression?, table: TableDeclaration, now: Int64) {
    guard let condition else {
      self = .all
      return
    }
    self = Reader(table: table, now: now).set(condition, negated: false)
  }
}

private struct Reader {
  let table: TableDeclaration
  let now: Int64

  func set(_ condition: Expression, negated: Bool) -> TimeSet {
    switch condition.kind {
    case .not(let inner):
      return set(inner, negated: !negated)
    case .binary(.and, let left, let right), .binary(.or, let left, let right):
      let (left, right) = (set(left, negated: negated), set(right, negated: negated))
      let isUnion = if case .binary(.or, _, _) = condition.kind { !negated } else { negated }
      return isUnion ? left.union(right) : left.intersection(right)
    default:
      guard let test = try? ValueTest(condition), let subject = Subject(test.subject, self),
        let values = values(of: test.operation)
      else { return .all }
      return subject.seconds(test.isNegated == negated ? values : values.complement)
    }
  }

  /// The numbers that pass; nil where that depends on more than constants.
  private func values(of operation: ValueTest.Operation) -> TimeSet? {
    switch operation {
    case .isOneOf(let operands):
      var ranges: [ClosedRange<Int64>] = []
      for operand in operands {
        guard let number = number(operand) else { return nil }
        if number.floor == number.ceiling { ranges.append(number.floor...number.floor) }
      }
      return TimeSet(joining: ranges)
    case .compares(let name, let operand):
      return number(operand).map { Self.values(name, $0) }
    case .between(let low, let high):
      guard let low = number(low), let high = number(high) else { return nil }
      return low.ceiling <= high.floor ? TimeSet(low.ceiling...high.floor) : TimeSet.none
    case .isNull:
      return TimeSet.none
    case .like, .regexp:
      return nil
    }
  }

  private static func values(_ name: BinaryOperator, _ bound: FoldedNumber) -> TimeSet {
    let above = TimeSet((name == .less ? bound.ceiling : bound.floor + 1) ... .max)
    switch name {
    case .less, .lessOrEqual: return above.complement
    case .greater: return above
    default: return TimeSet(bound.ceiling ... .max)
    }
  }

  private func number(_ expression: Expression) -> FoldedNumber? {
    FoldedNumber(timeOperand: expression, now: now)
  }
}

/// A number that a row's second alone decides.
private enum Subject {
  /// The second, or what it is the negative of, moved by a constant.
  case second(isNegative: Bool, offset: Int64)
  /// `time(time, ...)`.
  case bucket(TimeBuckets)

  init?(_ expression: Expression, _ reader: Reader) {
    switch expression.kind {
    case .name("time"):
      self = .second(isNegative: false, offset: 0)
    case .negated(let inner):
      guard case .second(let isNegative, let offset)? = Subject(inner, reader) else { return nil }
      self = .second(isNegative: !isNegative, offset: -offset)
    case .binary(.add, let left, let right):
      let (moving, constant) = left.isConstant ? (right, left) : (left, right)
      self.init(moving, reader, plus: constant, sign: 1)
    case .binary(.subtract, let left, let right) where left.isConstant:
      guard case .second(let isNegative, let offset)? = Subject(right, reader),
        let constant = Self.distance(left, reader)
      else { return nil }
      self = .second(isNegative: !isNegative, offset: constant - offset)
    case .binary(.subtract, let left, let right):
      self.init(left, reader, plus: right, sign: -1)
    case .call(let name, let arguments)
    where FunctionDeclaration.named(name)?.operation == .time:
      guard
        let buckets = try? TimeBuckets(arguments, at: expression.offset, table: reader.table)
      else { return nil }
      self = .bucket(buckets)
    default:
      return nil
    }
  }

  private init?(_ moving: Expression, _ reader: Reader, plus constant: Expression, sign: Int64) {
    guard case .second(let isNegative, let offset)? = Subject(moving, reader),
      let distance = Self.distance(constant, reader)
    else { return nil }
    self = .second(isNegative: isNegative, offset: offset + sign * distance)
  }

  /// A whole number, small enough that sums of a query's worth of them cannot overflow.
  private static func distance(_ expression: Expression, _ reader: Reader) -> Int64? {
    guard let number = FoldedNumber(expression, now: reader.now),
      case .integer(let value) = number.value, value.magnitude < 1 << 48
    else { return nil }
    return value
  }

  /// The seconds for which the number is one of `values`.
  func seconds(_ values: TimeSet) -> TimeSet {
    switch self {
    case .second(let isNegative, let offset):
      let moved = values.moved(by: -offset)
      return isNegative ? moved.mirrored : moved
    case .bucket(let buckets):
      return buckets.seconds(ofStarts: values)
    }
  }
}

extension TimeBuckets {
  /// The seconds that lie in an interval whose start is one of `starts`; with a window, those that
  /// an answer with such a start can cover.
  fileprivate func seconds(ofStarts starts: TimeSet) -> TimeSet {
    let (step, offset, back) = (Int64(step), Int64(offset), Int64(step * (window - 1)))
    /// The last start that is not behind `bound` and a part of a step.
    func start(notAfter bound: Int64, and more: Int64 = 0) -> Int64 {
      // Far beyond what a row's second can be.
      let distance = min(max(bound, -1 << 40), 1 << 40) + more - offset
      return offset + (distance >= 0 ? distance : distance - step + 1) / step * step
    }
    return starts.mapped(
      first: { start(notAfter: $0, and: step - 1) - back },
      last: { start(notAfter: $0) + step - 1 })
  }
}
