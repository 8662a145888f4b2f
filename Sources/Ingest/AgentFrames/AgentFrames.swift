// SPDX-License-Identifier: Apache-2.0

import Glibc
import NIOCore
import NIOPosix
import Synchronization

/// Listens for agents and takes their frames: docs/formats/wire.md.
final class AgentFrames: IngestListener {
  let name = "agents"
  private let configuration: IngestConfiguration
  /// One loop: reading and checking a batch is a small part of what storing it costs.
  private let loops = MultiThreadedEventLoopGroup(numberOfThreads: 1)
  /// For what waits for the disk: giving an agent its number.
  private let workers = NIOThreadPool(numberOfThreads: 1)
  private let listener = Mutex<(any Channel)?>(nil)
  private let connections = AgentConnections()

  init(_ configuration: IngestConfiguration) {
    self.configuration = configuration
  }

  /// The port that is listened on; nil before the start.
  var port: Int? { listener.withLock { $0?.localAddress?.port } }

  var connectedAgents: [UInt16] { connections.agents }

  func start(_ intake: Intake) async throws(IngestError) {
    workers.start()
    let loop = loops.next()
    let tools = NIOLoopBoundBox.makeBoxSendingValue(
      FrameTools(configuration), as: FrameTools.self, eventLoop: loop)
    let bootstrap = ServerBootstrap(group: loops)
      .serverChannelOption(.backlog, value: 256)
      .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
      .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
      .childChannelInitializer { [configuration, workers, connections] channel in
        channel.eventLoop.makeCompletedFuture {
          let idle = IdleStateHandler(readTimeout: .seconds(configuration.idleSeconds))
          let connection = AgentConnection(
            intake: intake, configuration: configuration, workers: workers,
            connections: connections, tools: tools.value)
          try channel.pipeline.syncOperations.addHandlers([idle, connection])
        }
      }
    let address = "\(configuration.host):\(configuration.port)"
    do {
      let channel = try await bootstrap.bind(host: configuration.host, port: configuration.port)
        .get()
      listener.withLock { $0 = channel }
    } catch let error as IOError where error.errnoCode == EADDRINUSE {
      throw .cannotListen(address: address, reason: "the port is in use")
    } catch {
      throw .cannotListen(address: address, reason: "\(error)")
    }
  }

  func stop() async {
    let channel = listener.withLock { $0 }
    // A channel that is closed already says so by an error, which is what is wanted.
    try? await channel?.close().get()
    await connections.closeAll()
    try? await workers.shutdownGracefully()
    try? await loops.shutdownGracefully()
  }
}

/// The open connections, and which of them speaks for which agent.
final class AgentConnections: Sendable {
  private struct State {
    var channels: [ObjectIdentifier: any Channel] = [:]
    var agents: [UInt16: any Channel] = [:]
  }

  private let state = Mutex(State())

  /// False, and not added, when there are `limit` already.
  func add(_ channel: any Channel, limit: Int) -> Bool {
    state.withLock { state in
      guard state.channels.count < limit else { return false }
      state.channels[ObjectIdentifier(channel)] = channel
      return true
    }
  }

  func remove(_ channel: any Channel) {
    state.withLock { state in
      state.channels[ObjectIdentifier(channel)] = nil
      for (agent, own) in state.agents where own === channel { state.agents[agent] = nil }
    }
  }

  /// Makes `channel` the agent's connection. One that it had before is dead, though the kernel may
  /// not know it yet, and is closed.
  func bind(_ agent: UInt16, to channel: any Channel) {
    let old = state.withLock { state in
      defer { state.agents[agent] = channel }
      return state.agents[agent]
    }
    if let old, old !== channel { old.close(promise: nil) }
  }

  var agents: [UInt16] { state.withLock { Array($0.agents.keys) } }

  func closeAll() async {
    let open = state.withLock { Array($0.channels.values) }
    for channel in open { try? await channel.close().get() }
  }
}
