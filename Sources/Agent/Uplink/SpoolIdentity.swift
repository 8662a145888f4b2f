// SPDX-License-Identifier: Apache-2.0

import Wire

/// The file `identity` of a spool directory: who the agent is, and below which number no sequence
/// may be given out again.
///
/// Text, one value a line: a tag, the instance as 32 hex digits, the sequence ceiling, the machine.
struct SpoolIdentity: Hashable {
  static let tag = "metaflow-agent 1"
  /// Sequences are reserved in blocks, so that the file is written and synced once a block.
  static let block: UInt64 = 1 << 20

  var agent: AgentIdentity
  var ceiling: UInt64

  init(agent: AgentIdentity, ceiling: UInt64) {
    self.agent = agent
    self.ceiling = ceiling
  }

  /// Draws a new identity.
  init(machineID: String) {
    var random = SystemRandomNumberGenerator()
    agent = AgentIdentity(
      machineID: machineID, instanceHigh: random.next(), instanceLow: random.next())
    ceiling = 0
  }

  /// Nil when the bytes are not such a file.
  init?(_ bytes: [UInt8]) {
    let lines = String(decoding: bytes, as: UTF8.self).split(
      separator: "\n", omittingEmptySubsequences: false)
    guard lines.count == 5, lines[0] == Self.tag, lines[1].utf8.count == 32,
      let high = UInt64(lines[1].prefix(16), radix: 16),
      let low = UInt64(lines[1].suffix(16), radix: 16), let ceiling = UInt64(lines[2])
    else { return nil }
    agent = AgentIdentity(machineID: String(lines[3]), instanceHigh: high, instanceLow: low)
    self.ceiling = ceiling
  }

  var bytes: [UInt8] {
    Array("\(Self.tag)\n\(agent.instance)\n\(ceiling)\n\(agent.machineID)\n".utf8)
  }
}
