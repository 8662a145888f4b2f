// SPDX-License-Identifier: Apache-2.0

import GRDB
import Telemetry

/// Resources, tag sets and what they are numbered with.
extension CatalogStore {
  static func writeTags(_ change: CatalogChange, to database: Database) throws {
    switch change {
    case .agentSeen(let agent, let second):
      try database.cachedStatement(sql: "UPDATE agent SET last_seen = ? WHERE number = ?")
        .execute(arguments: [Int(second), Int(agent)])
    case .resource(let version):
      try write(version, to: database)
    case .resourceEnded(let number, let second, let sequence):
      try database.cachedStatement(
        sql: "UPDATE resource SET valid_to = ?, sequence = ? WHERE number = ?"
      ).execute(arguments: [Int(second), Int64(sequence), Int(number)])
    case .tagSet(let entry):
      try write(entry, to: database)
    case .used(let numbers, let second):
      let statement = try database.cachedStatement(
        sql: "UPDATE tag_set SET last_used = ? WHERE number = ?")
      for number in numbers { try statement.execute(arguments: [Int(second), Int(number)]) }
    case .gone(let retirement):
      try delete(retirement.tagSets, from: "tag_set", database)
      try delete(retirement.resources, from: "resource", database)
    case .servicesGone(let numbers):
      try delete(numbers, from: "service", database)
    case .processesGone(let numbers):
      try delete(numbers, from: "process", database)
    case .cluster(let key, let id):
      try database.cachedStatement(sql: "INSERT OR REPLACE INTO cluster VALUES (?, ?)")
        .execute(arguments: [key, id])
    default: break
    }
  }

  private static func delete(
    _ numbers: [UInt32], from table: String, _ database: Database
  ) throws {
    let statement = try database.cachedStatement(sql: "DELETE FROM \(table) WHERE number = ?")
    for number in numbers { try statement.execute(arguments: [Int(number)]) }
  }

  static func write(_ version: ResourceVersion, to database: Database) throws {
    let (identity, content) = (version.identity, version.content)
    try database.cachedStatement(
      sql: "INSERT INTO resource VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
    ).execute(arguments: [
      Int(version.number), Int(identity.kind.rawValue), Int(identity.scope.kind.rawValue),
      identity.scope.id, identity.id, Int(version.entity), content.name, content.instance,
      content.parentText, content.attributeText, Int(version.validFrom), Int(version.validTo),
      Int64(version.sequence),
    ])
  }

  static func write(_ entry: TagSet, to database: Database) throws {
    let members = entry.members
    try database.cachedStatement(
      sql: """
        INSERT INTO tag_set (
          number, service, service_kind, auto_service, auto_instance, host, process, container,
          began, sequence, last_used, pod, workload, namespace, node, pod_service, ingress, cluster,
          az, region, subnet, source)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        """
    ).execute(arguments: [
      Int(entry.number), Int(entry.service), Int(entry.serviceKind.rawValue),
      Int(members.autoService), Int(members.autoInstance), Int(members.host),
      Int(members.process), Int(members.container), Int(entry.began), Int64(entry.sequence),
      Int(entry.lastUsed), Int(members.pod), Int(members.workload), Int(members.namespace),
      Int(members.node), Int(members.service), Int(members.ingress), Int(members.cluster),
      Int(members.availabilityZone), Int(members.region), Int(members.subnet),
      Int(members.source),
    ])
  }

  /// A block of numbers that nobody else gets, behind all that were leased; fewer than `count` where
  /// the space ends, and nil where it has ended.
  func lease(
    _ space: NumberSpace, count: Int, holder: UInt16
  ) throws(CatalogError) -> ClosedRange<UInt32>? {
    try writing("a lease of numbers") { database in
      let last =
        try Int.fetchOne(
          database, sql: "SELECT max(last) FROM number_lease WHERE space = ?",
          arguments: [space.rawValue]) ?? 0
      let end = min(last + count, Int(space.largest))
      guard end > last else { return nil }
      try database.execute(
        sql: "INSERT INTO number_lease VALUES (?, ?, ?, ?)",
        arguments: [space.rawValue, last + 1, end, Int(holder)])
      return UInt32(last + 1)...UInt32(end)
    }
  }

  func resources(_ numbers: [UInt32]) throws(CatalogError) -> [ResourceVersion] {
    try reading("resources") { database in
      try Self.rows(numbers, of: "resource", database).map { try ResourceVersion(row: $0) }
    }
  }

  func tagSets(_ numbers: [UInt32]) throws(CatalogError) -> [TagSet] {
    try reading("tag sets") { database in
      try Self.rows(numbers, of: "tag_set", database).map { try TagSet(row: $0) }
    }
  }

