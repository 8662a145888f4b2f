// SPDX-License-Identifier: Apache-2.0

/// Something to filter and group by, and where its value stands.
package struct TagDeclaration: Hashable, Sendable {
  /// Where the value of a tag comes from.
  package enum Source: Hashable, Sendable {
    /// A column of the row, under this name (with the side's suffix where the tag has sides).
    case column(String)
    /// A resource of the row's tag set.
    case resource(ResourceValue)
    /// A number of the row's tag set, by its column there.
    case tagSet(String)
    /// The row's attribute of this name; see ``attributePrefix``.
    case attribute(String)
  }

  /// A text of one of the resources that a tag set is made of.
  package struct ResourceValue: Hashable, Sendable {
    /// The column of ``TableDeclaration/tagSet`` with the resource's number.
    package var member: String
    /// Further ones, asked in this order where those before have no such property.
    package var others: [String]
    /// ``name``, ``instance``, or the name of an attribute.
    package var property: String

    package init(member: String, others: [String] = [], property: String) {
      self.member = member
      self.others = others
      self.property = property
    }

    /// All of them, in their order.
    package var members: [String] { [member] + others }

    package static let name = "name"
    /// The name with what tells it from others that are called the same.
    package static let instance = "instance"
  }

  /// Begin the names of tags that stand for an attribute of a resource, without a list of those:
  /// `k8s.label.app`. The service's goes before the pod's, as what was asked for goes before who answered.
  package static let customPrefixes = ["k8s.label.", "k8s.annotation.", "k8s.env."]
  package static let customMembers = ["pod_service", "pod", "pod_group", "pod_ns", "pod_node"]

  /// How values read, and which operators make sense.
  package enum Kind: String, Hashable, Sendable {
    case string, integer = "int", address = "ip", time, enumeration = "int_enum", resource, id
    /// A set of named bits; conditions take a bit by its name.
    case bits = "bit_enum"
    /// A 48-bit link address, stored as a number.
    case linkAddress = "mac"
  }

  /// Begins the name of a tag that stands for an attribute: `attribute.kafka.topic`. There is no list of
  /// those: a row that has no such attribute has the empty value.
  package static let attributePrefix = "attribute."

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

/// Many tags at once: a line of a table each.
extension TagDeclaration {
  typealias Line = (name: String, kind: Kind, display: String, about: String)

  /// Tags of one category, one for the row.
  static func singles(_ category: String, _ lines: [Line]) -> [TagDeclaration] {
    tags(category, lines, sides: false)
  }

  /// Tags of one category, one for each side.
  static func pairs(_ category: String, _ lines: [Line]) -> [TagDeclaration] {
    tags(category, lines, sides: true)
  }

  typealias ResourceLine = (
    name: String, member: String, property: String, display: String, about: String
  )

  /// Tags of the resources that each side is.
  static func resources(_ category: String, _ lines: [ResourceLine]) -> [TagDeclaration] {
    lines.map { line in
      TagDeclaration(
        line.name, .resource,
        source: .resource(ResourceValue(member: line.member, property: line.property)),
        sides: true, display: line.display, category: category, about: line.about)
    }
  }

  private static func tags(
    _ category: String, _ lines: [Line], sides: Bool
  ) -> [TagDeclaration] {
    lines.map { line in
      TagDeclaration(
        line.name, line.kind, sides: sides, display: line.display, category: category,
        about: line.about)
    }
  }

  /// A tag whose numbers, or bits, have names.
  static func enumeration(
    _ name: String, _ kind: Kind = .enumeration, sides: Bool = false,
    values: KeyValuePairs<Int, String>, display: String, category: String, about: String
  ) -> TagDeclaration {
    TagDeclaration(
      name, kind, sides: sides, values: values.map { EnumerationValue($0.key, $0.value) },
      display: display, category: category, about: about)
  }
}
