// SPDX-License-Identifier: Apache-2.0

package import Telemetry

/// One combination of everything that is true of one end of a call. Never changes: when one of the
/// values does, another tag set begins.
package struct TagSet: Hashable, Sendable {
  /// From 1; stored in rows as `tag_set_id`. 0 in a row is no tag set at all.
  package let number: UInt32
  package let service: UInt32
  package let serviceKind: ServiceEntry.Kind
  /// In the order of ``names``.
  package let values: [String]

  package init(number: UInt32, service: UInt32, serviceKind: ServiceEntry.Kind, values: [String]) {
    self.number = number
    self.service = service
    self.serviceKind = serviceKind
    self.values = values
  }

  /// The tags whose values stand in tag sets, as Telemetry declares them.
  package static let names: [String] = TagDeclaration.builtIn.compactMap {
    $0.source == .tagSet ? $0.name : nil
  }

  /// The value of the tag called `name` (without a side); empty for a tag without a value here and
  /// for an unknown name.
  package func value(of name: String) -> String {
    guard let index = Self.names.firstIndex(of: name), index < values.count else { return "" }
    return values[index]
  }
}

/// What a row carries of one of its ends.
package struct EndTags: Hashable, Sendable, BitwiseCopyable {
  /// Number of the ``TagSet``; 0 unknown.
  package var tagSet: UInt32
  /// Number of the ``ServiceEntry``; 0 where the kind has none.
  package var service: UInt32
  package var serviceKind: ServiceEntry.Kind

  package init(tagSet: UInt32, service: UInt32, serviceKind: ServiceEntry.Kind) {
    self.tagSet = tagSet
    self.service = service
    self.serviceKind = serviceKind
  }

  /// Nothing is known but the address.
  package init(unknown address: IPAddress) {
    self.init(tagSet: 0, service: 0, serviceKind: address.isPublic ? .internet : .address)
  }
}

extension IPAddress {
  /// Whether the address may belong to anyone on the internet: not unspecified, loopback, link-local
  /// (RFC 3927, RFC 4291), private (RFC 1918, RFC 4193), shared (RFC 6598) or multicast.
  var isPublic: Bool {
    if isUnspecified || isLoopback { return false }
    guard isV4 else {
      let first = high >> 48
      return first & 0xffc0 != 0xfe80 && first & 0xfe00 != 0xfc00 && first & 0xff00 != 0xff00
    }
    return switch v4 >> 24 {
    case 0, 10, 127, 224...255: false
    case 100: v4 >> 22 != 0x64400000 >> 22
    case 169: v4 >> 16 != 0xa9fe
    case 172: v4 >> 20 != 0xac1
    case 192: v4 >> 16 != 0xc0a8
    default: true
    }
  }
}