  private static func rows(
    _ numbers: [UInt32], of table: String, _ database: Database
  ) throws -> [Row] {
    let statement = try database.cachedStatement(sql: "SELECT * FROM \(table) WHERE number = ?")
    var rows: [Row] = []
    for number in Set(numbers).sorted() {
      if let row = try Row.fetchOne(statement, arguments: [Int(number)]) { rows.append(row) }
    }
    return rows
  }

  func blocks(_ space: NumberSpace) throws(CatalogError) -> [NumberBlock] {
    try reading("numbers") { database in
      try Row.fetchAll(
        database,
        sql: """
          SELECT number / \(NumberBlock.size) AS block, count(*) AS numbers,
            sum(sequence) AS sequences FROM \(space == .tagSet ? "tag_set" : "resource")
          GROUP BY block ORDER BY block
          """
      ).map { row in
        NumberBlock(
          index: try row.number("block"), count: try row.number("numbers"),
          sequences: try row.number("sequences"))
      }
    }
  }
}

/// What there is of some numbers that follow each other: enough to see whether two sides have the same.
package struct NumberBlock: Hashable, Sendable {
  package static let size = 4_096

  package var index: Int
  package var count: Int
  /// The sum of the latest sequence of each.
  package var sequences: UInt64

  package init(index: Int, count: Int, sequences: UInt64) {
    self.index = index
    self.count = count
    self.sequences = sequences
  }

  /// Every number in it, whether it is given or not.
  package var numbers: Range<UInt32> {
    UInt32(index * Self.size)..<UInt32((index + 1) * Self.size)
  }
}

extension TagSet {
  init(row: Row) throws {
    self.init(
      number: try row.number("number"), service: try row.number("service"),
      serviceKind: .init(rawValue: try row.number("service_kind")),
      members: Members(
        autoService: try row.number("auto_service"),
        autoInstance: try row.number("auto_instance"), host: try row.number("host"),
        process: try row.number("process"), container: try row.number("container"),
        pod: try row.number("pod"), workload: try row.number("workload"),
        namespace: try row.number("namespace"), node: try row.number("node"),
        service: try row.number("pod_service"), ingress: try row.number("ingress"),
        cluster: try row.number("cluster"), availabilityZone: try row.number("az"),
        region: try row.number("region"), subnet: try row.number("subnet"),
        source: try row.number("source")),
      began: try row.number("began"), sequence: try row.number("sequence"),
      lastUsed: try row.number("last_used"))
  }
}

extension ResourceVersion {
  init(row: Row) throws {
    self.init(
      number: try row.number("number"), identity: try row.identity(),
      entity: try row.number("entity"),
      content: Content(
        name: try row.text("name"), instance: try row.text("instance"),
        parentText: try row.text("parents"), attributeText: try row.text("attributes")),
      validFrom: try row.number("valid_from"), validTo: try row.number("valid_to"),
      sequence: try row.number("sequence"))
  }
}

extension CatalogContents {
  static func versions(_ database: Database) throws -> [Version] {
    var versions: [Version] = []
    let rows = try Row.fetchCursor(database, sql: "SELECT * FROM resource ORDER BY number")
    while let row = try rows.next() {
      var version = Version(
        number: try row.number("number"), entity: try row.number("entity"),
        sequence: try row.number("sequence"))
      let identity = try row.identity()
      if try row.number("valid_to") as UInt32 == 0 || identity.kind.isWatched {
        version.known = (
          identity,
          ResourceVersion.Content.fingerprint(
            name: try row.text("name"), instance: try row.text("instance"),
            parentText: try row.text("parents"), attributeText: try row.text("attributes"))
        )
      }
      versions.append(version)
    }
    return versions
  }

  static func leases(
    _ database: Database, holder: UInt16
  ) throws -> [NumberSpace: [ClosedRange<UInt32>]] {
    var leases: [NumberSpace: [ClosedRange<UInt32>]] = [:]
    let rows = try Row.fetchAll(
      database, sql: "SELECT * FROM number_lease WHERE holder = ?", arguments: [Int(holder)])
    for row in rows {
      guard let space = NumberSpace(rawValue: try row.number("space")) else { continue }
      let (first, last): (UInt32, UInt32) = (try row.number("first"), try row.number("last"))
      guard first > 0, first <= last else { continue }
      leases[space, default: []].append(first...last)
    }
    return leases
  }
}

extension Row {
  fileprivate func identity() throws -> ResourceIdentity {
    ResourceIdentity(
      ResourceKind(rawValue: try number("kind")),
      in: ResourceScope(
        ResourceScope.Kind(rawValue: try number("scope_kind")) ?? .everywhere, try text("scope")),
      id: try text("id"))
  }
}
