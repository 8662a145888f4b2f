// SPDX-License-Identifier: Apache-2.0

import Telemetry

/// Who causes what on this host: what threads did one behind the other, and who has the other end of a
/// connection inside the host.
///
/// It is of processes, not of connections: a thread uses many of them, and what it does on one follows
/// from what it did on another. So all that is known of a process comes to one value, wherever its
/// connections are read.
///
/// An edge may be missing, never wrong: what was not seen may have been the cause. Who feeds it says what
/// was not, see ``EvidenceGap``, and chains end there.
struct Causality {
  private var chains: ThreadChains
  private var peers: PeerTable
  private var mentioned: MentionedProcesses

  init(limits: FlowLimits) {
    chains = ThreadChains(limits: limits)
    peers = PeerTable(seed: limits.hashSeed)
    mentioned = MentionedProcesses(limits: limits)
  }

  /// Bytes held for each connection.
  var footprint: Int { peers.footprint }
}

/// Evidence: what happened, as far as it says who causes what.
extension Causality {
  /// A socket was met; `slot` is its conversation's.
  mutating func opened(_ event: SocketEvent, slot: Int) { peers.insert(event, slot: slot) }

  mutating func closed(slot: Int) { peers.remove(slot: slot) }

  /// Conversations have new slots.
  mutating func moved(_ moves: borrowing SlotMoves) { peers.move(moves) }

  /// A thread moved bytes of a socket.
  ///
  /// - Parameters:
  ///   - slot: nil for a connection that is not followed.
  ///   - place: kept with the connection, and for this value alone.
  /// - Returns: the chain that they are in, 0 when there is nothing to join; and whose they are.
  @inline(__always)
  mutating func moved(
    _ event: inout SocketEvent, slot: Int?, place: inout UInt32
  ) -> (chain: UInt64, user: ProcessBucket) {
    if let slot { peers.note(&event, slot: slot) }
    return chains.chain(&event, place: &place)
  }

  /// Something was not seen that was to be.
  mutating func missed(_ gap: EvidenceGap) { chains.end(at: gap) }

  /// What is done on one socket of a process is not told from now on, or is told again.
  mutating func mute(_ process: ProcessBucket) { chains.mute(process) }
  mutating func unmute(_ process: ProcessBucket) { chains.unmute(process) }

  /// Whether events are being lost: while they are, nothing follows from anything.
  mutating func isLosing(_ isLosing: Bool) { chains.isLosing(isLosing) }
}

/// Answers.
extension Causality {
  func bucket(of process: ProcessKey) -> ProcessBucket { chains.bucket(of: process) }

  /// Who has the other end of the connection in `slot`.
  func peer(of slot: Int) -> PeerTable.User? { peers.peer(of: slot) }
  /// Who moved bytes of a socket last; nil before anybody did.
  func process(of slot: Int) -> ProcessKey? { peers.process(of: slot) }

  mutating func mention(_ process: ProcessKey) { mentioned.mention(process) }

  func isMentioned(_ process: ProcessKey) -> Bool { mentioned.contains(process) }

  mutating func takeMentioned(into processes: inout [ProcessKey]) {
    mentioned.take(into: &processes)
  }
}

/// What was not seen, so that nothing may be concluded across it.
enum EvidenceGap {
  /// Whoever it was of: events found no room, or were thrown away.
  case events
  /// Bytes of a socket that this process uses: its events are counted, and one did not come.
  case socket(of: ProcessBucket)
}

/// Some of the processes, by their hash: what ends the chains of one of them ends those of all. That costs
/// edges, and makes none.
struct ProcessBucket: RawRepresentable, Hashable, BitwiseCopyable {
  static let count = 4_096
  var rawValue: UInt16

  init(rawValue: UInt16) { self.rawValue = rawValue }

  @inline(__always)
  init(hash: UInt32) { rawValue = UInt16(truncatingIfNeeded: hash >> 1) & UInt16(Self.count - 1) }

  @inline(__always)
  var index: Int { Int(rawValue) }
}
