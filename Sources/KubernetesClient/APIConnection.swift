// SPDX-License-Identifier: Apache-2.0

import Glibc
import Kubernetes
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL

/// A connection to an API server, for one request after the other.
struct APIConnection {
  typealias Channel = NIOAsyncChannel<HTTPClientResponsePart, HTTPClientRequestPart>

  struct Head {
    var status: Int
    var retryAfterSeconds: Int
    var isKeptAlive: Bool
  }

  private let access: ClusterAccess
  private let token: String?
  private var inbound: NIOAsyncChannelInboundStream<HTTPClientResponsePart>.AsyncIterator
  private let outbound: NIOAsyncChannelOutboundWriter<HTTPClientRequestPart>

  init(
    _ access: ClusterAccess, token: String?,
    _ inbound: NIOAsyncChannelInboundStream<HTTPClientResponsePart>,
    _ outbound: NIOAsyncChannelOutboundWriter<HTTPClientRequestPart>
  ) {
    self.access = access
    self.token = token
    self.inbound = inbound.makeAsyncIterator()
    self.outbound = outbound
  }

  /// Asks for a path and reads the answer's head.
  mutating func get(_ path: String) async throws -> Head {
    let isV6 = access.host.contains(":")
    var headers: HTTPHeaders = [
      "Host": (isV6 ? "[\(access.host)]" : access.host) + ":\(access.port)",
      "Accept": "application/json", "User-Agent": "metaflow-agent",
    ]
    if let token { headers.add(name: "Authorization", value: "Bearer " + token) }
    let head = HTTPRequestHead(
      version: .http1_1, method: .GET, uri: access.basePath + path, headers: headers)
    try await outbound.write(.head(head))
    try await outbound.write(.end(nil))
    while let part = try await inbound.next(isolation: #isolation) {
      guard case .head(let head) = part else { continue }
      return Head(
        status: Int(head.status.code),
        retryAfterSeconds: head.headers.first(name: "Retry-After").flatMap { Int($0) } ?? 0,
        isKeptAlive: head.isKeepAlive)
    }
    throw WatchTrouble.disconnected
  }

  /// More of the answer's body; nil behind its end.
  mutating func more() async throws -> [UInt8]? {
    while let part = try await inbound.next(isolation: #isolation) {
      switch part {
      case .head: continue
      case .body(let buffer): return Array(buffer.readableBytesView)
      case .end: return nil
      }
    }
    throw WatchTrouble.disconnected
  }

  /// The rest of the answer's body.
  mutating func body(limit: Int) async throws -> [UInt8] {
    var body: [UInt8] = []
    while let part = try await more() {
      guard body.count + part.count <= limit else { throw WatchTrouble.tooLarge(limit: limit) }
      body += part
    }
    return body
  }

  // MARK: Opening

  /// - Parameter patience: for how long the server may say nothing.
  static func open(
    _ access: ClusterAccess, as present: CredentialHolder.Present, patience: TimeAmount,
    group: any EventLoopGroup
  ) async throws -> Channel {
    let tls = access.isTLS ? try context(access, present) : nil
    // A name that is an address is checked against the addresses in the certificate.
    let isAddress = (try? SocketAddress(ipAddress: access.host, port: 0)) != nil
    let name = access.serverName ?? (isAddress ? nil : access.host)
    return try await ClientBootstrap(group: group)
      .connectTimeout(.seconds(10))
      .channelOption(.socketOption(.so_keepalive), value: 1)
      .channelOption(.tcpOption(NIOBSDSocket.Option(rawValue: TCP_KEEPIDLE)), value: 20)
      .channelOption(.tcpOption(NIOBSDSocket.Option(rawValue: TCP_KEEPINTVL)), value: 10)
      .channelOption(.tcpOption(NIOBSDSocket.Option(rawValue: TCP_KEEPCNT)), value: 3)
      .connect(host: access.host, port: access.port) { channel in
        channel.eventLoop.makeCompletedFuture {
          let pipeline = channel.pipeline.syncOperations
          if let tls {
            try pipeline.addHandler(NIOSSLClientHandler(context: tls, serverHostname: name))
          }
          try pipeline.addHandler(IdleStateHandler(readTimeout: patience))
          try pipeline.addHTTPClientHandlers()
          try pipeline.addHandler(SilenceHandler(patience: patience))
          return try Channel(wrappingChannelSynchronously: channel)
        }
      }
  }

  private static func context(
    _ access: ClusterAccess, _ present: CredentialHolder.Present
  ) throws -> NIOSSLContext {
    var configuration = TLSConfiguration.makeClientConfiguration()
    switch access.authority {
    case .system: break
    case .unchecked: configuration.certificateVerification = .none
    case .certificates(let bytes):
      configuration.trustRoots = .certificates(
        try certificates(bytes, "the authority's certificate"))
    case .file(let path):
      configuration.trustRoots = .certificates(
        try certificates(try CredentialHolder.contents(of: path), path))
    }
    if let key = present.key {
      configuration.certificateChain = present.chain.map { .certificate($0) }
      configuration.privateKey = .privateKey(key)
    }
    return try NIOSSLContext(configuration: configuration)
  }

  private static func certificates(
    _ bytes: [UInt8], _ name: String
  ) throws -> [NIOSSLCertificate] {
    do {
      let found = try NIOSSLCertificate.fromPEMBytes(bytes)
      if !found.isEmpty { return found }
    } catch {}
    throw ClusterAccessError("\(name) holds no certificate in PEM")
  }

  /// What went wrong, in words.
  static func trouble(_ error: any Error) -> WatchTrouble {
    if let trouble = error as? WatchTrouble { return trouble }
    if let fault = error as? JSONFault { return .malformed("\(fault)") }
    if let fault = error as? HTTPParserError {
      return fault == .invalidEOFState ? .disconnected : .malformed("\(fault)")
    }
    let text = "\(error)"
    if text.contains("CERTIFICATE_VERIFY_FAILED") || text.contains("unableToValidateCertificate")
      || text.contains("failedToValidateHostname")
    {
      return .unreachable(
        "its certificate is not for this address, or is not by the authority that we believe")
    }
    if error is ChannelError || error is IOError || error is NIOSSLError,
      text.contains("alreadyClosed") || text.contains("eof") || text.contains("uncleanShutdown")
        || text.contains("ioOnClosedChannel") || text.contains("reset by peer")
    {
      return .disconnected
    }
    return .unreachable(text)
  }
}

/// Ends a connection on which nothing comes any more.
private final class SilenceHandler: ChannelInboundHandler {
  typealias InboundIn = HTTPClientResponsePart
  typealias InboundOut = HTTPClientResponsePart

  private let patience: TimeAmount

  init(patience: TimeAmount) {
    self.patience = patience
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    guard event is IdleStateHandler.IdleStateEvent else {
      context.fireUserInboundEventTriggered(event)
      return
    }
    context.fireErrorCaught(
      WatchTrouble.unreachable(
        "it has said nothing for \(patience.nanoseconds / 1_000_000_000) s"))
    context.close(promise: nil)
  }
}
