// SPDX-License-Identifier: Apache-2.0

import ConfigurationFile
import NIOCore
import NIOPosix
import Testing

@testable import Agent

@Suite(.timeLimit(.minutes(10))) struct MetricsServerTests {
  /// What the server at `port` answers before it hangs up.
  private func ask(
    _ request: String, port: Int, _ group: MultiThreadedEventLoopGroup
  ) async throws -> String {
    let channel = try await ClientBootstrap(group: group).connect(host: "127.0.0.1", port: port) {
      channel in
      channel.eventLoop.makeCompletedFuture {
        try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
      }
    }
    return try await channel.executeThenClose { inbound, outbound in
      try await outbound.write(ByteBuffer(string: request))
      var answer = ""
      for try await chunk in inbound { answer += String(buffer: chunk) }
      return answer
    }
  }

  @Test(arguments: [
    ("GET /metrics", "HTTP/1.1 200 OK", "a_metric 1\n"),
    ("GET /other", "HTTP/1.1 404 Not Found", "404 Not Found: see /metrics\n"),
    ("POST /metrics", "HTTP/1.1 405 Method Not Allowed", "405 Method Not Allowed: see /metrics\n"),
  ])
  func onlyThePageIsAnswered(request: String, status: String, body: String) async throws {
    let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    let address = NetworkAddress(host: "127.0.0.1", port: 0)
    let port = try await MetricsServer.start(on: address, group: group) { "a_metric 1\n" }
    let answer = try await ask(
      "\(request) HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
      port: port, group)
    #expect(answer.hasPrefix(status))
    #expect(answer.hasSuffix("\r\n\r\n" + body))
    try await group.shutdownGracefully()
  }

  @Test func aPortInUseIsToldInOneSentence() async throws {
    let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    let any = NetworkAddress(host: "127.0.0.1", port: 0)
    let port = try await MetricsServer.start(on: any, group: group) { "" }
    let error = await #expect(throws: MetricsServer.BindError.self) {
      _ = try await MetricsServer.start(
        on: NetworkAddress(host: "127.0.0.1", port: port), group: group
      ) { "" }
    }
    #expect(error?.description.contains("127.0.0.1:\(port) cannot be listened on") == true)
    try await group.shutdownGracefully()
  }
}
