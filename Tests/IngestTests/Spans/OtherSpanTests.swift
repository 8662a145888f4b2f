// SPDX-License-Identifier: Apache-2.0

import Telemetry
import TestSupport
import Testing

@testable import Ingest

/// Spans in the forms of Zipkin and SkyWalking.
@Suite struct OtherSpanTests {
  private func decode(
    _ text: String, _ format: any IngestFormat.Type
  ) throws(FormatError) -> (calls: [[String: String]], leftOut: LeftOut) {
    var batch = RecordBatch()
    let leftOut = try format.decode(
      Array(text.utf8).span, names: SpanColumnTests.names, into: &batch)
    return (batch.calls.map { columns($0, batch) }, leftOut)
  }

  private func expect(_ call: [String: String], _ expected: [String: String]) {
    for (column, value) in expected { #expect(call[column] == value, "\(column): \(call)") }
  }

  @Test func zipkinsSpansAreCalls() throws {
    let taken = try decode(
      """
      [{"id":"352bff9a74ca9ad2","traceId":"5AF7183FB1D4CF5F","parentId":"6b221d5bc9e6496c",
        "name":"get /api","timestamp":1556604172355737,"duration":1431,"kind":"SERVER",
        "tags":{"http.method":"GET","http.path":"/api?key=1","error":"it broke"},
        "remoteEndpoint":{"ipv4":"192.168.99.1","port":63931},"shared":true,
        "annotations":[{"timestamp":1,"value":"sent"}],
        "localEndpoint":{"serviceName":"backend","ipv4":"192.168.99.101","port":9000}},
       {"traceId":"5af7183fb1d4cf5f","id":"352bff9a74ca9ad2","kind":"CLIENT","timestamp":1,
        "localEndpoint":null,"remoteEndpoint":{"serviceName":"backend","ipv6":"2001:db8::1"}},
       {"traceId":"5af7183fb1d4cf5f","id":"352bff9a74ca9ad2"},
       {"traceId":"5af7183fb1d4cf5f","id":"352bff9a74ca9ad2","timestamp":18446744073709551615}]
      """, ZipkinSpans.self)
    #expect(taken.calls.count == 2 && taken.leftOut.records == 2)
    expect(
      taken.calls[0],
      [
        "trace_id": "5af7183fb1d4cf5f", "span_id": "352bff9a74ca9ad2",
        "parent_span_id": "6b221d5bc9e6496c", "observation_point": "s-app",
        "app_service": "backend", "endpoint": "get /api", "request_type": "GET",
        "request_resource": "/api?key=?", "response_status": "3", "l7_protocol": "20",
        "response_exception": "it broke", "ip_0": "192.168.99.1", "client_port": "63931",
        "ip_1": "192.168.99.101", "server_port": "9000", "response_duration": "1431",
        "span.events": "sent",
      ])
    expect(
      taken.calls[1],
      ["observation_point": "c-app", "ip_1": "2001:db8::1", "peer.service": "backend"])
    #expect(taken.calls[1]["app_service"] == nil)
  }

  private static let segment = """
    {"traceId":"a12ff60b.7.1","serviceInstance":"shop-1","spans":[
      {"operationName":"Mysql/JDBC","startTime":1588664577013,"endTime":"1588664577028",
       "spanType":"Exit","spanId":1,"parentSpanId":0,"isError":true,"spanLayer":"Database",
       "peer":"10.0.0.9:3306","componentId":33,
       "tags":[{"key":"db.type","value":"Mysql"},{"key":"db.instance","value":"shop"},
               {"key":"db.statement","value":"SELECT 'x'"}],
       "logs":[{"time":1,"data":[{"key":"event","value":"error"},
               {"key":"error.kind","value":"SQLException"},
               {"key":"message","value":"Duplicate entry 'ann' for key 'users.email'"}]}]},
      {"operationName":"GET:/buy","startTime":1588664577013,"endTime":1588664577029,
       "spanType":0,"spanId":0,"parentSpanId":-1,"isError":false,"spanLayer":3,
       "peer":"[::1]:5000","tags":[{"key":"url","value":"http://h/buy?a=b"},
               {"key":"http.method","value":"GET"},{"key":"status_code","value":"200"}],
       "refs":[{"refType":"CrossProcess","traceId":"a12ff60b.7.1","parentTraceSegmentId":"b.1",
                "parentSpanId":3,"parentService":"front"},
               {"traceId":"c","parentTraceSegmentId":"d","parentSpanId":0}]},
      {"operationName":"send","startTime":1,"endTime":2,"spanType":"Exit","spanId":2,
       "parentSpanId":0,"spanLayer":"MQ","peer":"k1:9092,k2:9092",
       "tags":[{"key":"mq.topic","value":"orders"}]},
      {"operationName":"local","startTime":1,"endTime":2,"spanType":"Local","spanId":-1}],
     "service":"shop","traceSegmentId":"seg.1","isSizeLimited":false}
    """

  @Test(arguments: [segment, "[\(segment)]"]) func skyWalkingsSegmentsAreCalls(text: String) throws
  {
    let taken = try decode(text, SkyWalkingSegments.self)
    #expect(taken.calls.count == 3 && taken.leftOut.records == 1)
    expect(
      taken.calls[0],
      [
        "trace_id": "a12ff60b.7.1", "span_id": "seg.1-1", "parent_span_id": "seg.1-0",
        "observation_point": "c-app", "app_service": "shop", "app_instance": "shop-1",
        "l7_protocol": "60", "request_domain": "shop", "request_resource": "SELECT ?",
        "response_status": "3", "ip_1": "10.0.0.9", "server_port": "3306",
        "response_exception": "SQLException: Duplicate entry ? for key 'users.email'",
        "response_duration": "15000",
      ])
    expect(
      taken.calls[1],
      [
        "span_id": "seg.1-0", "parent_span_id": "b.1-3", "observation_point": "s-app",
        "request_type": "GET", "request_resource": "/buy?a=?", "response_code": "200",
        "response_status": "0", "ip_0": "::1", "client_port": "5000", "span.links": "c/d-0",
      ])
    expect(
      taken.calls[2],
      [
        "observation_point": "c-app", "span.kind": "producer", "request_resource": "orders",
        "net.peer.name": "k1", "server_port": "9092",
      ])
  }

  @Test(arguments: [
    ("{}", ZipkinSpans.self as any IngestFormat.Type, "'['"), ("[5]", ZipkinSpans.self, "'{'"),
    ("[{\"timestamp\":-1}]", ZipkinSpans.self, "2^64"),
    ("[] x", ZipkinSpans.self, "end of the document"),
    ("5", SkyWalkingSegments.self, "'['"),
    ("{\"spans\":[{\"spanId\":\"x\"}]}", SkyWalkingSegments.self, "64 bits"),
  ])
  func whatIsWrongIsSaid(text: String, format: any IngestFormat.Type, says: String) {
    let error = #expect(throws: FormatError.self) { _ = try decode(text, format) }
    #expect(error?.message.contains(says) == true, "\(String(describing: error))")
  }

  @Test(arguments: [ZipkinSpans.self as any IngestFormat.Type, SkyWalkingSegments.self])
  func cutAndFlippedDocumentsEndNothing(format: any IngestFormat.Type) {
    let body = Array(Self.segment.utf8)
    var batch = RecordBatch()
    for index in body.indices {
      _ = try? format.decode(Array(body.prefix(index)).span, names: .none, into: &batch)
      for bit: UInt8 in [1, 2, 4, 16] {
        var broken = body
        broken[index] ^= bit
        _ = try? format.decode(broken.span, names: .none, into: &batch)
      }
    }
  }
}
