// SPDX-License-Identifier: Apache-2.0

import Telemetry

/// What is numbered. The raw values are stored.
package enum NumberSpace: Int, Hashable, Sendable, CaseIterable {
  case tagSet = 1
  /// Versions of resources.
  case resource = 2
  /// Resources over all their versions.
  case entity = 3
  case service = 4
  case process = 5

  /// The largest number there is: the engine keeps arrays of that length.
  package var largest: UInt32 { TableDeclaration.largestTagNumber }
}

/// Numbers of every space that may be given now.
struct NumberPools: Sendable {
  private var pools: [NumberPool]

  /// Every number that there is, up to `largest`.
  init(largest: UInt32) {
    pools = NumberSpace.allCases.map { NumberPool([1...min($0.largest, largest)]) }
  }

  init(_ leases: [NumberSpace: [ClosedRange<UInt32>]], without given: [NumberSpace: [UInt32]]) {
    pools = NumberSpace.allCases.map {
      NumberPool(leases[$0] ?? [], without: given[$0] ?? [])
    }
  }

  subscript(space: NumberSpace) -> NumberPool {
    get { pools[space.rawValue - 1] }
    set { pools[space.rawValue - 1] = newValue }
    _modify { yield &pools[space.rawValue - 1] }
  }
}
