// SPDX-License-Identifier: Apache-2.0

import Catalog
import Logging
import NIOCore
import NIOPosix
import Telemetry
import Wire

/// One agent's connection: bytes to frames, frames to an ``AgentSession``, its actions to the journal.
///
/// Not read from while its hello is looked up, while the journal has no room, and while the agent
/// does not take its answers; so what a connection can make us hold is one frame and one chunk.
final class AgentConnection: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  let intake: Intake
  private let configuration: IngestConfiguration
  let workers: NIOThreadPool
  let connections: AgentConnections
  let tools: FrameTools
  var splitter = FrameSplitter()
  var session = AgentSession()
  var context: ChannelHandlerContext?
  private var waitsForRoom = false
  var waitsForBudget = false
  private var isCounted = false
  var acknowledged: UInt64 = 0
  var agent: UInt16?
  /// As the catalog knows it, once the hello has come.
  var identity: String?
  /// Whether the agent's number is its own for good.
  var isConfirmed = false
  var isConfirming = false
  /// Its place among those who could watch its cluster.
  var candidacy: (cluster: String, serial: UInt64)?

  init(
    intake: Intake, configuration: IngestConfiguration, workers: NIOThreadPool,
    connections: AgentConnections, tools: FrameTools
  ) {
    self.intake = intake
    self.configuration = configuration
    self.workers = workers
    self.connections = connections
    self.tools = tools
  }

  func channelActive(context: ChannelHandlerContext) {
    self.context = context
    guard connections.add(context.channel, limit: configuration.maximumConnections) else {
      intake.ledger.count { $0.refusedConnections += 1 }
      session.close()
      send(
        .reject(
          Reject(
            sequence: 0, code: .notAccepted,
            text: "the server has \(configuration.maximumConnections) connections, its limit; "
              + "try again later")), thenClose: true)
      return
    }
    isCounted = true
    tools.connections[ObjectIdentifier(self)] = self
    intake.ledger.count { $0.connections += 1 }
    let own = NIOLoopBound(self, eventLoop: context.eventLoop)
    context.eventLoop.scheduleTask(in: .seconds(configuration.helloSeconds)) {
      own.value.helloIsDue()
    }
  }

  func channelInactive(context: ChannelHandlerContext) {
    self.context = nil
    session.close()
    if let candidacy { intake.watchers.left(candidacy.serial, of: candidacy.cluster) }
    candidacy = nil
    if let agent { intake.presence.left(agent) }
    agent = nil
    if let identity { intake.catalog.withState { $0.agentLeft(identity) } }
    identity = nil
    tools.connections[ObjectIdentifier(self)] = nil
    tools.waiting.removeAll { $0 == ObjectIdentifier(self) }
    giveBackShare()
    if isCounted {
      isCounted = false
      connections.remove(context.channel)
      intake.ledger.count { $0.connections -= 1 }
    }
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    guard session.phase != .closed else { return }
    let bytes = Array(unwrapInboundIn(data).readableBytesView)
    splitter.append(bytes.span)
    proceed()
  }

  func channelWritabilityChanged(context: ChannelHandlerContext) {
    proceed()
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    // A connection that is not read from is silent by our own doing.
    guard event is IdleStateHandler.IdleStateEvent, mayRead else { return }
    context.close(promise: nil)
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    context.close(promise: nil)
  }

  private var mayRead: Bool {
    guard let context else { return false }
    return session.phase != .admitting && !waitsForRoom && !waitsForBudget && !isConfirming
      && context.channel.isWritable
  }

  /// Takes the frames that are here, as long as they may be taken, and says whether more may come.
  func proceed() {
    do throws(WireError) {
      while mayRead, session.phase != .closed {
        try session.judge(announced: splitter.announced)
        guard let frame = try splitter.next() else { break }
        giveBackShare()
        perform(session.receive(frame, opener: &tools.opener))
      }
    } catch {
      perform(session.malformed(error))
    }
    if session.phase != .closed { askForShare() }
    guard let context, session.phase != .closed else { return }
    context.channel.setOption(.autoRead, value: mayRead).whenFailure { _ in }
  }

  func perform(_ action: AgentSession.Action) {
    switch action {
    case .none: return
    case .admit(let hello): admit(hello)
    case .store(let agent, let head, let frame): store(frame, head, agent)
    case .acknowledge(let agent): acknowledge(intake.journal.mark(of: agent).sequence)
    case .send(let frame): send(frame, thenClose: session.phase == .closed)
    case .refuse(let reject, let records):
      if reject.code == .identityInUse {
        intake.ledger.count { $0.sharedIdentities += 1 }
      } else {
        intake.ledger.refuse(.malformedFrame, records: UInt64(records))
      }
      intake.logger.warning(
        "An agent's connection is closed because of what it sent.",
        metadata: [
          "peer": "\(context?.remoteAddress?.description ?? "gone")", "fault": "\(reject.text)",
        ])
      send(.reject(reject), thenClose: true)
    }
  }

  private func helloIsDue() {
    guard session.phase == .awaitingHello else { return }
    context?.close(promise: nil)
  }

  func store(_ frame: EncodedFrame, _ head: BatchHead, _ agent: UInt16) {
    guard let context else { return }
    do throws(WireError) {
      // What cannot be read must be refused now: once acknowledged, it could only be lost.
      _ = try tools.opener.open(frame, into: &tools.batch)
    } catch {
      perform(session.malformed(error, batch: head))
      return
    }
    guard isConfirmed else { return confirm(frame, head, agent) }
    let entry = JournalEntry(
      sender: .agent(agent), sequence: head.sequence, records: UInt32(tools.batch.recordCount),
      encoding: BodyEncoding(frame.head.encoding), payload: frame.payload)
    intake.presence.spoke(agent)
    if let coverage = tools.batch.coverage { intake.presence.covers(agent, coverage) }
    if !tools.batch.resources.isEmpty {
      // Learned here and not from the journal: after a break everything is told anew. A clock that is
      // ahead must not age what others told.
      intake.resources.learn(
        tools.batch.resources, told: min(tools.batch.resourcesTold, intake.now()), agent: agent)
    }
    let loop = context.eventLoop
    let own = NIOLoopBound(self, eventLoop: loop)
    let submission = intake.journal.submit(entry) { mark in
      guard let mark else { return }
      loop.execute { own.value.acknowledge(mark) }
    }
    intake.ledger.count { statistics in
      if submission == .accepted { statistics.batches += 1 }
      if submission == .repeated { statistics.repeatedBatches += 1 }
    }
    if submission == .foreign { return perform(session.isNotAlone()) }
    if submission == .tooFarAhead {
      let fault = WireError(.malformed, at: 0, expected: "a sequence number near the last one")
      return perform(session.malformed(fault, batch: head))
    }
    guard !intake.journal.hasRoom else { return }
    waitsForRoom = true
    intake.journal.whenRoom {
      loop.execute {
        own.value.waitsForRoom = false
        own.value.proceed()
      }
    }
  }

  private func acknowledge(_ mark: UInt64) {
    acknowledged = max(acknowledged, mark)
    send(.ack(through: acknowledged), thenClose: false)
  }

  func send(_ frame: Frame, thenClose: Bool) {
    guard let context else { return }
    let bytes: [UInt8]
    do throws(WireError) {
      bytes = try tools.encoder.encode(frame)
    } catch {
      context.close(promise: nil)
      return
    }
    let written = context.channel.writeAndFlush(ByteBuffer(bytes: bytes))
    if thenClose {
      let channel = context.channel
      written.whenComplete { _ in channel.close(promise: nil) }
    }
  }
}
