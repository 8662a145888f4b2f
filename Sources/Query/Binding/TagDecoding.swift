// SPDX-License-Identifier: Apache-2.0

internal import Catalog
internal import Telemetry

/// Where an expression over tag-set tags is computed.
enum Stage {
  /// Over the table's rows.
  case rows
  /// Over groups by tag set: the row's columns are gone but for the group's.
  case groups
}

/// From tag sets to values, in the engine, so that HAVING, ORDER BY and LIMIT are exact.
extension TableScope {
  /// A tag's value as it is shown.
  func shown(_ tag: BoundTag, at stage: Stage) -> Scalar {
    guard tag.isDecoded else {
      if let name = tag.attribute, let names = column(Self.attributeNames) {
        return Scalar(
          sql: "\(tag.column)[indexOf(\(names), \(literal: name))]", type: .text)
      }
      guard tag.declaration.kind == .linkAddress else { return shown(tag.column) }
      return Scalar(sql: "lower(MACNumToString(\(tag.column)))", type: .text)
    }
    let decoded = decoded(tag)
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

  /// What to group rows by so that the tag can be decoded from each group: the tag set, and the
  /// address where it is shown instead.
  func groupParts(_ tag: BoundTag) -> [AggregatePlan.Part] {
    guard tag.isDecoded else { return [] }
    let tagSet = AggregatePlan.Part(tag.column)
    guard tag.fallsBackToAddress, let address = addressColumn(tag) else { return [tagSet] }
    let shown: EngineSQL = "if(\(isUnknown(tag)), \(address), toIPv6('::'))"
    return [tagSet, AggregatePlan.Part(sql: shown, name: addressName(tag))]
  }

  /// IPv4 dotted, without the `::ffff:` it is mapped with.
  ///
  /// Not by replaceRegexpOne: the engine's 25.8 gives an empty text where the pattern does not match.
  static func text(ofAddress address: EngineSQL) -> EngineSQL {
    "if(match(toString(\(address)), '^::ffff:[0-9.]+$'), "
      + "substring(toString(\(address)), 8), toString(\(address)))"
  }

  private func decoded(_ tag: BoundTag) -> EngineSQL {
    let known = values(of: tag)
    guard !known.isEmpty else { return "''" }
    let numbers = EngineSQL.list(known.map(\.tagSet))
    let texts = EngineSQL.list(literals: known.map(\.value))
    return "transform(\(tag.column), [\(numbers)], [\(texts)], '')"
  }

  /// The tag sets in which the tag has a value.
  func values(of tag: BoundTag) -> [(tagSet: UInt32, value: String)] {
    guard let index = TagSet.names.firstIndex(of: tag.declaration.name) else { return [] }
    return tagSets.compactMap { tagSet in
      guard index < tagSet.values.count, !tagSet.values[index].isEmpty else { return nil }
      return (tagSet.number, tagSet.values[index])
    }
  }

  /// The column with the address of the tag's side.
  func addressColumn(_ tag: BoundTag) -> ColumnDeclaration? { column("ip" + tag.suffix) }

  /// True for rows of whose end nothing is known but the address, which then stands for its name.
  func isUnknown(_ tag: BoundTag) -> EngineSQL { "\(tag.column) = 0" }

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
