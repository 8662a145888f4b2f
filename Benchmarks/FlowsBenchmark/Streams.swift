// SPDX-License-Identifier: Apache-2.0

import Flows
import Glibc
import Protocols
import Telemetry

#if canImport(CAllocations)
  import CAllocations
#endif

/// What both sides of a connection of HTTP/2 say, first and again and again, as encoders write it: what was
/// said once is a number from then on.
struct StreamedExchange {
  var name: String
  var first: [UInt8]
  var request: [UInt8]
  var welcome: [UInt8]
  var response: [UInt8]

  static let all = [plain, rpc]

  private static let plain = StreamedExchange(
    name: "HTTP/2",
    first: preface
      + headers(
        [0x82, 0x86] + added(":path", "/api/v1/items/42?fields=name")
          + added(":authority", "shop:80")
          + added("user-agent", "curl/8.1") + added("accept", "*/*"), endsStream: true),
    // Trace headers differ each time.
    request: headers(
      [0x82, 0x86, 0xc1, 0xc0, 0xbf, 0xbe]
        + literal("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
      endsStream: true),
    welcome: frame(4, 0, 0, [])
      + headers(
        [0x88] + added("content-type", "text/plain") + added("content-length", "13"),
        endsStream: false) + data(Array("Hello, world!".utf8)),
    response: headers([0x88, 0xbf, 0xbe], endsStream: false)
      + data(Array("Hello, world!".utf8)))

  private static let rpc = StreamedExchange(
    name: "gRPC",
    first: preface
      + headers(
        [0x83, 0x86] + added(":path", "/shop.v1.Cart/Get") + added(":authority", "shop:80")
          + added("content-type", "application/grpc") + added("user-agent", "grpc-go/1.60"),
        endsStream: false) + data(message),
    request: headers([0x83, 0x86, 0xc1, 0xc0, 0xbf, 0xbe], endsStream: false) + data(message),
    welcome: frame(4, 0, 0, [])
      + headers(
        [0x88] + added("content-type", "application/grpc"), endsStream: false)
      + frame(0, 0, 1, message) + headers(added("grpc-status", "0"), endsStream: true),
    response: headers([0x88, 0xbf], endsStream: false) + frame(0, 0, 1, message)
      + headers([0xbe], endsStream: true))

  private static let preface =
    Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8) + frame(4, 0, 0, [0, 3, 0, 0, 0, 100])
  private static let message: [UInt8] = [0, 0, 0, 0, 8, 1, 2, 3, 4, 5, 6, 7, 8]

  private static func frame(
    _ type: UInt8, _ flags: UInt8, _ stream: UInt8, _ body: [UInt8]
  ) -> [UInt8] {
    [0, UInt8(body.count >> 8), UInt8(body.count & 0xff), type, flags, 0, 0, 0, stream] + body
  }

  private static func headers(_ block: [UInt8], endsStream: Bool) -> [UInt8] {
    frame(1, endsStream ? 5 : 4, 1, block)
  }

  private static func data(_ body: [UInt8]) -> [UInt8] { frame(0, 1, 1, body) }

  private static func added(_ name: String, _ value: String) -> [UInt8] {
    [0x40] + literal(name, value).dropFirst()
  }

  private static func literal(_ name: String, _ value: String) -> [UInt8] {
    [0, UInt8(name.utf8.count)] + Array(name.utf8) + [UInt8(value.utf8.count)] + Array(value.utf8)
  }
}

/// Calls a second of processor time on many connections of HTTP/2, and what they allocate when all is warm.
func measure(_ exchange: StreamedExchange, calls: Int = 1_000_000, connections: Int = 64)
  -> [Figure]
{
  var pipeline = FlowPipeline(protocols: builtInProtocols)
  var batch = RecordBatch()
  var sequences = Array(repeating: (client: UInt32(1), server: UInt32(1)), count: connections)
  var records = 0
  let begin = processorTime()
  var allocated: UInt64 = 0
  for call in 0..<calls {
    let number = call % connections
    let isFirst = call < connections
    let time = 1_700_000_000_000_000_000 + Int64(call) * 1_000
    let request = isFirst ? exchange.first : exchange.request
    let response = isFirst ? exchange.welcome : exchange.response
    pipeline.feed(
      event(number, .ingress, request, sequences[number].client, time), payload: request.span)
    pipeline.feed(
      event(number, .egress, response, sequences[number].server, time + 50_000),
      payload: response.span)
    sequences[number].client &+= UInt32(request.count)
    sequences[number].server &+= UInt32(response.count)
    if call % 10_000 == 9_999 {
      pipeline.flush(now: Timestamp(nanoseconds: time))
      pipeline.takeBatch(into: &batch)
      records += batch.calls.count
      #if canImport(CAllocations)
        if call == calls / 2 - 1 { allocated = mf_allocations() }
      #endif
    }
  }
  #if canImport(CAllocations)
    allocated = mf_allocations() - allocated
  #endif
  let seconds = processorTime() - begin
  return [
    Figure(
      name: "\(exchange.name) calls a core-second", value: Int(Double(records) / seconds),
      unit: "1/s", bar: "at least 1000000"),
    Figure(
      name: "\(exchange.name) allocations for \(calls / 2) calls", value: Int(allocated), unit: "",
      bar: "0"),
  ]
}
