// SPDX-License-Identifier: Apache-2.0

package import ConfigurationFile
import NIOCore
import NIOHTTP1
package import NIOPosix

/// Answers `GET /metrics` and nothing else.
package enum MetricsServer {
  /// Why the listener did not come up, in words for the person who started the agent.
  package struct BindError: Error, Hashable, CustomStringConvertible {
    package var description: String
  }

  /// Listens until the group is shut down. `page` is asked at every request, on an event loop.
  ///
  /// Returns the port that is listened on, which the system chose when `address` has port 0.
  package static func start(
    on address: NetworkAddress, group: MultiThreadedEventLoopGroup,
    page: @escaping @Sendable () -> String
  ) async throws(BindError) -> Int {
    do {
      let channel = try await ServerBootstrap(group: group)
        .serverChannelOption(.backlog, value: 16)
        .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
        .childChannelInitializer { channel in
          channel.eventLoop.makeCompletedFuture {
            try channel.pipeline.syncOperations.configureHTTPServerPipeline()
            try channel.pipeline.syncOperations.addHandler(PageHandler(page: page))
          }
        }
        .bind(host: address.host, port: address.port).get()
      return channel.localAddress?.port ?? address.port
    } catch {
      throw BindError(
        description: "The metrics address \(address) cannot be listened on (\(error)): another "
          + "program may use it; choose another with --metrics.")
    }
  }
}

private final class PageHandler: ChannelInboundHandler {
  typealias InboundIn = HTTPServerRequestPart
  typealias OutboundOut = HTTPServerResponsePart

  private let page: @Sendable () -> String
  private var request: HTTPRequestHead?

  init(page: @escaping @Sendable () -> String) {
    self.page = page
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    switch unwrapInboundIn(data) {
    case .head(let head): request = head
    case .body: break
    case .end:
      guard let request else { return }
      answer(request, context: context)
    }
  }

  private func answer(_ request: HTTPRequestHead, context: ChannelHandlerContext) {
    let isKnown = request.uri == "/metrics"
    let isRead = request.method == .GET || request.method == .HEAD
    let status: HTTPResponseStatus =
      isKnown ? (isRead ? .ok : .methodNotAllowed) : .notFound
    let text = status == .ok ? page() : "\(status.code) \(status.reasonPhrase): see /metrics\n"
    var headers = HTTPHeaders()
    headers.add(name: "content-type", value: "text/plain; version=0.0.4; charset=utf-8")
    headers.add(name: "content-length", value: String(text.utf8.count))
    if !request.isKeepAlive { headers.add(name: "connection", value: "close") }
    let head = HTTPResponseHead(version: request.version, status: status, headers: headers)
    context.write(wrapOutboundOut(.head(head)), promise: nil)
    if request.method != .HEAD {
      let body = context.channel.allocator.buffer(string: text)
      context.write(wrapOutboundOut(.body(.byteBuffer(body))), promise: nil)
    }
    context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
    if !request.isKeepAlive { context.close(promise: nil) }
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    context.close(promise: nil)
  }
}
