// SPDX-License-Identifier: Apache-2.0

import Telemetry
import TestSupport
import Testing

@testable import Ingest

/// What of a span becomes which column, row by row.
@Suite struct SpanColumnTests {
  static let names = ProtocolNames([
    (name: "HTTP", number: 20), (name: "HTTP2", number: 21), (name: "MySQL", number: 60),
    (name: "PostgreSQL", number: 61), (name: "Redis", number: 80), (name: "Kafka", number: 100),
    (name: "DNS", number: 120), (name: "gRPC", number: 41), (name: "Dubbo", number: 40),
  ])

  /// A span's attributes, and what they become.
  struct Row: Sendable, CustomTestStringConvertible {
    var kind: Int
    var attributes: [(String, ToldValue)]
    var column: String
    var value: String

    init(_ kind: Int, _ attributes: [(String, ToldValue)], _ column: String, _ value: String) {
      self.kind = kind
      self.attributes = attributes
      self.column = column
      self.value = value
    }

    var testDescription: String {
      attributes.map(\.0).joined(separator: "+") + " \(kind): \(column)"
    }
  }

  static let http: [Row] = [
    Row(2, [("http.request.method", "GET")], "request_type", "GET"),
    Row(2, [("http.method", "GET")], "request_type", "GET"),
    Row(2, [("http.method", "GET"), ("http.request.method", "PUT")], "request_type", "PUT"),
    Row(
      2, [("http.request.method", "_OTHER"), ("http.request.method_original", "BREW")],
      "request_type", "BREW"),
    Row(2, [("http.method", "GET")], "l7_protocol", "20"),
    Row(2, [("http.method", "GET"), ("http.flavor", "2.0")], "l7_protocol", "21"),
    Row(2, [("http.method", "GET"), ("network.protocol.version", "2")], "version", "2"),
    Row(2, [("url.path", "/a"), ("url.query", "b=1")], "request_resource", "/a?b=?"),
    Row(2, [("url.path", "/a")], "request_resource", "/a"),
    Row(2, [("http.target", "/a?token=x&b=1")], "request_resource", "/a?token=?&b=?"),
    Row(3, [("url.full", "http://u:p@h:1/a/b?c=d#e")], "request_resource", "/a/b?c=?#?"),
    Row(3, [("http.url", "http://h")], "request_resource", ""),
    Row(3, [("http.url", "http://u:p@h:1/a?c=d")], "http.url", "http://h:1/a?c=?"),
    Row(2, [("http.host", "shop.example")], "request_domain", "shop.example"),
    Row(3, [("server.address", "shop.example")], "request_domain", "shop.example"),
    Row(3, [("net.peer.name", "shop.example")], "request_domain", "shop.example"),
    Row(2, [("net.host.name", "shop.example")], "request_domain", "shop.example"),
    Row(2, [("http.response.status_code", 404)], "response_code", "404"),
    Row(2, [("http.status_code", 404)], "response_status", "4"),
    Row(2, [("http.status_code", 503)], "response_status", "3"),
    Row(2, [("http.status_code", 302)], "response_status", "0"),
    Row(2, [("user_agent.original", "curl/8")], "http_user_agent", "curl/8"),
    Row(2, [("http.user_agent", "curl/8")], "http_user_agent", "curl/8"),
    Row(
      2, [("http.request.header.referer", .list(["http://a/b?c=d"]))], "http_referer",
      "http://a/b?c=?"),
    Row(2, [("http.request.header.x-request-id", .list(["7"]))], "x_request_id_0", "7"),
    Row(2, [("http.response.header.x-request-id", "8")], "x_request_id_1", "8"),
    Row(2, [("http.request.body.size", 12)], "request_length", "12"),
    Row(2, [("http.request_content_length", 12)], "request_length", "12"),
    Row(2, [("http.response.body.size", 13)], "response_length", "13"),
    Row(2, [("http.response_content_length", 13)], "response_length", "13"),
    Row(2, [("http.request.header.cookie", .list(["a=b"]))], "http.request.header.cookie", "?"),
    Row(2, [("http.route", "/things/{id}")], "http.route", "/things/{id}"),
  ]

