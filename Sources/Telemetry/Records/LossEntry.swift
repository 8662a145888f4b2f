// SPDX-License-Identifier: Apache-2.0

/// What one stage received, passed and dropped in one second: a row of the loss ledger.
///
/// One entry per stage and reason; `received` and `passed` stand on the entry whose reason is 0.
package struct LossEntry: Hashable, Sendable, BitwiseCopyable {
  package var time: Timestamp
  package var stage: Stage
  /// 0 for the entry that carries `received` and `passed`.
  package var reason: LossReason
  package var received: UInt64
  package var passed: UInt64
  package var dropped: UInt64

  package init(
    time: Timestamp, stage: Stage, reason: LossReason = LossReason(rawValue: 0),
    received: UInt64 = 0, passed: UInt64 = 0, dropped: UInt64 = 0
  ) {
    self.time = time
    self.stage = stage
    self.reason = reason
    self.received = received
    self.passed = passed
    self.dropped = dropped
  }
}

/// Where in the pipeline a loss entry was counted. An open set: the number travels.
package struct Stage: RawRepresentable, Hashable, Sendable, BitwiseCopyable {
  package var rawValue: UInt8

  package init(rawValue: UInt8) {
    self.rawValue = rawValue
  }

  /// Socket events in the kernel.
  package static let probes = Stage(rawValue: 1)
  /// Socket events read from the ring.
  package static let ring = Stage(rawValue: 2)
  /// Messages recognised in conversations.
  package static let conversations = Stage(rawValue: 3)
  /// Call records made.
  package static let calls = Stage(rawValue: 4)
  /// Metric updates rolled up.
  package static let rollup = Stage(rawValue: 5)
  /// Record batches given to the uplink.
  package static let uplink = Stage(rawValue: 6)
  /// Batches taken in by the server.
  package static let ingest = Stage(rawValue: 7)
  /// Rows written to the store.
  package static let store = Stage(rawValue: 8)

  /// Packets in the kernel: what matched the filter.
  package static let packets = Stage(rawValue: 9)
  /// Frames decoded to packets of flows.
  package static let frames = Stage(rawValue: 10)
  /// TCP segments put in order.
  package static let segments = Stage(rawValue: 11)
  /// Flow reports.
  package static let flows = Stage(rawValue: 12)
  /// Bytes of streams that were needed to read calls, and were not there: bytes, and only those.
  package static let bytes = Stage(rawValue: 13)
  /// Seconds of the agent's life, of those only that it missed: received when they were told.
  package static let agent = Stage(rawValue: 14)
  /// Descriptions of processes, and of their ends.
  package static let processes = Stage(rawValue: 15)

  package var name: String {
    switch self {
    case .probes: "probes"
    case .ring: "ring"
    case .conversations: "conversations"
    case .calls: "calls"
    case .rollup: "rollup"
    case .uplink: "uplink"
    case .ingest: "ingest"
    case .store: "store"
    case .packets: "packets"
    case .frames: "frames"
    case .segments: "segments"
    case .flows: "flows"
    case .bytes: "bytes"
    case .agent: "agent"
    case .processes: "processes"
    default: "stage_\(rawValue)"
    }
  }
}
