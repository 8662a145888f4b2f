// SPDX-License-Identifier: Apache-2.0

import Capture
import Glibc
import Wire

/// What an earlier run left: who the agent is, and the batches that wait.
extension Spool {
  func reserve() throws(SystemError) {
    var reserved = state
    reserved.ceiling = nextSequence &+ SpoolIdentity.block
    try SpoolFile.replace(directory + "/identity", in: directory, with: reserved.bytes)
    state = reserved
  }

  /// Reads the identity and the files. A lost identity is taken from the files' heads.
  func recover(machineID: String) throws(SystemError) {
    let stored = try SpoolFile.contents(directory + "/identity", limit: 4_096)
    var known = stored.flatMap { SpoolIdentity($0) }
    let names = try SpoolFile.names(in: directory).filter { $0.hasSuffix(".spool") }
    if known == nil {
      for name in names {
        let bytes = try SpoolFile.contents("\(directory)/\(name)", limit: Segment.headBytes) ?? []
        guard let instance = Segment.instance(bytes) else { continue }
        let agent = AgentIdentity(
          machineID: machineID, instanceHigh: instance.high, instanceLow: instance.low)
        known = SpoolIdentity(agent: agent, ceiling: 0)
        isIdentityRecovered = true
        break
      }
    }
    // A copied disk: its batches are the other machine's to deliver.
    if let known, known.agent.machineID == machineID {
      state = known
      nextSequence = max(1, known.ceiling)
    }
    for name in names { try recover(file: "\(directory)/\(name)") }
    entries.sort { $0.sequence < $1.sequence }
    if let last = entries.last { nextSequence = max(nextSequence, last.sequence + 1) }
  }

  func recover(file path: String) throws(SystemError) {
    let contents = try SpoolFile.contents(path, limit: limit + segmentBytes) ?? []
    let (found, damaged) = Segment.scan(contents, identity: state.agent)
    damagedRecords += damaged
    guard !found.isEmpty else {
      unsafe _ = unlink(path)
      return
    }
    segments.append(Segment(path: path, bytes: contents.count, live: found.count))
    bytes += contents.count
    for entry in found {
      entries.append(
        Entry(
          sequence: entry.sequence, records: entry.records,
          place: .file(
            segment: firstSegment + segments.count - 1, offset: entry.offset,
            length: entry.length)))
    }
  }
}
