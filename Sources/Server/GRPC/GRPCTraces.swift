// SPDX-License-Identifier: Apache-2.0

import ConfigurationFile
import NIOCore
import NIOHTTP2
import NIOPosix
import ServiceLifecycle
import Synchronization

/// Listens for spans by OTLP over gRPC: HTTP/2 in plain text, of which each stream is one call.
struct GRPCTraces: Service {
  let address: NetworkAddress
  let desk: SpanDesk
  /// Connections at once; one more is closed unheard.
  let connections: Int
  /// Called with the port once calls are taken.
  var onRunning: @Sendable (Int) -> Void = { _ in }

  /// Calls at once on one connection.
  private static let streams = 32
  /// Seconds after which a connection on which nothing happens is closed. Exporters keep theirs from
  /// batch to batch.
  private static let idleSeconds: Int64 = 600

  func run() async throws {
    let open = OpenChannels(limit: connections)
    let bootstrap = ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .serverChannelOption(.backlog, value: 256)
      .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
      .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
      .childChannelInitializer { [desk] channel in
        channel.eventLoop.makeCompletedFuture {
          guard open.add(channel) else { throw ChannelError.ioOnClosedChannel }
          try Self.configure(channel, desk)
        }
      }
    let listener: any Channel
    do {
      listener = try await bootstrap.bind(host: address.host, port: address.port).get()
    } catch {
      throw ServerError(listening: "--otlp-grpc", address, error)
    }
    onRunning(listener.localAddress?.port ?? 0)
    try? await gracefulShutdown()
    // Channels that are closed already say so by an error, which is what is wanted.
    try? await listener.close().get()
    for channel in open.all { try? await channel.close().get() }
  }

  private static func configure(_ channel: any Channel, _ desk: SpanDesk) throws {
    let pipeline = channel.pipeline.syncOperations
    var connection = NIOHTTP2Handler.ConnectionConfiguration()
    connection.initialSettings = [
      HTTP2Setting(parameter: .maxConcurrentStreams, value: Self.streams),
      HTTP2Setting(parameter: .maxHeaderListSize, value: 16 << 10),
    ]
    var stream = NIOHTTP2Handler.StreamConfiguration()
    stream.targetWindowSize = 1 << 20
    try pipeline.addHandler(IdleStateHandler(allTimeout: .seconds(Self.idleSeconds)))
    _ = try pipeline.configureHTTP2Pipeline(
      mode: .server, connectionConfiguration: connection, streamConfiguration: stream
    ) { stream in
      stream.eventLoop.makeCompletedFuture {
        try stream.pipeline.syncOperations.addHandler(GRPCCall(desk))
      }
    }
    try pipeline.addHandler(SilenceEnd())
  }
}

/// Closes a connection on which nothing happens, or that broke its protocol.
private final class SilenceEnd: ChannelInboundHandler {
  typealias InboundIn = HTTP2Frame

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    if event is IdleStateHandler.IdleStateEvent { return context.close(promise: nil) }
    context.fireUserInboundEventTriggered(event)
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    context.close(promise: nil)
  }
}

/// The connections of a listener.
private final class OpenChannels: Sendable {
  private let limit: Int
  private let channels = Mutex<[ObjectIdentifier: any Channel]>([:])

  init(limit: Int) {
    self.limit = limit
  }

  var all: [any Channel] { channels.withLock { Array($0.values) } }

  /// False when there are as many as may be.
  func add(_ channel: any Channel) -> Bool {
    let id = ObjectIdentifier(channel)
    let isAdded = channels.withLock { channels in
      guard channels.count < limit else { return false }
      channels[id] = channel
      return true
    }
    guard isAdded else { return false }
    channel.closeFuture.whenComplete { [self] _ in
      _ = channels.withLock { $0.removeValue(forKey: id) }
    }
    return true
  }
}
