// SPDX-License-Identifier: Apache-2.0

import NIOCore

/// Tells ``OpenConnections`` of one connection, and ends it when it does not take its answer.
final class ConnectionHandler: ChannelInboundHandler, RemovableChannelHandler {
  typealias InboundIn = NIOAny

  private let connections: OpenConnections
  /// How long a connection may take nothing of what is written to it.
  private let patience: TimeAmount
  private var stalled: Scheduled<Void>?

  init(_ connections: OpenConnections, patience: TimeAmount) {
    self.connections = connections
    self.patience = patience
  }

  func channelActive(context: ChannelHandlerContext) {
    if connections.open(ObjectIdentifier(context.channel)) == .refused {
      context.close(promise: nil)
    }
    context.fireChannelActive()
  }

  func channelInactive(context: ChannelHandlerContext) {
    stalled?.cancel()
    connections.close(ObjectIdentifier(context.channel))
    context.fireChannelInactive()
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    if case .some(.inputClosed) = event as? ChannelEvent {
      connections.finish(ObjectIdentifier(context.channel))
    }
    context.fireUserInboundEventTriggered(event)
  }

  func channelWritabilityChanged(context: ChannelHandlerContext) {
    stalled?.cancel()
    stalled = nil
    if !context.channel.isWritable {
      stalled = context.eventLoop.assumeIsolated().scheduleTask(in: patience) {
        context.close(promise: nil)
      }
    }
    context.fireChannelWritabilityChanged()
  }
}
