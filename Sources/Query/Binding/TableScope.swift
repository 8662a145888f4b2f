// SPDX-License-Identifier: Apache-2.0

internal import Bytes
internal import Catalog
package import Telemetry

/// The names that a query over one table may use, and what they mean there.
package struct TableScope: Sendable {
  package let table: TableDeclaration
  let directory: any TagDirectory
  /// The moment of the request, in seconds.
  let now: Int64
  /// Every tag of the table, in the order of their declaration, client before server.
  let tags: [BoundTag]

  init(table: TableDeclaration, directory: any TagDirectory, now: Int64) {
    self.table = table
    self.directory = directory
    self.now = now
    tags = Self.tags(of: table)
  }

  /// What a name stands for.
  enum Meaning {
    case tag(BoundTag)
    case metric(MetricDeclaration, MetricDeclaration.Definition)
    case column(ColumnDeclaration)
    /// A tag or column pair without its side: a condition on it holds when it holds on one side.
    case eitherSide([BoundTag])
  }

  /// A tag of this table, one side of it where it has two.
  struct BoundTag: Hashable {
    var declaration: TagDeclaration
    /// `_0`, `_1` or empty.
    var suffix: String
    /// The column with the value, or with the tag set.
    var column: ColumnDeclaration

    var name: String { declaration.name + suffix }
    /// What of which resource it is, for a tag that stands in the tag set; nil for others.
    var resource: TagDeclaration.ResourceValue? {
      if case .resource(let value) = declaration.source { value } else { nil }
    }
    var isDecoded: Bool { resource != nil }
    /// The number that a row has for it.
    var value: EngineSQL {
      guard case .tagSet(let member) = declaration.source else { return "\(column)" }
      return TableScope.tagSetNumber(member, of: column)
    }
    /// The name of the attribute that it is; nil for other tags.
    var attribute: String? {
      if case .attribute(let name) = declaration.source { name } else { nil }
    }
  }

  private static func tags(of table: TableDeclaration) -> [BoundTag] {
    TagDeclaration.builtIn.flatMap { declaration in
      (declaration.hasSides ? ["", "_0", "_1"] : [""]).compactMap { suffix in
        let base =
          switch declaration.source {
          case .column(let name): name
          case .resource, .tagSet: "tag_set_id"
          case .attribute: attributeValues
          }
        return table.columns.first { $0.name == base + suffix }.map {
          BoundTag(declaration: declaration, suffix: suffix, column: $0)
        }
      }
    }
  }

  func column(_ name: String) -> ColumnDeclaration? {
    table.columns.first { $0.name == name }
  }

  /// What `name` means in this table.
  func meaning(_ name: String, at offset: Int) throws(QueryError) -> Meaning {
    guard let meaning = meaning(name) else { throw unknown(name, at: offset) }
    return meaning
  }

  /// Nil for a name that means nothing. Which ones are near it is not looked for, which is dear.
  func meaning(_ name: String) -> Meaning? {
    if let tag = tags.first(where: { $0.name == name }) { return .tag(tag) }
    if let metric = MetricDeclaration.builtIn.first(where: { $0.name == name }),
      let definition = metric.definition(in: table)
    {
      return .metric(metric, definition)
    }
    if let column = column(name) { return .column(column) }
    if let tag = attribute(name) { return .tag(tag) }
    if let custom = custom(name) { return custom }
    let pair = pair(name)
    return pair.isEmpty ? nil : .eitherSide(pair)
  }

  /// The columns in which a row's attributes stand: the nth name is that of the nth value.
  static let attributeNames = "attribute_names"
  static let attributeValues = "attribute_values"

  /// The attribute that `name` stands for, whether or not any row has it.
  private func attribute(_ name: String) -> BoundTag? {
    let key = String(name.dropFirst(TagDeclaration.attributePrefix.count))
    guard name.hasPrefix(TagDeclaration.attributePrefix), !key.isEmpty,
      column(Self.attributeNames) != nil, let values = column(Self.attributeValues)
    else { return nil }
    let declaration = TagDeclaration(
      name, .string, source: .attribute(key), display: name, category: "Attribute", about: "")
    return BoundTag(declaration: declaration, suffix: "", column: values)
  }

  /// The attribute of a resource that `name` stands for, whether or not any resource has it.
  private func custom(_ name: String) -> Meaning? {
    guard let prefix = TagDeclaration.customPrefixes.first(where: { name.hasPrefix($0) }) else {
      return nil
    }
    let sides = table.tagSetColumns.map { (suffix: String($0.name.dropFirst(10)), column: $0) }
    let tags = sides.compactMap { side -> BoundTag? in
      let isNamed = !side.suffix.isEmpty && name.hasSuffix(side.suffix)
      let property = isNamed ? String(name.dropLast(side.suffix.count)) : name
      guard property.count > prefix.count else { return nil }
      let value = TagDeclaration.ResourceValue(
        member: TagDeclaration.customMembers[0],
        others: Array(TagDeclaration.customMembers.dropFirst()), property: property)
      return BoundTag(
        declaration: TagDeclaration(
          property, .resource, source: .resource(value), sides: !side.suffix.isEmpty,
          display: property, category: "Kubernetes", about: ""),
        suffix: side.suffix, column: side.column)
    }
    if let named = tags.first(where: { $0.name == name }) { return .tag(named) }
    return tags.count == 2 ? .eitherSide(tags) : nil
  }

  /// The two tags that `name` stands for without saying which side.
  private func pair(_ name: String) -> [BoundTag] {
    let patterns = [
      [name + "_0", name + "_1"], [name + "_request", name + "_response"],
      ["req_" + name, "resp_" + name],
    ]
    for pattern in patterns {
      let found = pattern.compactMap { wanted in tags.first { $0.name == wanted } }
      if found.count == 2 { return found }
    }
    return []
  }

  private func unknown(_ name: String, at offset: Int) -> QueryError {
    let known =
      tags.map(\.name) + MetricDeclaration.metrics(of: table).map(\.name)
      + table.columns.map(\.name)
    return QueryError(
      .unknownName, "'\(name)' is no tag, metric or column of \(table.qualifiedName)", at: offset,
      suggestions: NearestNames.of(name, in: known))
  }
}

