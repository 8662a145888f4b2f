// SPDX-License-Identifier: Apache-2.0

/// What of a span the columns of a call are made of.
enum SpanField: UInt8, CaseIterable, Sendable {
  case service, instance
  case ownAddress, ownPort, peerAddress, peerPort, peerName
  case serverAddress, serverPort, clientAddress, clientPort, hostName
  case transport, protocolName, protocolVersion
  case httpMethod, originalMethod, urlPath, urlQuery, url, httpTarget, httpHost, scheme, httpCode
  case userAgent, referer, requestSize, responseSize, requestXRequestID, responseXRequestID
  case databaseSystem, databaseName, databaseOperation, statement, databaseCode, databaseRows
  case rpcSystem, rpcService, rpcMethod, rpcCode
  case messagingSystem, messagingOperation, destination
  case domainName, errorKind
  case processID, threadID, threadName
}

/// Which names of attributes tell a field, the best first.
///
/// The names are OpenTelemetry's semantic conventions, those of today and those that instrumentation
/// still sends (https://opentelemetry.io/docs/specs/semconv/, and the registry's deprecated attributes);
/// `app.host.ip` is what DeepFlow's agents add. Behind them stand tags of Zipkin's and SkyWalking's.
struct SpanRule: Sendable {
  var field: SpanField
  var names: [StaticString]
  /// Whether the value also stands among the attributes: a column has less than all of it.
  var isKept: Bool

  private init(_ field: SpanField, _ names: [StaticString], isKept: Bool = false) {
    self.field = field
    self.names = names
    self.isKept = isKept
  }

  static let all: [SpanRule] = resource + network + http + database + calls

  private static let resource: [SpanRule] = [
    SpanRule(.service, ["service.name"]),
    SpanRule(.instance, ["service.instance.id"]),
    SpanRule(.processID, ["process.pid"], isKept: true),
    SpanRule(.threadID, ["thread.id"]),
    SpanRule(.threadName, ["thread.name"], isKept: true),
    SpanRule(.errorKind, ["error.type", "error.kind"], isKept: true),
  ]

  private static let network: [SpanRule] = [
    SpanRule(
      .ownAddress,
      [
        "network.local.address", "net.sock.host.addr", "net.host.ip", "app.host.ip", "k8s.pod.ip",
        "host.ip",
      ], isKept: true),
    SpanRule(.ownPort, ["network.local.port", "net.sock.host.port", "net.host.port"]),
    SpanRule(
      .peerAddress, ["network.peer.address", "net.sock.peer.addr", "net.peer.ip"], isKept: true),
    SpanRule(.peerPort, ["network.peer.port", "net.sock.peer.port", "net.peer.port"]),
    SpanRule(.peerName, ["net.peer.name", "net.sock.peer.name"], isKept: true),
    SpanRule(.hostName, ["net.host.name", "net.sock.host.name"], isKept: true),
    SpanRule(.serverAddress, ["server.address"], isKept: true),
    SpanRule(.serverPort, ["server.port"], isKept: true),
    SpanRule(
      .clientAddress, ["client.address", "http.client_ip", "client.socket.address"], isKept: true),
    SpanRule(.clientPort, ["client.port", "client.socket.port"]),
    SpanRule(.transport, ["network.transport", "net.transport"]),
    SpanRule(
      .protocolName, ["network.protocol.name", "net.protocol.name", "net.app.protocol.name"],
      isKept: true),
    SpanRule(
      .protocolVersion,
      [
        "network.protocol.version", "net.protocol.version", "net.app.protocol.version",
        "http.flavor",
      ]),
  ]

  private static let http: [SpanRule] = [
    SpanRule(.httpMethod, ["http.request.method", "http.method"]),
    SpanRule(.originalMethod, ["http.request.method_original"]),
    SpanRule(.urlPath, ["url.path", "http.path"]),
    SpanRule(.urlQuery, ["url.query", "http.params"]),
    SpanRule(.url, ["url.full", "http.url", "url"], isKept: true),
    SpanRule(.httpTarget, ["http.target"]),
    SpanRule(.httpHost, ["http.host", "url.domain"]),
    SpanRule(.scheme, ["url.scheme", "http.scheme"], isKept: true),
    SpanRule(.httpCode, ["http.response.status_code", "http.status_code", "status_code"]),
    SpanRule(.userAgent, ["user_agent.original", "http.user_agent"]),
    SpanRule(.referer, ["http.request.header.referer"]),
    SpanRule(
      .requestSize,
      [
        "http.request.size", "http.request.body.size", "http.request_content_length",
        "messaging.message.body.size", "messaging.message.payload_size_bytes",
      ]),
    SpanRule(
      .responseSize,
      ["http.response.size", "http.response.body.size", "http.response_content_length"]),
    SpanRule(.requestXRequestID, ["http.request.header.x-request-id"]),
    SpanRule(.responseXRequestID, ["http.response.header.x-request-id"]),
  ]

