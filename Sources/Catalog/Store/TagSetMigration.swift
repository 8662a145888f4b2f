// SPDX-License-Identifier: Apache-2.0

import Foundation
import GRDB
import Telemetry

/// From tag sets with their values in them to tag sets of resources. Numbers that rows have stay valid:
/// each old set becomes one of resources that are told apart by what it said, and that nothing new is.
enum TagSetMigration {
  static func run(_ database: Database) throws {
    try database.execute(
      sql: """
        ALTER TABLE agent ADD COLUMN last_seen INTEGER NOT NULL DEFAULT 0;
        CREATE TABLE number_lease (
          space INTEGER NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL,
          holder INTEGER NOT NULL, PRIMARY KEY (space, first)) WITHOUT ROWID;
        CREATE TABLE resource (
          number INTEGER PRIMARY KEY, kind INTEGER NOT NULL, scope_kind INTEGER NOT NULL,
          scope TEXT NOT NULL, id TEXT NOT NULL, entity INTEGER NOT NULL, name TEXT NOT NULL,
          instance TEXT NOT NULL, parents TEXT NOT NULL, attributes TEXT NOT NULL,
          valid_from INTEGER NOT NULL, valid_to INTEGER NOT NULL, sequence INTEGER NOT NULL);
        ALTER TABLE tag_set RENAME TO old_tag_set;
        CREATE TABLE tag_set (
          number INTEGER PRIMARY KEY, service INTEGER NOT NULL, service_kind INTEGER NOT NULL,
          auto_service INTEGER NOT NULL, auto_instance INTEGER NOT NULL, host INTEGER NOT NULL,
          process INTEGER NOT NULL, container INTEGER NOT NULL, began INTEGER NOT NULL,
          sequence INTEGER NOT NULL, last_used INTEGER NOT NULL);
        """)
    var converter = Converter(now: UInt32(clamping: Int64(Date().timeIntervalSince1970)))
    let rows = try Row.fetchCursor(database, sql: "SELECT * FROM old_tag_set ORDER BY number")
    while let row = try rows.next() { try converter.convert(row, database) }
    try database.execute(sql: "DROP TABLE old_tag_set")
    for (space, table) in [
      (NumberSpace.tagSet, "tag_set"), (.resource, "resource"), (.entity, "resource"),
      (.service, "service"), (.process, "process"),
    ] {
      let last = try Int.fetchOne(database, sql: "SELECT max(number) FROM \(table)") ?? 0
      guard last > 0 else { continue }
      try database.execute(
        sql: "INSERT INTO number_lease VALUES (?, 1, ?, 0)", arguments: [space.rawValue, last])
    }
  }

  private struct Converter {
    private struct Key: Hashable {
      var kind: ResourceKind
      var content: ResourceVersion.Content
    }

    let now: UInt32
    private var numbers: [Key: UInt32] = [:]
    private var sequence: UInt64

    init(now: UInt32) {
      self.now = now
      sequence = UInt64(now) << 8
    }

    /// A set's values stood in a JSON object of those that were not empty.
    mutating func convert(_ row: Row, _ database: Database) throws {
      let text: String = try row.text("tags")
      let tags = try JSONDecoder().decode([String: String].self, from: Data(text.utf8))
      func tag(_ name: String) -> String { tags[name] ?? "" }
      let host = try version(.host, tag("host"), instance: tag("host"), database)
      let kind = ServiceEntry.Kind(rawValue: try row.number("service_kind"))
      var members = TagSet.Members(autoService: host, autoInstance: host, host: host)
      members.container = try version(
        .container, tag("container"), instance: tag("container"), database)
      if kind != .host {
        let attributes = ["os_user", "command_line"].map {
          ResourceReport.Attribute($0, tag($0))
        }
        members.process = try version(
          .process, tag("gprocess"), instance: tag("auto_instance"),
          parents: host == 0 ? [] : [host], attributes: attributes.filter { !$0.value.isEmpty },
          database)
        members.autoService = members.process
        members.autoInstance = members.process
      }
      sequence += 1
      try database.cachedStatement(
        sql: "INSERT INTO tag_set VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
      ).execute(arguments: [
        try row.number("number") as Int, try row.number("service") as Int, Int(kind.rawValue),
        Int(members.autoService), Int(members.autoInstance), Int(members.host),
        Int(members.process), Int(members.container), Int(now), Int64(sequence), Int(now),
      ])
    }

    /// The number of a resource that is told by what it was; 0 for one without a name.
    private mutating func version(
      _ kind: ResourceKind, _ name: String, instance: String, parents: [UInt32] = [],
      attributes: [ResourceReport.Attribute] = [], _ database: Database
    ) throws -> UInt32 {
      guard !name.isEmpty else { return 0 }
      let key = Key(
        kind: kind,
        content: ResourceVersion.Content(
          name: name, instance: instance, parents: parents, attributes: attributes))
      if let known = numbers[key] { return known }
      let number = UInt32(numbers.count + 1)
      numbers[key] = number
      sequence += 1
      try CatalogStore.write(
        ResourceVersion(
          number: number, identity: ResourceIdentity(kind, in: .everywhere, id: "\(number)"),
          entity: number, content: key.content, validFrom: now, validTo: now,
          sequence: sequence), to: database)
      return number
    }
  }
}
