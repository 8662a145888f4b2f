// SPDX-License-Identifier: Apache-2.0

import Flows
import Glibc
import Protocols
import Telemetry

/// Calls a second of processor time: keep-alive HTTP GETs of many connections, recorded in memory,
/// each parsed, paired, written and rolled up.
func measure(calls: Int = 2_000_000, connections: Int = 64) -> Figure {
  let request = Array(
    """
    GET /api/v1/items/42?fields=name HTTP/1.1\r\nHost: shop.example:8080\r\nUser-Agent: wrk/4.2\r
    Accept: */*\r\ntraceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\r\n\r\n
    """.utf8)
  let response = Array(
    """
    HTTP/1.1 200 OK\r\nServer: nginx/1.22.1\r\nDate: Thu, 01 Jan 2026 00:00:00 GMT\r
    Content-Type: text/plain\r\nContent-Length: 13\r\nConnection: keep-alive\r\n\r\nHello, world!
    """.utf8)
  var pipeline = FlowPipeline(protocols: builtInProtocols)
  var batch = RecordBatch()
  var sequences = Array(repeating: (client: UInt32(1), server: UInt32(1)), count: connections)
  var records = 0
  let begin = processorTime()
  for call in 0..<calls {
    let number = call % connections
    let time = 1_700_000_000_000_000_000 + Int64(call) * 1_000
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
    }
  }
  pipeline.finish(now: Timestamp(nanoseconds: 1_700_000_000_000_000_000 + Int64(calls) * 1_000))
  pipeline.takeBatch(into: &batch)
  records += batch.calls.count
  let seconds = processorTime() - begin
  return Figure(
    name: "keep-alive HTTP calls a core-second", value: Int(Double(records) / seconds), unit: "1/s",
    bar: "at least 1000000")
}

func event(
  _ number: Int, _ direction: SocketEvent.Direction, _ bytes: [UInt8], _ sequence: UInt32,
  _ time: Int64
) -> SocketEvent {
  SocketEvent(
    kind: .data, direction: direction, role: .server, socket: UInt64(number) + 1,
    transport: .tcp, networkNamespace: 1, local: IPAddress(v4: 0x0a00_0001), localPort: 8_080,
    remote: IPAddress(v4: 0x0a00_0002), remotePort: UInt16(truncatingIfNeeded: 10_000 + number),
    process: ProcessKey(pid: 4_242, startedAfterBoot: 1_000), thread: 4_242 + UInt32(number % 4),
    threadName: ThreadName(first: 0x78_6e69_676e, second: 0),
    enter: Timestamp(nanoseconds: time), exit: Timestamp(nanoseconds: time + 2_000),
    sequence: sequence, length: UInt32(bytes.count))
}

/// Seconds of processor time that this process has used.
func processorTime() -> Double {
  var time = timespec()
  unsafe clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
  return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
}
