// SPDX-License-Identifier: Apache-2.0

/// Something to filter and group by, and where its value stands.
package struct TagDeclaration: Hashable, Sendable {
  /// Where the value of a tag comes from.
  package enum Source: Hashable, Sendable {
    /// A column of the row, under this name (with the side's suffix where the tag has sides).
    case column(String)
    /// The row's tag set: the catalog knows the value under the tag's name.
    case tagSet
  }

  /// How values read, and which operators make sense.
  package enum Kind: String, Hashable, Sendable {
    case string, integer = "int", address = "ip", time, enumeration = "int_enum", resource, id
    /// A set of named bits; conditions take a bit by its name.
    case bits = "bit_enum"
    /// A 48-bit link address, stored as a number.
    case linkAddress = "mac"
  }

  /// The name without a side's suffix.
  package var name: String
  /// Whether two-sided tables have `name_0` (client) and `name_1` (server).
  package var hasSides: Bool
  package var kind: Kind
  package var source: Source
  /// The names of an enumeration's numbers, or of single bits; empty for other kinds.
  package var values: [EnumerationValue]
  package var displayName: String
  package var category: String
  package var about: String

  package struct EnumerationValue: Hashable, Sendable {
    package var number: Int
    package var name: String

    package init(_ number: Int, _ name: String) {
      self.number = number
      self.name = name
    }
  }

  package init(
    _ name: String, _ kind: Kind, source: Source? = nil, sides: Bool = false,
    values: [EnumerationValue] = [], display: String, category: String, about: String
  ) {
    self.name = name
    self.hasSides = sides
    self.kind = kind
    self.source = source ?? .column(name)
    self.values = values
    self.displayName = display
    self.category = category
    self.about = about
  }
}
