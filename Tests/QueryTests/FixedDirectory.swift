// SPDX-License-Identifier: Apache-2.0

import Query

/// A small world: two nginx on different hosts, a database, and a host without a service.
struct FixedDirectory: TagDirectory {
  static let tagSets: [UInt32: [String: String]] = [
    1: ["auto_service": "nginx", "auto_instance": "nginx@web-1", "host": "web-1"],
    2: ["auto_service": "nginx", "auto_instance": "nginx@web-2", "host": "web-2"],
    3: ["auto_service": "mariadbd", "auto_instance": "mariadbd@db-1", "host": "db-1"],
    4: ["host": "web-1"],
  ]

  var tagSetIDs: [UInt32] { Self.tagSets.keys.sorted() }

  func value(of name: String, in tagSet: UInt32) -> String {
    Self.tagSets[tagSet]?[name] ?? ""
  }

  let protocolNames = [
    ProtocolName(20, "HTTP"), ProtocolName(60, "MySQL"), ProtocolName(61, "PostgreSQL"),
    ProtocolName(80, "Redis"), ProtocolName(120, "DNS"),
  ]
}
