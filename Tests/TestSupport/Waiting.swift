// SPDX-License-Identifier: Apache-2.0

/// What did not come to be in the time that it was given.
package struct WaitedInVain: Error, CustomStringConvertible {
  package let description: String
}

/// Between two questions.
private let pause = Duration.milliseconds(20)

/// Asks again and again until `condition` gives a value.
///
/// - Parameter what: what is waited for, for the one who reads that it did not come.
/// - Throws: ``WaitedInVain``, or what `condition` throws.
package func eventually<Value>(
  _ what: String, within limit: Duration = .seconds(120),
  isolation: isolated (any Actor)? = #isolation, _ condition: () async throws -> Value?
) async throws -> Value {
  let deadline = ContinuousClock.now + limit
  while true {
    if let value = try await condition() { return value }
    guard ContinuousClock.now < deadline else {
      throw WaitedInVain(description: "waited \(limit) in vain: \(what)")
    }
    try await Task.sleep(for: pause)
  }
}

/// Asks again and again until `condition` holds; false when it does not in time.
package func eventually(
  within limit: Duration = .seconds(120), _ condition: () async throws -> Bool
) async rethrows -> Bool {
  let deadline = ContinuousClock.now + limit
  while ContinuousClock.now < deadline {
    if try await condition() { return true }
    try? await Task.sleep(for: pause)
  }
  return try await condition()
}
