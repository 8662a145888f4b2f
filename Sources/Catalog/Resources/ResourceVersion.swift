// SPDX-License-Identifier: Apache-2.0

package import Telemetry

/// What was true of a resource for a while.
package struct ResourceVersion: Hashable, Sendable {
  /// From 1; stands in tag sets.
  package var number: UInt32
  package var identity: ResourceIdentity
  /// The resource itself, over all its versions.
  package var entity: UInt32
  package var content: Content
  /// Seconds since the epoch; `validTo` is 0 while it is valid.
  package var validFrom: UInt32
  package var validTo: UInt32
  /// Grows with every change of the catalog.
  package var sequence: UInt64

  /// What one version differs in from the next.
  package struct Content: Hashable, Sendable {
    package var name: String
    /// The name with what tells it from others that are called the same.
    package var instance: String
    /// Versions of what it is part of.
    package var parents: [UInt32] = []
    /// Without empty values.
    package var attributes: [ResourceReport.Attribute] = []
  }
}

extension ResourceVersion.Content {
  /// Ends a name and a value in the stored form. No name or value has a control character.
  private static let betweenNameAndValue = "\u{1f}"
  private static let betweenAttributes = "\u{1e}"

  var parentText: String { parents.map(String.init).joined(separator: ",") }

  var attributeText: String {
    attributes.map { $0.name + Self.betweenNameAndValue + $0.value }
      .joined(separator: Self.betweenAttributes)
  }

  init(name: String, instance: String, parentText: String, attributeText: String) {
    self.name = name
    self.instance = instance
    parents = parentText.split(separator: ",").compactMap { UInt32($0) }
    attributes = attributeText.split(separator: Self.betweenAttributes).map { text in
      let parts = text.split(separator: Self.betweenNameAndValue, omittingEmptySubsequences: false)
      return .init(String(parts[0]), parts.count > 1 ? String(parts[1]) : "")
    }
  }

  /// Tells this content from others; the same within one run of the program only.
  var fingerprint: Int {
    Self.fingerprint(
      name: name, instance: instance, parentText: parentText, attributeText: attributeText)
  }

  static func fingerprint(
    name: String, instance: String, parentText: String, attributeText: String
  ) -> Int {
    var hasher = Hasher()
    for text in [name, instance, parentText, attributeText] { hasher.combine(text) }
    return hasher.finalize()
  }
}
