// SPDX-License-Identifier: Apache-2.0

package import Wire

/// The server's side of one agent connection, without the connection: frames in, actions out.
package struct AgentSession: Hashable, Sendable {
  package enum Phase: Hashable, Sendable {
    /// Nothing but a hello is taken.
    case awaitingHello
    /// The hello is being looked up; the agent waits for the answer, so nothing may come.
    case admitting
    /// Batches are taken under this number.
    case open(agent: UInt16)
    /// It is over; nothing is looked at any more.
    case closed
  }

  package enum Action: Hashable, Sendable {
    case none
    /// Find the agent's number, then call ``admitted(agent:_:)`` or ``refused(_:)``.
    case admit(Hello)
    /// Hand the batch to the journal.
    case store(agent: UInt16, BatchHead, EncodedFrame)
    /// Answer with what is durable.
    case acknowledge(agent: UInt16)
    /// Send, and close if the session is closed now.
    case send(Frame)
    /// Send and close, and count a bad frame with this many records.
    case refuse(Reject, records: UInt32)
  }

  package private(set) var phase = Phase.awaitingHello

  package init() {}

  /// Judges the length that the next frame says it has, before its bytes are held.
  ///
  /// - Throws: ``WireError/Fault/oversized`` for a stranger's frame that no hello is as long as.
  package func judge(announced bytes: Int) throws(WireError) {
    guard phase == .awaitingHello, bytes > WireLimits.controlFrameBytes + 4 else { return }
    throw WireError(.oversized, at: 0, expected: "a hello of at most 64 KiB")
  }

  /// Takes the next frame.
  ///
  /// - Parameter frame: the frame as read; of a batch only the envelope is looked at here.
  package mutating func receive(
    _ encoded: EncodedFrame, opener: inout FrameOpener
  ) -> Action {
    switch (phase, encoded.head.type) {
    case (.closed, _): return .none
    case (.open(let agent), .batch):
      guard let head = encoded.batchHead else {
        return malformed(
          WireError(.truncated, at: 0, expected: "a sequence number and a record count"))
      }
      guard head.sequence > 0 else {
        return malformed(WireError(.malformed, at: 0, expected: "a sequence number from 1"))
      }
      return .store(agent: agent, head, encoded)
    case (_, .batch):
      return notAccepted(
        "a batch before the hello was answered; send a hello first",
        records: encoded.batchHead?.records ?? 0)
    default: break
    }
    do throws(WireError) {
      return receive(try opener.open(encoded))
    } catch {
      return malformed(error)
    }
  }

  private mutating func receive(_ frame: Frame) -> Action {
    switch (phase, frame) {
    case (.awaitingHello, .hello(let hello)):
      phase = .admitting
      return .admit(hello)
    case (_, .hello): return notAccepted("a second hello on one connection", records: 0)
    case (.open(let agent), .ping): return .acknowledge(agent: agent)
    case (_, .unknown), (_, .ping): return .none
    case (_, .helloAck), (_, .ack), (_, .reject), (_, .order), (_, .batch):
      return notAccepted("a frame that only a server sends", records: 0)
    }
  }

  /// The agent has a number; the answer to its hello.
  package mutating func admitted(agent: UInt16, _ mark: AgentMark) -> Frame {
    phase = .open(agent: agent)
    return .helloAck(
      HelloAck(
        accepted: true, agentID: agent, lastSequence: mark.sequence, lastChecksum: mark.checksum))
  }

  /// A batch came under a number that another batch of this identity has.
  package mutating func isNotAlone() -> Action {
    phase = .closed
    return .refuse(
      Reject(
        sequence: 0, code: .identityInUse,
        text: "another agent sends under the same identity (a copied spool directory); take a new "
          + "identity; the connection is closed"), records: 0)
  }

  /// The agent cannot be taken; the answer to its hello.
  package mutating func refused(_ text: String) -> Frame {
    phase = .closed
    return .helloAck(HelloAck(accepted: false, text: text))
  }

  /// The stream, or a batch that was looked into, cannot be read.
  package mutating func malformed(_ error: WireError, batch: BatchHead? = nil) -> Action {
    phase = .closed
    return .refuse(
      Reject(
        sequence: batch?.sequence ?? 0, code: .malformed,
        text: "\(error); the connection is closed"), records: batch?.records ?? 0)
  }

  private mutating func notAccepted(_ text: String, records: UInt32) -> Action {
    phase = .closed
    return .refuse(
      Reject(sequence: 0, code: .notAccepted, text: text + "; the connection is closed"),
      records: records)
  }

  package mutating func close() {
    phase = .closed
  }
}
