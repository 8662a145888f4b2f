// SPDX-License-Identifier: Apache-2.0

internal import Telemetry

/// `time(time, seconds [, window [, fill [, offset]]])`: rows by the interval they lie in.
struct TimeBuckets: Hashable {
  enum Fill: Hashable {
    case none
    case zero
    case null
  }

  /// Seconds from one bucket to the next: at least the table's own interval, and a multiple of it.
  let step: UInt64
  /// Buckets that one answer looks back over, itself included.
  let window: UInt64
  let fill: Fill
  /// Seconds by which the buckets' starts are moved from multiples of `step`.
  let offset: UInt64

  private static let longestStep: UInt64 = 366 * 86_400
  private static let widestWindow: UInt64 = 1_000

  /// The table's own intervals, where `time` itself is grouped by.
  init(of table: TableDeclaration) {
    step = UInt64(max(1, table.interval))
    (window, fill, offset) = (1, .none, 0)
  }

  init(
    _ arguments: [Expression], at place: Int, table: TableDeclaration
  ) throws(QueryError) {
    guard (2...5).contains(arguments.count), arguments[0].kind == .name("time") else {
      throw QueryError(
        .misuse, "time is written time(time, seconds [, window [, fill [, offset]]])", at: place)
    }
    func number(_ index: Int, _ bounds: ClosedRange<UInt64>) throws(QueryError) -> UInt64 {
      guard case .integer(let value) = arguments[index].kind, bounds.contains(value) else {
        throw QueryError(
          .misuse, "expected a whole number from \(bounds.lowerBound) to \(bounds.upperBound)",
          at: arguments[index].offset)
      }
      return value
    }
    let interval = UInt64(max(1, table.interval))
    let wanted = try number(1, 1...Self.longestStep)
    step = (wanted + interval - 1) / interval * interval
    window = arguments.count > 2 ? try number(2, 1...Self.widestWindow) : 1
    fill = arguments.count > 3 ? try Self.fill(arguments[3]) : .none
    offset = arguments.count > 4 ? try number(4, 0...Self.longestStep) % step : 0
  }

  private static func fill(_ expression: Expression) throws(QueryError) -> Fill {
    switch expression.kind {
    case .integer(0): return .zero
    case .name(let text), .string(let text):
      switch text.lowercased() {
      case "none": return .none
      case "null": return .null
      case "0": return .zero
      default: break
      }
    default: break
    }
    throw QueryError(.misuse, "expected 0, null or none", at: expression.offset)
  }

  /// Seconds that one answer covers.
  var seconds: UInt64 { step * window }

  /// The bucket's start in Unix seconds.
  var sql: EngineSQL {
    let start: EngineSQL =
      offset == 0
      ? "intDiv(toUnixTimestamp(time), \(step)) * \(step)"
      : "intDiv(toUnixTimestamp(time) - \(offset), \(step)) * \(step) + \(offset)"
    guard window > 1 else { return start }
    return "\(start) + arrayJoin(range(\(window))) * \(step)"
  }
}