  private static let database: [SpanRule] = [
    SpanRule(
      .databaseSystem, ["db.system.name", "db.system", "db.type", "cache.type"], isKept: true),
    SpanRule(.databaseName, ["db.namespace", "db.name", "db.instance"]),
    SpanRule(.databaseOperation, ["db.operation.name", "db.operation", "cache.cmd"]),
    SpanRule(.statement, ["db.query.text", "db.statement", "sql.query"]),
    SpanRule(.databaseCode, ["db.response.status_code"], isKept: true),
    SpanRule(.databaseRows, ["db.response.returned_rows"], isKept: true),
  ]

  private static let calls: [SpanRule] = [
    SpanRule(.rpcSystem, ["rpc.system.name", "rpc.system"], isKept: true),
    SpanRule(.rpcService, ["rpc.service"]),
    SpanRule(.rpcMethod, ["rpc.method"]),
    SpanRule(
      .rpcCode, ["rpc.grpc.status_code", "rpc.response.status_code"], isKept: true),
    SpanRule(.messagingSystem, ["messaging.system"], isKept: true),
    SpanRule(
      .messagingOperation,
      ["messaging.operation.name", "messaging.operation.type", "messaging.operation"]),
    SpanRule(
      .destination,
      [
        "messaging.destination.name", "messaging.destination", "messaging.url", "mq.topic",
        "mq.queue",
      ]),
    SpanRule(.domainName, ["dns.question.name"]),
  ]
}

/// Finds the field that a name tells.
struct SpanNames: Sendable {
  struct Match: Sendable {
    var name: StaticString
    var field: SpanField
    /// From 0, the best.
    var rank: UInt8
    var isKept: Bool
  }

  static let all = SpanNames()

  /// By ``hash(_:)``. No two names have one hash, which a test sees to.
  private let matches: [UInt64: Match]

  private init() {
    var matches: [UInt64: Match] = [:]
    for rule in SpanRule.all {
      for (rank, name) in rule.names.enumerated() {
        let hash = name.withUTF8Buffer { Self.hash(unsafe $0.span) }
        matches[hash] = Match(
          name: name, field: rule.field, rank: UInt8(rank), isKept: rule.isKept)
      }
    }
    self.matches = matches
  }

  var count: Int { matches.count }

  func match(_ name: Span<UInt8>) -> Match? {
    guard let match = matches[Self.hash(name)], name.count == match.name.utf8CodeUnitCount else {
      return nil
    }
    let isSame = match.name.withUTF8Buffer { letters in
      for index in name.indices where name[index] != (unsafe letters[index]) { return false }
      return true
    }
    return isSame ? match : nil
  }

  /// FNV-1a, 64 bits.
  private static func hash(_ bytes: Span<UInt8>) -> UInt64 {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for index in bytes.indices { hash = (hash ^ UInt64(bytes[index])) &* 0x100_0000_01b3 }
    return hash
  }
}

/// Where the values of the fields of one span stand: indices of its attributes.
struct FoundFields: Sendable {
  private var indices = InlineArray<64, UInt16>(repeating: .max)
  private var ranks = InlineArray<64, UInt8>(repeating: .max)

  subscript(_ field: SpanField) -> Int? {
    let index = indices[Int(field.rawValue)]
    return index == .max ? nil : Int(index)
  }

  /// Looks at the entries from `start` on. What a span tells wins over what its resource does.
  mutating func look(at attributes: borrowing SpanAttributes, from start: Int) {
    let resource = attributes.resourceCount
    for index in start..<max(start, attributes.entries.count) {
      guard let match = SpanNames.all.match(attributes.name(of: index)) else { continue }
      let place = Int(match.field.rawValue)
      let rank = match.rank + (index < resource ? 0x80 : 0)
      guard rank < ranks[place] else { continue }
      ranks[place] = rank
      indices[place] = UInt16(index)
    }
  }
}
