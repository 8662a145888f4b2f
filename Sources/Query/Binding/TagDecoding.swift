// SPDX-License-Identifier: Apache-2.0

internal import Catalog
internal import Telemetry

/// Where an expression over tag-set tags is computed.
enum Stage {
  /// Over the table's rows.
  case rows
  /// Over groups by resource: the row's columns are gone but for the group's.
  case groups
}

/// From tag sets to values, in the engine, so that HAVING, ORDER BY and LIMIT are exact.
extension TableScope {
  /// A tag's value as it is shown.
  func shown(_ tag: BoundTag, at stage: Stage) -> Scalar {
    guard let resource = tag.resource else {
      if let name = tag.attribute, let names = column(Self.attributeNames) {
        return Scalar(
          sql: "\(tag.column)[indexOf(\(names), \(literal: name))]", type: .text)
      }
      if case .tagSet = tag.declaration.source { return Scalar(sql: tag.value, type: .integer) }
      guard tag.declaration.kind == .linkAddress else { return shown(tag.column) }
      return Scalar(sql: "lower(MACNumToString(\(tag.column)))", type: .text)
    }
    let decoded = Self.text(
      resource.property,
      of: resource.members.map {
        stage == .rows ? Self.tagSetNumber($0, of: tag.column) : numberName(tag, $0)
      })
    guard tag.fallsBackToAddress, let address = addressColumn(tag) else {
      return Scalar(sql: decoded, type: .text)
    }
    switch stage {
    case .rows:
      let text = Self.text(ofAddress: "\(address)")
      return Scalar(sql: "if(\(isUnknown(tag)), \(text), \(decoded))", type: .text)
    case .groups:
      let name = addressName(tag)
      let text = Self.text(ofAddress: name)
      return Scalar(sql: "if(\(name) != toIPv6('::'), \(text), \(decoded))", type: .text)
    }
  }

  /// A column's value as it is shown: addresses as text, times as numbers.
  func shown(_ column: ColumnDeclaration) -> Scalar {
    switch column.type {
    case .ipv6: Scalar(sql: Self.text(ofAddress: "\(column)"), type: .text)
    case .dateTime: Scalar(sql: "toUnixTimestamp(\(column))", type: .integer, unit: "s")
    case .dateTimeMicroseconds:
      Scalar(sql: "toUnixTimestamp64Micro(\(column))", type: .integer, unit: "us")
    default: Scalar(sql: "\(column)", type: column.type.valueType)
    }
  }

  /// What to group rows by so that the tag can be decoded from each group: the resource's number, and
  /// the address where it is shown instead.
  func groupParts(_ tag: BoundTag) -> [AggregatePlan.Part] {
    guard let resource = tag.resource else { return [] }
    let numbers = resource.members.map {
      AggregatePlan.Part(sql: Self.tagSetNumber($0, of: tag.column), name: numberName(tag, $0))
    }
    guard tag.fallsBackToAddress, let address = addressColumn(tag) else { return numbers }
    let shown: EngineSQL = "if(\(isUnknown(tag)), \(address), toIPv6('::'))"
    return numbers + [AggregatePlan.Part(sql: shown, name: addressName(tag))]
  }

  /// IPv4 dotted, without the `::ffff:` it is mapped with.
  ///
  /// Not by replaceRegexpOne: the engine's 25.8 gives an empty text where the pattern does not match.
  static func text(ofAddress address: EngineSQL) -> EngineSQL {
    "if(match(toString(\(address)), '^::ffff:[0-9.]+$'), "
      + "substring(toString(\(address)), 8), toString(\(address)))"
  }

  /// A number of a row's tag set; 0 where it has none.
  static func tagSetNumber(_ member: String, of column: ColumnDeclaration) -> EngineSQL {
    "dictGet(\(literal: dictionary(of: .tagSet)), \(literal: member), \(column))"
  }

  /// What that number is called in groups.
  private func numberName(_ tag: BoundTag, _ member: String) -> EngineSQL {
    let name = Self.member(member)
    return switch tag.suffix {
    case "_0": "\(name)_number_0"
    case "_1": "\(name)_number_1"
    default: "\(name)_number"
    }
  }

  /// The property of the first of the resources that has it.
  private static func text(_ property: String, of numbers: [EngineSQL]) -> EngineSQL {
    let texts = numbers.map { text(property, of: $0) }
    guard texts.count > 1 else { return texts.first ?? "''" }
    return "coalesce(\(texts.map { "nullIf(\($0), '')" as EngineSQL }.joined(", ")), '')"
  }

  /// A property of the resource with a number. Names are in the engine's memory; of other attributes the
  /// pairs of number and value are read, once a statement.
  private static func text(_ property: String, of number: EngineSQL) -> EngineSQL {
    if TableDeclaration.resource.dictionary?.columns.contains(property) == true {
      return "dictGet(\(literal: dictionary(of: .resource)), \(literal: property), \(number))"
    }
    // Sorted, so that both halves have the same order.
    let pairs: EngineSQL =
      "(SELECT arraySort(groupArray((number, value))) FROM \(TableDeclaration.attribute) "
      + "WHERE name = \(literal: property))"
    return "transform(\(number), tupleElement(\(pairs), 1), tupleElement(\(pairs), 2), '')"
  }

  private static func dictionary(of table: TableDeclaration) -> String {
    table.dictionary?.qualifiedName ?? ""
  }

  /// A column of the table of tag sets.
  static func member(_ name: String) -> EngineSQL {
    TableDeclaration.tagSet.columns.first { $0.name == name }.map { "\($0)" } ?? "number"
  }

  /// The column with the address of the tag's side.
  func addressColumn(_ tag: BoundTag) -> ColumnDeclaration? { column("ip" + tag.suffix) }

  /// True for rows of whose end no name is known, so that the address stands for it.
  func isUnknown(_ tag: BoundTag) -> EngineSQL {
    guard let resource = tag.resource else { return "0" }
    return "\(Self.tagSetNumber(resource.member, of: tag.column)) = 0"
  }

  private func addressName(_ tag: BoundTag) -> EngineSQL {
    switch tag.suffix {
    case "_0": "address_0"
    case "_1": "address_1"
    default: "address"
    }
  }
}

extension TableScope.BoundTag {
  /// Whether the end's address is shown where the tag set has no name for it.
  var fallsBackToAddress: Bool {
    isDecoded && declaration.name.hasPrefix("auto_")
  }

  func enumerationValues(_ directory: any TagDirectory) -> [(number: Int, name: String)] {
    declaration.enumerationValues(directory)
  }
}

extension TagDeclaration {
  /// The names of the tag's numbers, or of its bits; empty when it has none.
  func enumerationValues(_ directory: any TagDirectory) -> [(number: Int, name: String)] {
    guard kind == .enumeration || kind == .bits else { return [] }
    if values.isEmpty { return directory.protocols().map { (Int($0.number), $0.name) } }
    return values.map { ($0.number, $0.name) }
  }
}

extension AggregatePlan.Part {
  init(_ column: ColumnDeclaration) {
    self.init(sql: "\(column)", name: "\(column)")
  }
}
