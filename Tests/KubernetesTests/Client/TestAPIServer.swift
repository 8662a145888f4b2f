// SPDX-License-Identifier: Apache-2.0

import Foundation
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import TestSupport

@testable import Kubernetes

/// An API server on loopback with the lists and watches of a real one.
struct TestAPIServer {
  typealias Connection = NIOAsyncChannel<HTTPServerRequestPart, HTTPServerResponsePart>

  let port: Int
  private let server: NIOAsyncChannel<Connection, Never>
  private let cluster: TestCluster
  /// Cuts what it sends into pieces of random sizes.
  private let seed: UInt64

  /// - Parameters:
  ///   - isNamed: whether its certificate is for a name only: ``TestCertificates/named``.
  ///   - asksForCertificates: whether a client must have one by ``TestCertificates/authority``.
  init(
    _ cluster: TestCluster, seed: UInt64 = 1, isNamed: Bool = false,
    asksForCertificates: Bool = false
  ) async throws {
    self.cluster = cluster
    self.seed = seed
    let (chain, key) =
      isNamed
      ? (TestCertificates.named, TestCertificates.namedKey)
      : (TestCertificates.server, TestCertificates.serverKey)
    var configuration = TLSConfiguration.makeServerConfiguration(
      certificateChain: try NIOSSLCertificate.fromPEMBytes(Array(chain.utf8))
        .map { .certificate($0) },
      privateKey: .privateKey(try NIOSSLPrivateKey(bytes: Array(key.utf8), format: .pem)))
    if asksForCertificates {
      configuration.certificateVerification = .noHostnameVerification
      configuration.trustRoots = .certificates(
        try NIOSSLCertificate.fromPEMBytes(Array(TestCertificates.authority.utf8)))
    }
    let tls = try NIOSSLContext(configuration: configuration)
    server = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
      .bind(host: "127.0.0.1", port: 0) { channel in
        channel.eventLoop.makeCompletedFuture {
          let pipeline = channel.pipeline.syncOperations
          try pipeline.addHandler(NIOSSLServerHandler(context: tls))
          try pipeline.configureHTTPServerPipeline()
          return try Connection(wrappingChannelSynchronously: channel)
        }
      }
    port = server.channel.localAddress?.port ?? 0
  }

  /// Answers until the task is cancelled.
  func run() async throws {
    try await withThrowingDiscardingTaskGroup { tasks in
      try await server.executeThenClose { connections in
        for try await connection in connections {
          tasks.addTask { try? await serve(connection) }
        }
      }
    }
  }

  private func serve(_ connection: Connection) async throws {
    try await connection.executeThenClose { inbound, outbound in
      for try await part in inbound {
        guard case .head(let head) = part else { continue }
        try await answer(head, outbound)
      }
    }
  }

  private typealias Writer = NIOAsyncChannelOutboundWriter<HTTPServerResponsePart>
  private struct Cut: Error {}

  private func answer(_ head: HTTPRequestHead, _ outbound: Writer) async throws {
    await cluster.note(head.uri)
    let parts = head.uri.split(separator: "?", maxSplits: 1)
    let path = String(parts[0])
    var query: [String: String] = [:]
    for pair in (parts.count > 1 ? parts[1] : "").split(separator: "&") {
      let words = pair.split(separator: "=", maxSplits: 1)
      query[String(words[0])] =
        words.count > 1 ? String(words[1]).removingPercentEncoding : ""
    }
    let kind = KubernetesKind.allCases.first { path.hasPrefix($0.path) } ?? .pod
    switch await cluster.fault {
    case .refuses(let status, let only) where only == nil || only == kind:
      return try await say(status, Self.status(status), outbound)
    case .silent:
      try await Task.sleep(for: .seconds(3_600))
    case .garbled: return try await say(200, Array("<html>".utf8), outbound)
    case .cut:
      try await outbound.write(.head(.init(version: .http1_1, status: .ok)))
      try await outbound.write(.body(.byteBuffer(ByteBuffer(string: "{\"items\":["))))
      throw Cut()
    default: break
    }
    if let tokens = await cluster.tokens {
      let presented = head.headers.first(name: "Authorization")?.split(separator: " ").last
      guard tokens.contains(String(presented ?? "")) else {
        return try await say(401, Self.status(401), outbound)
      }
    }
    if path.hasPrefix(kind.path + "/") {
      let object = await cluster.object(kind, named: String(path.dropFirst(kind.path.count + 1)))
      return try await say(object == nil ? 404 : 200, object ?? Self.status(404), outbound)
    }
    guard query["watch"] == "1" else {
      let page = try await cluster.page(
        kind, limit: Int(query["limit"] ?? "") ?? .max, token: query["continue"] ?? "")
      return try await say(page == nil ? 410 : 200, page ?? Self.status(410), outbound)
    }
    try await stream(kind, from: Int(query["resourceVersion"] ?? "") ?? 0, outbound)
  }

  private static func status(_ code: Int) -> [UInt8] {
    Array(
      #"{"kind":"Status","status":"Failure","message":"as the test wants it","code":\#(code)}"#.utf8
    )
  }

  private func say(_ status: Int, _ body: [UInt8], _ outbound: Writer) async throws {
    var head = HTTPResponseHead(
      version: .http1_1, status: HTTPResponseStatus(statusCode: status))
    head.headers.add(name: "Content-Length", value: "\(body.count)")
    try await outbound.write(.head(head))
    try await outbound.write(.body(.byteBuffer(ByteBuffer(bytes: body))))
    try await outbound.write(.end(nil))
  }

  private func stream(
    _ kind: KubernetesKind, from version: Int, _ outbound: Writer
  ) async throws {
    switch await cluster.watch(kind, from: version) {
    case .tooOld(byStatus: true): try await say(410, Self.status(410), outbound)
    case .tooOld(byStatus: false):
      let line = Array(#"{"type":"ERROR","object":"#.utf8) + Self.status(410) + Array("}\n".utf8)
      try await say(200, line, outbound)
    case .open(let watcher, let wakes):
      var random = SeededGenerator(seed: seed &+ UInt64(watcher))
      var count = 0
      try await outbound.write(.head(.init(version: .http1_1, status: .ok)))
      for await _ in wakes {
        let (lines, total) = await cluster.lines(kind, after: version, beyond: count)
        count = total
        for line in lines {
          var rest = line[...]
          while !rest.isEmpty {
            // Where watches are ended, some end in the middle of a line.
            guard await cluster.isOpen(watcher) else { throw Cut() }
            let piece = rest.prefix(1 + random.roll(3_000))
            rest = rest.dropFirst(piece.count)
            try await outbound.write(.body(.byteBuffer(ByteBuffer(bytes: piece))))
          }
        }
      }
      throw Cut()
    }
  }
}
