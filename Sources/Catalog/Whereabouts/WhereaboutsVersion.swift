// SPDX-License-Identifier: Apache-2.0

/// What was true of a resource for a while. Never changes but for its end.
package struct WhereaboutsVersion: Sendable {
  /// A name and a value, by the numbers of their texts.
  struct Attribute: Hashable, Sendable, BitwiseCopyable {
    var name: UInt32
    var value: UInt32
  }

  /// The number of the resource.
  package let resource: UInt32
  let name: UInt32
  /// Numbers of resources, nearest first.
  package let parents: [UInt32]
  let attributes: [Attribute]
  let claims: [Claim]
  /// In whole seconds; ``last`` is the greatest number as long as nobody knows.
  package let from: UInt32
  package internal(set) var last: UInt32
  /// Of the ``ResourceVersion`` that rows know it by; 0 as long as none does.
  var number: UInt32 = 0

  func saysTheSame(as other: WhereaboutsVersion) -> Bool {
    name == other.name && parents == other.parents && attributes == other.attributes
      && claims == other.claims
  }
}

/// What is kept of resources over time, at most.
package struct WhereaboutsLimits: Hashable, Sendable {
  package var resources = 524_288
  package var versions = 1_048_576
  /// Claims of addresses and ports.
  package var intervals = 4_194_304
  package var scopes = 65_536
  package var attributesPerVersion = 256
  package var textBytes = 256

  package init() {}
}

/// How much is kept, and what was not.
package struct WhereaboutsTally: Hashable, Sendable {
  package var resources = 0
  package var versions = 0
  package var intervals = 0
  package var texts = 0
  /// Resources and versions that found no room.
  package var refused: UInt64 = 0
  /// Claims that found no room, and those that made room for later ones of the same key.
  package var refusedIntervals: UInt64 = 0
  package var displacedIntervals: UInt64 = 0
  /// Claims and versions that ended before the horizon.
  package var forgotten: UInt64 = 0
}
