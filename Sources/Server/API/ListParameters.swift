// SPDX-License-Identifier: Apache-2.0

import Hummingbird
import Query

/// The parameters of a list, such as `GET /v1/calls`; a wrong one is told with those that would do.
struct ListParameters {
  private let given: Parameters
  static let seconds: ClosedRange<Int64> = 0...4_294_967_295
  /// Most rows answered at once, as `metaflow calls` may ask for.
  static let mostRows = 10_000
  /// Most intervals with bars.
  private static let mostBars: Int64 = 2_000

  /// - Parameter known: The names that there are.
  init(_ request: Request, of path: String, known: [String]) throws(Refusal) {
    given = request.uri.queryParameters
    for (name, _) in given where !known.contains(String(name)) {
      throw Refusal(
        "'\(name)' is no parameter of \(path); it takes \(known.joined(separator: ", ")).")
    }
  }

  /// Nil where it is empty or not there.
  func text(_ name: String) -> String? {
    guard let value = given[name[...]], !value.isEmpty else { return nil }
    return String(value)
  }

  /// Of one that may be given several times, all that are not empty.
  func all(_ name: String) -> [String] {
    given.compactMap { $0.key == name && !$0.value.isEmpty ? String($0.value) : nil }
  }

  func number(_ name: String, _ range: ClosedRange<Int64>) throws(Refusal) -> Int64? {
    guard let text = text(name) else { return nil }
    guard let number = Int64(text), range.contains(number) else {
      throw Refusal(
        "\(name) is '\(text)'; it must be a whole number from \(range.lowerBound) to "
          + "\(range.upperBound).")
    }
    return number
  }

  func choice<Value>(_ name: String, _ choices: [(String, Value)]) throws(Refusal) -> Value? {
    guard let text = text(name) else { return nil }
    let found = choices.first { $0.0.lowercased() == text.lowercased() }
    guard let found else {
      let all = choices.map(\.0).joined(separator: ", ")
      throw Refusal("\(name) is '\(text)'; it must be one of \(all).")
    }
    return found.1
  }

  func connection() throws(Refusal) -> CallFilter.Connection? {
    guard let ends = text("connection") else { return nil }
    guard let connection = CallFilter.Connection(ends) else {
      throw Refusal("connection is '\(ends)'; it must be like '10.0.0.1 40000 10.0.0.2 80'.")
    }
    return connection
  }

  /// The seconds from `from`, or `last` before the end, to `to`, or now.
  func time() throws(Refusal) -> ClosedRange<Int64> {
    let now = wallClock() / 1_000_000_000
    let last = try number("last", 1...Self.seconds.upperBound) ?? 900
    let to = try number("to", Self.seconds) ?? now
    let from = try number("from", Self.seconds) ?? max(0, to - last)
    guard from <= to else { throw Refusal("from (\(from)) is later than to (\(to)).") }
    return from...to
  }

  /// Seconds of a bar over `time`; nil without bars.
  func step(over time: ClosedRange<Int64>) throws(Refusal) -> Int64? {
    guard let step = try number("step", 1...Self.seconds.upperBound) else { return nil }
    let seconds = time.upperBound - time.lowerBound
    guard seconds / step <= Self.mostBars else {
      throw Refusal("step is \(step); over \(seconds) seconds that is too many bars.")
    }
    return step
  }
}
