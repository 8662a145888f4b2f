// SPDX-License-Identifier: Apache-2.0

/// The seconds of `time` that a WHERE admits, as far as it says so in plain constants.
package struct TimeRange: Hashable, Sendable {
  /// The first second admitted.
  package var first: Int64?
  /// The last second admitted.
  package var last: Int64?

  package init(first: Int64? = nil, last: Int64? = nil) {
    self.first = first
    self.last = last
  }

  /// The bounds that stand in `condition` beside nothing but ANDs.
  init(_ condition: Expression?) {
    self.init()
    guard let condition else { return }
    narrow(by: condition)
  }

  private mutating func narrow(by condition: Expression) {
    switch condition.kind {
    case .binary(.and, let left, let right):
      narrow(by: left)
      narrow(by: right)
    case .between(let subject, let low, let high, negated: false)
    where subject.kind == .name("time"):
      if let low = Self.seconds(low) { raise(to: low) }
      if let high = Self.seconds(high) { lower(to: high) }
    case .binary(let name, let left, let right) where left.kind == .name("time"):
      if let bound = Self.seconds(right) { narrow(name, bound) }
    case .binary(let name, let left, let right) where right.kind == .name("time"):
      guard let bound = Self.seconds(left) else { return }
      switch name {
      case .less: narrow(.greater, bound)
      case .lessOrEqual: narrow(.greaterOrEqual, bound)
      case .greater: narrow(.less, bound)
      case .greaterOrEqual: narrow(.lessOrEqual, bound)
      default: narrow(name, bound)
      }
    default:
      break
    }
  }

  private mutating func narrow(_ name: BinaryOperator, _ bound: Int64) {
    switch name {
    case .equal:
      raise(to: bound)
      lower(to: bound)
    case .greater: raise(to: bound + 1)
    case .greaterOrEqual: raise(to: bound)
    case .less: lower(to: bound - 1)
    case .lessOrEqual: lower(to: bound)
    default: break
    }
  }

  private mutating func raise(to bound: Int64) { first = max(first ?? bound, bound) }

  private mutating func lower(to bound: Int64) { last = min(last ?? bound, bound) }

  /// A constant as seconds; nil outside the times that can be stored.
  private static func seconds(_ expression: Expression) -> Int64? {
    let value: Int64?
    switch Constant(expression) {
    case .integer(let number): value = number
    case .text(let text): value = Int64(text)
    default: value = nil
    }
    guard let value, (0...Int64(UInt32.max)).contains(value) else { return nil }
    return value
  }

  /// How many starts of intervals lie in the range; nil unless it is bounded on both sides and has
  /// at least one.
  func points(interval: UInt64) -> UInt64? {
    guard let first, let last, last >= first, interval > 0 else { return nil }
    let step = Int64(interval)
    let points = last / step - (first + step - 1) / step + 1
    return points > 0 ? UInt64(points) : nil
  }
}