  static let databases: [Row] = [
    Row(3, [("db.system.name", "mysql")], "l7_protocol", "60"),
    Row(3, [("db.system", "mariadb")], "l7_protocol", "60"),
    Row(3, [("db.system", "postgresql")], "l7_protocol", "61"),
    Row(3, [("db.system", "redis")], "l7_protocol", "80"),
    Row(3, [("db.system", "never heard of")], "l7_protocol", "0"),
    Row(3, [("db.namespace", "shop")], "request_domain", "shop"),
    Row(3, [("db.name", "shop"), ("server.address", "h")], "request_domain", "shop"),
    Row(3, [("db.operation.name", "SELECT")], "request_type", "SELECT"),
    Row(3, [("db.operation", "SELECT")], "request_type", "SELECT"),
    Row(
      3, [("db.system", "mysql"), ("db.statement", "SELECT 'ann' FROM t WHERE a = 5")],
      "request_resource", "SELECT ? FROM t WHERE a = ?"),
    Row(
      3, [("db.system", "postgresql"), ("db.query.text", #"SELECT "a" FROM t WHERE b='c'"#)],
      "request_resource", #"SELECT "a" FROM t WHERE b=?"#),
    Row(
      3, [("db.system", "mongodb"), ("db.statement", #"{"find":"users","name":"ann"}"#)],
      "request_resource", "{?:?,?:?}"),
    Row(
      3, [("db.system", "redis"), ("db.statement", "SET key secret")], "request_resource",
      "SET key ?"),
    Row(
      3, [("db.system", "redis"), ("db.statement", "GET a\nSET b secret")], "request_resource",
      "GET a"),
    Row(
      3, [("db.system", "redis"), ("db.statement", "AUTH me secret")], "request_resource", "AUTH ?"),
    Row(3, [("db.response.status_code", "1064")], "response_code", "1064"),
    Row(3, [("db.response.status_code", "42P01")], "response_code", ""),
    Row(3, [("db.response.returned_rows", 3)], "sql_affected_rows", "3"),
    Row(3, [("db.query.parameter.name", "ann")], "db.query.parameter.name", "?"),
    Row(
      3, [("db.statement", "SELECT 'x'"), ("db.query.text", "SELECT 'y'")], "db.statement",
      "SELECT ?"),
  ]

  static let calls: [Row] = [
    Row(3, [("rpc.system", "grpc")], "l7_protocol", "41"),
    Row(3, [("rpc.system", "apache_dubbo")], "l7_protocol", "40"),
    Row(3, [("rpc.method", "Buy")], "request_type", "Buy"),
    Row(3, [("rpc.service", "shop.Cart")], "request_resource", "shop.Cart"),
    Row(3, [("rpc.grpc.status_code", 5)], "response_status", "4"),
    Row(3, [("rpc.grpc.status_code", 14)], "response_status", "3"),
    Row(3, [("rpc.grpc.status_code", 0)], "response_code", "0"),
    Row(4, [("messaging.system", "kafka")], "l7_protocol", "100"),
    Row(4, [("messaging.operation.type", "send")], "request_type", "send"),
    Row(5, [("messaging.operation", "process")], "request_type", "process"),
    Row(4, [("messaging.destination.name", "orders")], "request_resource", "orders"),
    Row(5, [("messaging.destination", "orders")], "request_resource", "orders"),
    Row(4, [], "span.kind", "producer"),
    Row(3, [("dns.question.name", "a.example")], "request_domain", "a.example"),
    Row(3, [("dns.question.name", "a.example")], "l7_protocol", "120"),
    Row(3, [("network.protocol.name", "http")], "l7_protocol", "20"),
  ]

  static let ends: [Row] = [
    Row(0, [], "observation_point", "app"), Row(1, [], "observation_point", "app"),
    Row(2, [], "observation_point", "s-app"), Row(3, [], "observation_point", "c-app"),
    Row(4, [], "observation_point", "c-app"), Row(5, [], "observation_point", "s-app"),
    Row(3, [("network.peer.address", "10.0.0.2")], "ip_1", "10.0.0.2"),
    Row(2, [("network.peer.address", "10.0.0.2")], "ip_0", "10.0.0.2"),
    Row(3, [("net.sock.peer.addr", "10.0.0.2")], "ip_1", "10.0.0.2"),
    Row(3, [("net.peer.ip", "2001:db8::1")], "ip_1", "2001:db8::1"),
    Row(3, [("server.address", "10.0.0.3")], "ip_1", "10.0.0.3"),
    Row(2, [("server.address", "10.0.0.3")], "ip_1", "10.0.0.3"),
    Row(2, [("client.address", "10.0.0.4")], "ip_0", "10.0.0.4"),
    Row(
      2, [("client.address", "10.0.0.4"), ("network.peer.address", "10.0.0.5")],
      "http_proxy_client", "10.0.0.4"),
    Row(3, [("net.peer.port", 8_080)], "server_port", "8080"),
    Row(3, [("server.port", 8_080)], "server_port", "8080"),
    Row(2, [("server.port", 8_080)], "server_port", "8080"),
    Row(2, [("net.host.port", 8_080)], "server_port", "8080"),
    Row(2, [("network.peer.port", 40_000)], "client_port", "40000"),
    Row(2, [("network.peer.port", 70_000)], "client_port", "0"),
    Row(3, [("network.transport", "udp")], "protocol", "17"),
    Row(3, [("net.transport", "ip_tcp")], "protocol", "6"),
    Row(3, [("network.transport", "unix")], "protocol", "255"),
    Row(3, [("process.pid", 77)], "process_id_0", "77"),
    Row(2, [("process.pid", 77)], "process_id_1", "77"),
    Row(2, [("process.pid", 77)], "process.pid", "77"),
    Row(2, [("host.ip", .list(["127.0.0.1", "10.1.1.1"]))], "ip_1", "10.1.1.1"),
    Row(2, [("thread.id", 9)], "syscall_thread_1", "9"),
    Row(2, [("thread.name", "main")], "process_kname_1", "main"),
  ]

  @Test(arguments: http + databases + calls + ends) func anAttributeBecomesAColumn(_ row: Row)
    throws
  {
    var span = ToldSpan()
    span.kind = row.kind
    span.attributes = row.attributes
    let call = try decoded(ToldTraces([span]).protobuf)
    #expect(call[row.column] ?? "" == row.value, "\(call)")
    // The other form says the same.
    #expect(try decoded(json: ToldTraces([span]).json) == call)
  }

  /// By column: every column of a call that has a value, attributes by their names.
  private func decoded(_ body: [UInt8]) throws -> [String: String] {
    var batch = RecordBatch()
    try ProtobufTraces.decode(body.span, names: Self.names, into: &batch)
    return columns(try #require(batch.calls.first), batch)
  }

  private func decoded(json: String) throws -> [String: String] {
    var batch = RecordBatch()
    try JSONTraces.decode(Array(json.utf8).span, names: Self.names, into: &batch)
    return columns(try #require(batch.calls.first), batch)
  }

  @Test func noTwoNamesOfAttributesAreOne() {
    let names = SpanRule.all.flatMap(\.names).map { "\($0)" }
    #expect(SpanNames.all.count == Set(names).count && Set(names).count == names.count)
    #expect(Set(SpanRule.all.map(\.field)) == Set(SpanField.allCases))
    #expect(SpanField.allCases.count <= 64)
  }

  /// What a user calls a thing, its state and how it failed.
  @Test func theRestOfASpanIsKept() throws {
    var span = ToldSpan()
    span.parent = "00f067aa0ba902b7"
    span.status = 2
    span.message = "it broke"
    span.state = "vendor=1"
    span.events = [
      ("retry", []),
      (
        "exception",
        [("exception.type", "IOError"), ("exception.message", "no route, token=abc")]
      ),
    ]
    span.links = [("0af7651916cd43dd8448eb211c80319d", "b7ad6b7169203332")]
    span.attributes = [
      ("enduser.token", "abc"), ("retries", 3), ("ok", .flag(true)), ("share", .fraction(0.5)),
      ("list", .list([1, "a\"b", .map([("k", 2)])])), ("note", "password=abc"),
    ]
    var told = ToldTraces([span])
    told.resource = [
      ("service.name", "shop"), ("service.instance.id", "shop-1"), ("k8s.pod.name", "shop-1-x"),
      ("container.id", "abcdef"),
    ]
    told.scope = ("flask", "1.0")
    for isTurned in [false, true] {
      told.isTurned = isTurned
      let call = try decoded(told.protobuf)
      #expect(try decoded(json: told.json) == call)
      let expected = [
        "app_service": "shop", "app_instance": "shop-1", "trace_id": span.trace,
        "span_id": span.id, "parent_span_id": span.parent, "endpoint": "GET /things",
        "response_status": "3", "response_exception": "IOError: no route, token=?",
        "span.events": "retry, exception", "w3c.tracestate": "vendor=1",
        "span.links": "0af7651916cd43dd8448eb211c80319d/b7ad6b7169203332",
        "enduser.token": "?", "retries": "3", "ok": "true", "share": "0.5",
        "list": #"[1,"a\"b",{"k":2}]"#, "note": "password=?", "k8s.pod.name": "shop-1-x",
        "container.id": "abcdef", "otel.scope.name": "flask", "otel.scope.version": "1.0",
        "signal_source": "4", "response_duration": "500",
      ]
      for (column, value) in expected { #expect(call[column] == value, "\(column): \(call)") }
      #expect(call["service.name"] == nil, "what is a column is no attribute, too")
    }
  }

  /// Instrumentation may tell more than a call has room for.
  @Test func whatIsTooMuchIsCut() throws {
    var span = ToldSpan()
    span.name = String(repeating: "n", count: 5_000)
    span.attributes = (0..<300).map { ("a\($0)", .text(String(repeating: "v", count: 3_000))) }
    var told = ToldTraces([span])
    told.resource += (0..<300).map { ("r\($0)", .number($0)) }
    let call = try decoded(told.protobuf)
    #expect(call["endpoint"]?.utf8.count == 1_024 && call["a0"]?.utf8.count == 1_024)
    #expect(call["r63"] == "63" && call["r64"] == nil)
    #expect(call.keys.count { $0.hasPrefix("a") && $0.dropFirst().allSatisfy(\.isNumber) } == 64)
  }
}

/// Every column of a call that has a value, by name; attributes by theirs.
func columns(_ call: CallRecord, _ batch: RecordBatch) -> [String: String] {
  var call = call
  var values = CallValues()
  call.collectColumns(into: &values)
  var found = [
    "observation_point": "\(call.observationPoint.name)",
    "signal_source": "\(call.signalSource.rawValue)", "protocol": "\(call.transport.rawValue)",
    "l7_protocol": "\(call.applicationProtocol.rawValue)",
    "ip_0": "\(call.client.address)", "ip_1": "\(call.server.address)",
    "client_port": "\(call.client.port)", "server_port": "\(call.server.port)",
  ]
  for (index, column) in CallColumn.all.enumerated() {
    guard values.present & 1 << UInt64(index) != 0 else { continue }
    let value = values.values[index]
    let name = "\(column.name)"
    switch column.form {
    case .text, .repeatedText, .attribute: found[name] = batch.string(Text(bits: value))
    case .threadName: found[name] = values.names[Int(value)].description
    case .attributes:
      var walk = AttributeWalk(Text(bits: value), in: batch.text.span)
      while let next = walk.next(in: batch.text.span) {
        found[batch.string(next.name)] = batch.string(next.value)
      }
    case .int64OrNull, .int32OrNull: found[name] = "\(Int64(bitPattern: value))"
    default: found[name] = "\(value)"
    }
  }
  return found
}
