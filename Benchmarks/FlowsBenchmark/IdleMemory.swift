// SPDX-License-Identifier: Apache-2.0

import Flows
import Glibc
import Protocols
import Telemetry

/// Bytes of memory that 50,000 conversations hold when each has made a call and is idle.
func idleMemory(conversations: Int = 50_000) -> Figure {
  let request = Array("GET /a HTTP/1.1\r\nHost: x\r\n\r\n".utf8)
  let response = Array("HTTP/1.1 204 No Content\r\n\r\n".utf8)
  let before = residentBytes()
  var pipeline = FlowPipeline(protocols: builtInProtocols)
  var batch = RecordBatch()
  for number in 0..<conversations {
    let time = 1_700_000_000_000_000_000 + Int64(number) * 1_000
    pipeline.feed(event(number, .ingress, request, 1, time), payload: request.span)
    pipeline.feed(event(number, .egress, response, 1, time + 500), payload: response.span)
    if number % 1_000 == 0 {
      pipeline.flush(now: Timestamp(nanoseconds: time))
      pipeline.takeBatch(into: &batch)
    }
  }
  let used = residentBytes() - before
  return Figure(
    name: "memory of an idle conversation", value: used / max(1, pipeline.conversationCount),
    unit: "B", bar: "")
}

/// How much the process grew while `calls` calls went through a warm pipeline.
func steadyGrowth(calls: Int = 200_000) -> Figure {
  let request = Array("GET /a HTTP/1.1\r\nHost: x\r\n\r\n".utf8)
  let response = Array("HTTP/1.1 204 No Content\r\n\r\n".utf8)
  var pipeline = FlowPipeline(protocols: builtInProtocols)
  var batch = RecordBatch()
  var before = 0
  for call in 0..<(2 * calls) {
    if call == calls { before = residentBytes() }
    let time = 1_700_000_000_000_000_000 + Int64(call) * 10_000
    pipeline.feed(
      event(1, .ingress, request, 1 &+ UInt32(call * request.count), time), payload: request.span)
    pipeline.feed(
      event(1, .egress, response, 1 &+ UInt32(call * response.count), time + 500),
      payload: response.span)
    if call % 1_000 == 0 {
      pipeline.flush(now: Timestamp(nanoseconds: time))
      pipeline.takeBatch(into: &batch)
    }
  }
  return Figure(
    name: "growth over \(calls) calls of a warm pipeline", value: residentBytes() - before,
    unit: "B",
    bar: "0")
}

/// Bytes of this process that are in memory (`/proc/self/statm`, second field, pages).
private func residentBytes() -> Int {
  let file = unsafe open("/proc/self/statm", O_RDONLY)
  guard file >= 0 else { return 0 }
  defer { close(file) }
  var bytes = [UInt8](repeating: 0, count: 128)
  let count = unsafe bytes.withUnsafeMutableBytes { unsafe read(file, $0.baseAddress, $0.count) }
  let fields = String(decoding: bytes.prefix(max(0, count)), as: UTF8.self).split(separator: " ")
  return fields.count > 1 ? (Int(fields[1]) ?? 0) * Int(getpagesize()) : 0
}
