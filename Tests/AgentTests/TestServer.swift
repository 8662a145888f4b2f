// SPDX-License-Identifier: Apache-2.0

import NIOCore
import NIOPosix
import Synchronization
import Telemetry
import TestSupport
import Wire

/// A server that stores request ids, remembers the last batch, and hangs up when the dice say so.
final class TestServer: Sendable {
  struct State {
    var random: SeededGenerator
    var last: UInt64 = 0
    /// Of `last`, where the server is to tell it.
    var checksum: UInt32?
    var identities: [AgentIdentity] = []
    var requestIDs: [UInt64] = []
    var passed: UInt64 = 0
    var dropped: [LossReason: UInt64] = [:]
    var connections = 0
    var hangsUp: Bool
    /// Whether it hangs up at everything.
    var isGone = false
  }

  let state: Mutex<State>
  private let channel: any Channel

  var port: Int { channel.localAddress?.port ?? 0 }

  init(seed: UInt64, hangsUp: Bool, group: MultiThreadedEventLoopGroup, port: Int = 0) async throws
  {
    let box = Box()
    state = Mutex(State(random: SeededGenerator(seed: seed), hangsUp: hangsUp))
    channel = try await ServerBootstrap(group: group)
      .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.addHandler(Conversation(box: box))
        }
      }
      .bind(host: "127.0.0.1", port: port).get()
    box.server.withLock { $0 = self }
  }

  func close() async throws {
    try await channel.close().get()
  }

  final class Box: Sendable {
    let server = Mutex<TestServer?>(nil)
  }

  /// What to answer, and whether to hang up then.
  fileprivate func take(_ frame: Frame) -> (answer: Frame?, hangUp: Bool) {
    state.withLock { state in
      guard !state.isGone else { return (nil, true) }
      switch frame {
      case .hello(let hello):
        state.connections += 1
        if state.identities.last != hello.identity {
          if !state.identities.isEmpty { (state.last, state.checksum) = (0, nil) }
          state.identities.append(hello.identity)
        }
        return (
          .helloAck(
            HelloAck(
              accepted: true, agentID: 1, lastSequence: state.last, lastChecksum: state.checksum)),
          false
        )
      case .batch(let sequence, let batch):
        // Before it is stored, after it is stored but not acknowledged, or not at all.
        let dice = state.hangsUp ? state.random.next() % 8 : 7
        if dice == 0 { return (nil, true) }
        if sequence > state.last {
          (state.last, state.checksum) = (sequence, nil)
          state.requestIDs += batch.calls.compactMap(\.requestID)
          for loss in batch.losses where loss.stage == .uplink {
            state.passed += loss.passed
            if loss.dropped > 0 { state.dropped[loss.reason, default: 0] += loss.dropped }
          }
        }
        return dice == 1 ? (nil, true) : (.ack(through: state.last), false)
      case .ping:
        return (.ack(through: state.last), false)
      default:
        return (nil, true)
      }
    }
  }
}

private final class Conversation: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  private let box: TestServer.Box
  private var splitter = FrameSplitter()

  init(box: TestServer.Box) {
    self.box = box
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    let bytes = Array(unwrapInboundIn(data).readableBytesView)
    splitter.append(bytes.span)
    do {
      var opener = FrameOpener()
      var encoder = FrameEncoder()
      while let encoded = try splitter.next() {
        guard let server = box.server.withLock({ $0 }) else { return context.close(promise: nil) }
        let (answer, hangUp) = server.take(try opener.open(encoded))
        if let answer {
          let bytes = try encoder.encode(answer)
          context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: bytes)), promise: nil)
        }
        if hangUp { return context.close(promise: nil) }
      }
    } catch {
      context.close(promise: nil)
    }
  }
}
