// SPDX-License-Identifier: Apache-2.0

import Catalog
import Logging
import NIOCore
import NIOPosix
import Telemetry
import Wire

/// What the connections of one event loop share, so that a connection costs no decompression
/// context and no batch of its own.
final class FrameTools {
  var opener = FrameOpener()
  var encoder = FrameEncoder(compressing: false)
  var batch = RecordBatch()
}

/// One agent's connection: bytes to frames, frames to an ``AgentSession``, its actions to the journal.
///
/// Not read from while its hello is looked up, while the journal has no room, and while the agent
/// does not take its answers; so what a connection can make us hold is one frame and one chunk.
final class AgentConnection: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  private let intake: Intake
  private let configuration: IngestConfiguration
  private let workers: NIOThreadPool
  private let connections: AgentConnections
  private let tools: FrameTools
  private var splitter = FrameSplitter()
  private var session = AgentSession()
  private var context: ChannelHandlerContext?
  private var waitsForRoom = false
  private var isCounted = false
  private var acknowledged: UInt64 = 0
  private var agent: UInt16?

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
    intake.ledger.count { $0.connections += 1 }
    let own = NIOLoopBound(self, eventLoop: context.eventLoop)
    context.eventLoop.scheduleTask(in: .seconds(configuration.helloSeconds)) {
      own.value.helloIsDue()
    }
  }

  func channelInactive(context: ChannelHandlerContext) {
    self.context = nil
    session.close()
    if let agent { intake.presence.left(agent) }
    agent = nil
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
    return session.phase != .admitting && !waitsForRoom && context.channel.isWritable
  }

  /// Takes the frames that are here, as long as they may be taken, and says whether more may come.
  private func proceed() {
    do throws(WireError) {
      while mayRead, session.phase != .closed, let frame = try splitter.next() {
        perform(session.receive(frame, opener: &tools.opener))
      }
    } catch {
      perform(session.malformed(error))
    }
    guard let context, session.phase != .closed else { return }
    context.channel.setOption(.autoRead, value: mayRead).whenFailure { _ in }
  }

  private func perform(_ action: AgentSession.Action) {
    switch action {
    case .none: return
    case .admit(let hello): admit(hello)
    case .store(let agent, let head, let frame): store(frame, head, agent)
    case .acknowledge(let agent): acknowledge(intake.journal.mark(of: agent))
    case .send(let frame): send(frame, thenClose: session.phase == .closed)
    case .refuse(let reject, let records):
      intake.ledger.refuse(.malformedFrame, records: UInt64(records))
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

  private func admit(_ hello: Hello) {
    guard let context else { return }
    let own = NIOLoopBound(self, eventLoop: context.eventLoop)
    let (catalog, journal) = (intake.catalog, intake.journal)
    let identity = hello.identity.machineID + "/" + hello.identity.instance
    let protocols = hello.protocols.map {
      ProtocolEntry(number: $0.number.rawValue, name: $0.name)
    }
    let (hostname, version) = (hello.hostname, hello.agentVersion)
    workers.runIfActive(eventLoop: context.eventLoop) { () -> (UInt16, UInt64) in
      let agent = try catalog.admit(
        identity: identity, hostname: hostname, version: version, protocols: protocols)
      return (agent, journal.mark(of: agent))
    }.whenComplete { result in
      own.value.admitted(result, hello)
    }
  }

  private func admitted(_ result: Result<(UInt16, UInt64), any Error>, _ hello: Hello) {
    guard let context, session.phase == .admitting else { return }
    switch result {
    case .success(let (agent, mark)):
      connections.bind(agent, to: context.channel)
      self.agent = agent
      intake.presence.arrived(agent)
      acknowledged = mark
      intake.logger.info(
        "An agent has connected.",
        metadata: ["agent": "\(agent)", "host": "\(hello.hostname)", "sequence": "\(mark)"])
      send(session.admitted(agent: agent, lastSequence: mark), thenClose: false)
    case .failure(let error):
      intake.logger.error("An agent cannot be taken.", metadata: ["error": "\(error)"])
      send(session.refused("\(error)"), thenClose: true)
    }
    proceed()
  }

  private func store(_ frame: EncodedFrame, _ head: BatchHead, _ agent: UInt16) {
    guard let context else { return }
    do throws(WireError) {
      // What cannot be read must be refused now: once acknowledged, it could only be lost.
      _ = try tools.opener.open(frame, into: &tools.batch)
    } catch {
      perform(session.malformed(error, batch: head))
      return
    }
    let entry = JournalEntry(
      agent: agent, sequence: head.sequence, records: UInt32(tools.batch.recordCount),
      encoding: frame.head.encoding, payload: frame.payload)
    intake.presence.spoke(agent)
    let loop = context.eventLoop
    let own = NIOLoopBound(self, eventLoop: loop)
    let submission = intake.journal.submit(entry) { mark in
      loop.execute { own.value.acknowledge(mark) }
    }
    intake.ledger.count { statistics in
      if submission == .accepted { statistics.batches += 1 }
      if submission == .repeated { statistics.repeatedBatches += 1 }
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

  private func send(_ frame: Frame, thenClose: Bool) {
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
