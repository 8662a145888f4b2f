// SPDX-License-Identifier: Apache-2.0

import Catalog

/// What a query needs of the catalog; the names of tag sets are in the engine, see EngineFixture.
struct FixedDirectory: TagDirectory {
  /// The moment of a request, in seconds.
  static let now: Int64 = 1_790_000_400

  func agents() -> [AgentEntry] { [] }
  func hosts() -> [HostEntry] { [] }

  func protocols() -> [ProtocolEntry] {
    [
      .init(number: 20, name: "HTTP"), .init(number: 60, name: "MySQL"),
      .init(number: 61, name: "PostgreSQL"), .init(number: 80, name: "Redis"),
      .init(number: 120, name: "DNS"),
    ]
  }
}
