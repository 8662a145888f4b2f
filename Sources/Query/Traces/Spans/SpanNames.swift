// SPDX-License-Identifier: Apache-2.0

/// How a call is called as a span, and its columns by the names that OpenTelemetry's conventions have.
enum SpanNames {
  /// "GET /items/{n}"; the protocol's name where nothing else is known.
  static func name(_ text: TraceText) -> String {
    let what = text.endpoint.isEmpty ? text.domain : text.endpoint
    if what.isEmpty { return text.type.isEmpty ? text.application : text.type }
    let (type, whole) = (text.type.lowercased(), what.lowercased())
    // Statements begin with their commands.
    if type.isEmpty || whole == type || whole.hasPrefix(type + " ") { return what }
    return "\(text.type) \(what)"
  }

  /// A column of the call log behind a name.
  struct Column: Hashable, Sendable {
    var name: String
    var column: String
    var isNumber = false
  }

  private static let web = [
    Column(name: "http.request.method", column: "request_type"),
    Column(name: "url.path", column: "request_resource"),
    Column(name: "http.response.status_code", column: "response_code", isNumber: true),
  ]
  private static let database = [
    Column(name: "db.operation.name", column: "request_type"),
    Column(name: "db.query.text", column: "request_resource"),
    Column(name: "db.namespace", column: "request_domain"),
    Column(name: "db.response.status_code", column: "response_code", isNumber: true),
  ]
  private static let remote = [
    Column(name: "rpc.method", column: "request_type"),
    Column(name: "rpc.service", column: "request_resource"),
    Column(name: "rpc.response.status_code", column: "response_code", isNumber: true),
  ]
  private static let message = [
    Column(name: "messaging.operation.name", column: "request_type"),
    Column(name: "messaging.destination.name", column: "request_resource"),
  ]
  private static let other = [
    Column(name: "request.type", column: "request_type"),
    Column(name: "request.resource", column: "request_resource"),
    Column(name: "response.code", column: "response_code", isNumber: true),
  ]
  /// Of any protocol.
  private static let every = [
    Column(name: "endpoint", column: "endpoint"),
    Column(name: "server.address", column: "request_domain"),
    Column(name: "server.port", column: "server_port", isNumber: true),
    Column(name: "x_request_id", column: "x_request_id_0"),
  ]

  /// All names that are made of columns.
  static let columns = web + database + remote + message + other + every

  /// The names of its protocol's kind, and the one that says which it is.
  private static func family(_ application: String) -> (columns: [Column], system: String) {
    switch application {
    case "HTTP", "HTTP2", "HTTP/2", "FastCGI": (web, "")
    case "MySQL", "PostgreSQL", "Redis", "MongoDB", "Cassandra", "Memcached", "TDS", "Oracle":
      (database, "db.system.name")
    case "gRPC", "Dubbo", "SofaRPC", "bRPC", "Thrift", "Tars", "ONC RPC", "KRPC", "SOME/IP":
      (remote, "rpc.system")
    default:
      Messaging.protocols.contains(application) ? (message, "messaging.system") : (other, "")
    }
  }

  static func attributes(
    _ call: TraceNode, _ detail: SpanDetails, isServer: Bool
  ) -> [TraceAttribute] {
    let text = call.text
    let (columns, system) = family(text.application)
    var all: [TraceAttribute] = []
    if !system.isEmpty { all.append(TraceAttribute(system, text.application.lowercased())) }
    for column in columns + every {
      switch column.column {
      case "request_type": add(column.name, text.type, &all)
      case "request_resource": add(column.name, text.resource, &all)
      case "request_domain": add(column.name, text.domain, &all)
      case "endpoint": add(column.name, text.endpoint, &all)
      case "x_request_id_0": add(column.name, call.identifier, &all)
      case "response_code": if let code = text.code { all.append(.init(column.name, code)) }
      default:
        if call.server.port != 0 {
          all.append(TraceAttribute(column.name, Int64(clamping: call.server.port)))
        }
      }
    }
    let far = isServer ? call.client : call.server
    add("network.peer.address", far.address, &all)
    if far.port != 0 { all.append(.init("network.peer.port", Int64(clamping: far.port))) }
    add("peer.service", far.service, &all)
    if text.isFailed { add("error.type", text.status, &all) }
    add("metaflow.protocol", text.application, &all)
    add("metaflow.seen_at", call.hops.map(\.point).joined(separator: " "), &all)
    if let confidence = call.confidence {
      all.append(.init("metaflow.edge.confidence", .double(confidence)))
      add("metaflow.edge.reasons", call.evidence.map(\.text).joined(separator: "; "), &all)
    } else {
      add("metaflow.without_parent", call.missing ?? "", &all)
    }
    if detail.requestBytes > 0 {
      all.append(.init("request.body.size", Int64(clamping: detail.requestBytes)))
    }
    if detail.responseBytes > 0 {
      all.append(.init("response.body.size", Int64(clamping: detail.responseBytes)))
    }
    let known = Set(all.map(\.name))
    return all + detail.attributes.filter { !known.contains($0.name) }
  }

  private static func add(_ name: String, _ text: String, _ all: inout [TraceAttribute]) {
    if !text.isEmpty { all.append(TraceAttribute(name, text)) }
  }
}
