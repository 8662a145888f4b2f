// SPDX-License-Identifier: Apache-2.0

import Capture
package import ConfigurationFile
package import Logging
package import NIOCore
package import NIOPosix
package import Wire

/// Keeps a connection to the server and sends what the outbox holds over it.
package struct Uplink: Sendable {
  /// Silence after which the server is asked for a sign of life, and after which it counts as gone.
  private static let pingAfter = Duration.seconds(5)
  private static let deadAfter = Duration.seconds(20)

  /// Finds where a server is.
  package typealias Lookup = @Sendable (NetworkAddress) async throws -> [SocketAddress]

  private let server: NetworkAddress
  private let lookup: Lookup
  private let ownPeers: OwnPeers
  private let hello: Hello
  private let outbox: Outbox
  private let group: MultiThreadedEventLoopGroup
  private let logger: Logger
  /// nil where the agent has no cluster.
  private let cluster: ClusterWatch?

  /// - Parameters:
  ///   - lookup: asked before every connection.
  ///   - ownPeers: told of the server's address before it is connected to.
  package init(
    server: NetworkAddress, hello: Hello, outbox: Outbox, group: MultiThreadedEventLoopGroup,
    logger: Logger, ownPeers: OwnPeers = OwnPeers(), cluster: ClusterWatch? = nil,
    lookup: @escaping Lookup = { try await NameLookup.addresses(of: $0) }
  ) {
    self.server = server
    self.lookup = lookup
    self.ownPeers = ownPeers
    self.hello = hello
    self.outbox = outbox
    self.group = group
    self.logger = logger
    self.cluster = cluster
  }

  private enum Failure: Error, CustomStringConvertible {
    case closed
    case silent
    case refused(String)
    case identityInUse
    case protocolFault(WireError)

    var description: String {
      switch self {
      case .closed: "the server closed the connection"
      case .silent: "the server has been silent for 20 s"
      case .refused(let text): "the server refuses this agent: \(text)"
      case .identityInUse:
        "another agent sends under this one's identity (a copied spool directory); this one goes on "
          + "under a new one"
      case .protocolFault(let error): "the server sent a \(error)"
      }
    }
  }

  /// Connects, sends, and connects again, until the task is cancelled.
  package func run() async {
    var backoff = Backoff()
    var random = SystemRandomNumberGenerator()
    var wasDown = false
    while !Task.isCancelled {
      do {
        try await session()
      } catch {
        if Task.isCancelled { break }
        if await outbox.isOnline { backoff.reset() }
        let level: Logger.Level = wasDown ? .debug : .warning
        logger.log(
          level: level,
          "No connection to the server at \(server) (\(error)); batches wait in the spool")
        wasDown = !(await outbox.isOnline)
      }
      await outbox.end()
      // The server chooses again, perhaps another: two of a cluster would say everything twice.
      await cluster?.stop()
      try? await Task.sleep(for: .milliseconds(backoff.next(using: &random)))
    }
    await outbox.end()
    await cluster?.stop()
  }

  /// How connections are made. No option needs a right that an ordinary user lacks.
  static func bootstrap(_ group: MultiThreadedEventLoopGroup) -> ClientBootstrap {
    ClientBootstrap(group: group)
      .connectTimeout(.seconds(5))
      .channelOption(.tcpOption(.tcp_nodelay), value: 1)
  }

  /// A connection to the first of the server's addresses that answers.
  private func connect() async throws -> NIOAsyncChannel<ByteBuffer, ByteBuffer> {
    var failure: any Error = Failure.closed
    for address in try await lookup(server) where !Task.isCancelled {
      await ownPeers.setServer(PacketOptions.Peer(address).map { [$0] } ?? [])
      do {
        return try await Self.bootstrap(group)
          .connect(to: address) { channel in
            channel.eventLoop.makeCompletedFuture {
              try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
            }
          }
      } catch {
        failure = error
      }
    }
    throw failure
  }

  private func session() async throws {
    let channel = try await connect()
    let wakeups = await outbox.begin()
    try await channel.executeThenClose { inbound, outbound in
      var encoder = FrameEncoder()
      var hello = hello
      hello.identity = await outbox.identity
      try await outbound.write(ByteBuffer(bytes: try encoder.encode(.hello(hello))))
      try await withThrowingTaskGroup(of: Void.self) { tasks in
        tasks.addTask { try await receive(inbound) }
        tasks.addTask { try await transmit(outbound, on: wakeups) }
        tasks.addTask { try await keepAlive(outbound) }
        defer { tasks.cancelAll() }
        try await tasks.next()
      }
    }
  }

  private func receive(_ inbound: NIOAsyncChannelInboundStream<ByteBuffer>) async throws {
    var decoder = FrameDecoder()
    for try await chunk in inbound {
      await outbox.heard()
      let bytes = Array(chunk.readableBytesView)
      decoder.append(bytes.span)
      do {
        while let frame = try decoder.next() { try await take(frame) }
      } catch let error as WireError {
        throw Failure.protocolFault(error)
      }
    }
    throw Failure.closed
  }

  private func take(_ frame: Frame) async throws {
    switch frame {
    case .helloAck(let answer):
      guard answer.accepted else { throw Failure.refused(answer.text) }
      let isOurs = await outbox.accept(
        lastSequence: answer.lastSequence, checksum: answer.lastChecksum, agentID: answer.agentID)
      guard isOurs else { throw try await leaveIdentity() }
      logger.info("Connected to the server at \(server) as agent \(answer.agentID)")
    case .ack(let sequence):
      await outbox.acknowledge(through: sequence)
    case .reject(let reject) where reject.code == .identityInUse:
      throw try await leaveIdentity()
    case .reject(let reject):
      logger.error("The server rejects batch \(reject.sequence): \(reject.text)")
      await outbox.reject(reject)
    case .order(let order) where order.task == .watchCluster:
      if order.isOn { await cluster?.start() } else { await cluster?.stop() }
    case .hello, .batch, .ping, .order, .unknown:
      break
    }
  }

  private func leaveIdentity() async throws -> Failure {
    try await outbox.takeNewIdentity()
    return .identityInUse
  }

  private func transmit(
    _ outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>, on wakeups: AsyncStream<Void>
  ) async throws {
    for await _ in wakeups {
      while let frame = await outbox.nextFrame() {
        try await outbound.write(ByteBuffer(bytes: frame))
      }
    }
    throw Failure.closed
  }

  private func keepAlive(_ outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>) async throws {
    var encoder = FrameEncoder()
    let ping = ByteBuffer(bytes: try encoder.encode(.ping))
    while true {
      try await Task.sleep(for: Self.pingAfter)
      let silence = ContinuousClock.now - (await outbox.lastHeard)
      if silence > Self.deadAfter { throw Failure.silent }
      if silence > Self.pingAfter { try await outbound.write(ping) }
    }
  }
}
