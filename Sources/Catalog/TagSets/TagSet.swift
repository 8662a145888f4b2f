// SPDX-License-Identifier: Apache-2.0

package import Telemetry

/// One combination of everything that is true of one end of a call: the resources that it is, each in
/// the version of that time. Never changes: when one of them does, another tag set begins.
package struct TagSet: Hashable, Sendable, BitwiseCopyable {
  /// Numbers of ``ResourceVersion``; 0 where there is none.
  package struct Members: Hashable, Sendable, BitwiseCopyable {
    package var autoService: UInt32 = 0
    package var autoInstance: UInt32 = 0
    package var host: UInt32 = 0
    package var process: UInt32 = 0
    package var container: UInt32 = 0
    package var pod: UInt32 = 0
    package var workload: UInt32 = 0
    package var namespace: UInt32 = 0
    package var node: UInt32 = 0
    package var service: UInt32 = 0
    package var ingress: UInt32 = 0
    package var cluster: UInt32 = 0
    package var availabilityZone: UInt32 = 0
    package var region: UInt32 = 0
    package var subnet: UInt32 = 0
    /// By what the end was known: bits of ``EndResources/Source``.
    package var source: UInt8 = 0

    package var all: [UInt32] {
      [
        autoService, autoInstance, host, process, container, pod, workload, namespace, node,
        service, ingress, cluster, availabilityZone, region, subnet,
      ]
    }
  }

  /// From 1; stored in rows as `tag_set_id`. 0 in a row is no tag set at all.
  package var number: UInt32
  package var service: UInt32
  package var serviceKind: ServiceEntry.Kind
  package var members: Members
  /// Seconds since the epoch.
  package var began: UInt32
  /// Grows with every change of the catalog.
  package var sequence: UInt64
  /// When rows were last given the number, in seconds, to within ``useSeconds``.
  package var lastUsed: UInt32

  /// How far ``lastUsed`` may lie behind: noting each use would write all the time.
  package static let useSeconds: UInt32 = 43_200
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
