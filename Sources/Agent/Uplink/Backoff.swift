// SPDX-License-Identifier: Apache-2.0

/// How long to wait before the next attempt to connect: twice as long each time, up to a bound, and
/// never the same for two agents.
struct Backoff {
  /// Milliseconds.
  static let first = 200
  static let longest = 5_000

  private var ceiling = Self.first

  /// Milliseconds, between half the present ceiling and the ceiling.
  mutating func next(using random: inout some RandomNumberGenerator) -> Int {
    defer { ceiling = min(ceiling * 2, Self.longest) }
    return Int.random(in: (ceiling / 2)...ceiling, using: &random)
  }

  mutating func reset() {
    ceiling = Self.first
  }
}
