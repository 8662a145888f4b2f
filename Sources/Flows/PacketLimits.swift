// SPDX-License-Identifier: Apache-2.0

/// What bounds a ``PacketPipeline``: the parts of each of its stages.
package struct PacketLimits: Sendable {
  package var fragments = FragmentLimits()
  package var flows = FlowTableLimits()
  package var segments = SegmentLimits()
  /// Conversations, calls and their rollup, as of a ``FlowPipeline``.
  package var calls = FlowLimits()

  package init() {}

  /// Keys every hash table with one number.
  package mutating func setHashSeed(_ seed: UInt64) {
    fragments.hashSeed = seed
    flows.hashSeed = seed
    calls.hashSeed = seed
  }
}
