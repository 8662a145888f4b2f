// SPDX-License-Identifier: Apache-2.0

import Ingest
import Telemetry
import Testing
import Wire

@Suite struct AgentSessionTests {
  private let hello = Hello(
    identity: AgentIdentity(machineID: "m", instanceHigh: 1, instanceLow: 2), bootID: "b",
    hostname: "web-1", agentVersion: "1", protocols: [])

  private func receive(
    _ session: inout AgentSession, _ frame: Frame
  ) throws -> AgentSession.Action {
    try receive(&session, try encoded(frame))
  }

  private func receive(
    _ session: inout AgentSession, _ bytes: [UInt8]
  ) throws -> AgentSession.Action {
    var splitter = FrameSplitter()
    splitter.append(bytes.span)
    let frame = try splitter.next()
    return receive(&session, try #require(frame))
  }

  private func receive(_ session: inout AgentSession, _ frame: EncodedFrame) -> AgentSession.Action
  {
    var opener = FrameOpener()
    return session.receive(frame, opener: &opener)
  }

  private func opened() throws -> AgentSession {
    var session = AgentSession()
    #expect(try receive(&session, .hello(hello)) == .admit(hello))
    #expect(
      session.admitted(agent: 7, AgentMark(sequence: 4, checksum: 9))
        == .helloAck(
          HelloAck(accepted: true, agentID: 7, lastSequence: 4, lastChecksum: 9)))
    return session
  }

  @Test func batchAfterTheHelloIsStored() throws {
    var session = try opened()
    guard
      case .store(let agent, let head, _) = try receive(
        &session, .batch(sequence: 5, sampleBatch(3)))
    else {
      Issue.record("not stored")
      return
    }
    #expect(agent == 7)
    #expect(head == BatchHead(sequence: 5, records: 7))
  }

  @Test func pingIsAnsweredWithWhatIsDurable() throws {
    var session = try opened()
    #expect(try receive(&session, .ping) == .acknowledge(agent: 7))
  }

  /// Frames of later versions pass.
  @Test func unknownFrameIsSkipped() throws {
    var session = try opened()
    #expect(try receive(&session, .unknown(FrameType(rawValue: 99))) == .none)
    #expect(session.phase == .open(agent: 7))
  }

  @Test(arguments: [
    Frame.batch(sequence: 1, RecordBatch()), .ack(through: 1), .helloAck(HelloAck(accepted: true)),
    .reject(Reject(sequence: 0, code: .malformed, text: "")),
  ])
  func frameBeforeTheHelloClosesTheConnection(frame: Frame) throws {
    var session = AgentSession()
    guard case .refuse(let reject, _) = try receive(&session, frame) else {
      Issue.record("not refused")
      return
    }
    #expect(reject.code == .notAccepted)
    #expect(!reject.text.isEmpty)
    #expect(session.phase == .closed)
    #expect(try receive(&session, .hello(hello)) == .none)
  }

  /// Whoever it is, it is not known yet: 8 MiB of each of a thousand strangers would be 8 GiB.
  @Test(arguments: [64 << 10, (64 << 10) + 5, 1 << 20, 8 << 20])
  func aStrangersFrameIsAsLongAsAHelloAtMost(bytes: Int) throws {
    let session = AgentSession()
    if bytes <= 64 << 10 {
      try session.judge(announced: bytes)
    } else {
      #expect(throws: WireError.self) { try session.judge(announced: bytes) }
    }
    try opened().judge(announced: bytes)
  }

  @Test func secondHelloClosesTheConnection() throws {
    var session = try opened()
    guard case .refuse = try receive(&session, .hello(hello)) else {
      Issue.record("not refused")
      return
    }
    #expect(session.phase == .closed)
  }

  @Test func batchWithoutASequenceIsRefused() throws {
    var session = try opened()
    guard case .refuse(let reject, _) = try receive(&session, .batch(sequence: 0, RecordBatch()))
    else {
      Issue.record("not refused")
      return
    }
    #expect(reject.code == .malformed)
  }

  @Test func everyTruncationOfAFrameIsRefusedOrTaken() throws {
    let bytes = try encoded(.hello(hello))
    for length in FrameHead.size..<bytes.count {
      var session = AgentSession()
      let payload = Array(bytes[FrameHead.size..<length])
      let frame = EncodedFrame(
        head: FrameHead(type: .hello, encoding: .raw, payloadBytes: payload.count),
        payload: payload)
      if case .refuse(let reject, _) = receive(&session, frame) {
        #expect(reject.code == .malformed)
      } else {
        Issue.record("cut at \(length) was taken")
      }
    }
  }
}
