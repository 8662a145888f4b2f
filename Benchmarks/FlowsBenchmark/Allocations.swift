// SPDX-License-Identifier: Apache-2.0

#if canImport(CAllocations)
  import CAllocations
  import Flows
  import Protocols
  import Telemetry

  /// Heap allocations while 200,000 events of keep-alive HTTP go through a warm pipeline, flushes
  /// and batches included. Counted by this program's own malloc.
  func allocations() -> Figure {
    let request = Array("GET /a HTTP/1.1\r\nHost: x\r\n\r\n".utf8)
    let response = Array("HTTP/1.1 204 No Content\r\n\r\n".utf8)
    var pipeline = FlowPipeline(protocols: builtInProtocols)
    var batch = RecordBatch()
    var before: UInt64 = 0
    for call in 0..<140_000 {
      if call == 40_000 { before = mf_allocations() }
      let time = 1_700_000_000_000_000_000 + Int64(call) * 100_000
      pipeline.feed(
        event(1, .ingress, request, 1 &+ UInt32(call * request.count), time),
        payload: request.span)
      pipeline.feed(
        event(1, .egress, response, 1 &+ UInt32(call * response.count), time + 50_000),
        payload: response.span)
      if call % 1_000 == 0 {
        pipeline.flush(now: Timestamp(nanoseconds: time))
        pipeline.takeBatch(into: &batch)
      }
    }
    return Figure(
      name: "allocations for 200000 events of a warm pipeline",
      value: Int(mf_allocations() - before), unit: "", bar: "0")
  }
#endif
