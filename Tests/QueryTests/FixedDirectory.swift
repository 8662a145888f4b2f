// SPDX-License-Identifier: Apache-2.0

import Catalog

/// A small world: nginx on two hosts, a database, and a host of which no process is known.
struct FixedDirectory: TagDirectory {
  private static let values: [[String: String]] = [
    ["auto_service": "nginx", "auto_instance": "nginx@web-1", "host": "web-1"],
    ["auto_service": "nginx", "auto_instance": "nginx@web-2", "host": "web-2"],
    ["auto_service": "mariadbd", "auto_instance": "mariadbd@db-1", "host": "db-1"],
    ["auto_service": "web-1", "auto_instance": "web-1", "host": "web-1"],
  ]
  /// The moment of a request, in seconds.
  static let now: Int64 = 1_790_000_400

  /// How many tag sets without a value of interest stand behind the four.
  var others = 0

  func tagSets() -> [TagSet] {
    (1...Self.values.count + others).compactMap { tagSet(UInt32($0)) }
  }

  func tagSet(_ number: UInt32) -> TagSet? {
    guard number > 0, Int(number) <= Self.values.count + others else { return nil }
    let values =
      Int(number) <= Self.values.count
      ? Self.values[Int(number) - 1] : ["auto_service": "job-\(number)"]
    return TagSet(
      number: number, service: number, serviceKind: .process,
      values: TagSet.names.map { values[$0] ?? "" })
  }

  func services() -> [ServiceEntry] { [] }
  func service(_ number: UInt32) -> ServiceEntry? { nil }
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
