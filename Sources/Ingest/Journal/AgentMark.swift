// SPDX-License-Identifier: Apache-2.0

/// The last batch of an agent that is in the journal, or was.
package struct AgentMark: Hashable, Sendable {
  package var sequence: UInt64
  /// CRC-32 of the batch's payload; nil where an earlier layout of the journal did not keep it.
  package var checksum: UInt32?

  package init(sequence: UInt64 = 0, checksum: UInt32? = nil) {
    self.sequence = sequence
    self.checksum = checksum
  }
}

/// The last batches of one agent, for telling one that comes again from another one with its number.
struct RecentBatches: Hashable, Sendable {
  /// Batches that are compared by content. An agent sends again only what was under way when its
  /// connection broke, which is bounded by its window.
  static let limit = 64
  /// How far a sequence may lead its predecessor. An agent skips at most a block of 2^20 at each
  /// start; far beyond that a number is a fault or a forgery, and would lock out the agent's own.
  static let longestJump: UInt64 = 1 << 32

  private(set) var last: UInt64
  private var ring: [AgentMark] = []

  init(_ mark: AgentMark = AgentMark()) {
    last = mark.sequence
    if mark.sequence > 0 { ring = [mark] }
  }

  enum Judgement: Hashable {
    case new
    case repeated
    /// Another batch had this number.
    case foreign
    case tooFarAhead
  }

  /// What a batch of this number and content is.
  func judge(_ sequence: UInt64, checksum: UInt32) -> Judgement {
    guard sequence <= last else {
      // The first batch of all may have any sane number: the agent may be older than the server.
      let jump = last == 0 ? sequence >> 16 : sequence - last
      return jump <= Self.longestJump ? .new : .tooFarAhead
    }
    guard let known = ring.last(where: { $0.sequence == sequence })?.checksum else {
      return .repeated
    }
    return known == checksum ? .repeated : .foreign
  }

  mutating func take(_ sequence: UInt64, checksum: UInt32) {
    last = sequence
    if ring.count == Self.limit { ring.removeFirst() }
    ring.append(AgentMark(sequence: sequence, checksum: checksum))
  }
}