// MARK: Tables

extension TableScope {
  /// How fine the points of a metrics table are that a query without an interval in its table's
  /// name reads.
  package enum Precision: String, Sendable, CaseIterable {
    case second = "1s"
    case minute = "1m"
    case hour = "1h"
    case day = "1d"
  }

  /// Finds the table that `name` means, with or without its database and interval.
  ///
  /// - Parameter database: The database to look in; empty for all.
  static func table(
    _ name: Name, database: String, precision: Precision
  ) throws(QueryError) -> TableDeclaration {
    let wanted = name.text.lowercased()
    func reads(_ table: TableDeclaration, as text: String) -> Bool {
      text == wanted || text == wanted + "." + precision.rawValue
    }
    let all = TableDeclaration.builtIn
    if let table = all.first(where: { reads($0, as: $0.qualifiedName) }) { return table }
    let inside = all.filter { database.isEmpty || $0.database == database }
    if let table = inside.first(where: { reads($0, as: $0.name) }) { return table }
    let place = database.isEmpty ? "" : " in database \(database)"
    if let table = all.first(where: { reads($0, as: $0.name) }) {
      throw QueryError(
        .unknownName,
        "there is no table '\(name.text)'\(place); it is in \(table.database), so write "
          + "\(table.database).\(name.text), or leave the database out", at: name.offset)
    }
    throw QueryError(
      .unknownName, "there is no table '\(name.text)'\(place)", at: name.offset,
      suggestions: NearestNames.of(name.text, in: inside.map(\.name) + all.map(\.qualifiedName)))
  }

  /// - Throws: When no table is in `database`.
  static func check(database: String, at offset: Int?) throws(QueryError) {
    let known = databases
    guard !database.isEmpty, !known.contains(database) else { return }
    throw QueryError(
      .unknownName, "there is no database '\(database)'", at: offset,
      suggestions: NearestNames.of(database, in: known))
  }

  /// Every database, in the order of the tables' declaration.
  static var databases: [String] {
    var names: [String] = []
    for table in TableDeclaration.builtIn where !names.contains(table.database) {
      names.append(table.database)
    }
    return names
  }
}
