// SPDX-License-Identifier: Apache-2.0

import Telemetry
import Testing

@testable import Ingest

@Suite struct SpanMemoryTests {
  @Test func theMemoryIsBounded() {
    var memory = SpanMemory()
    var batch = RecordBatch()
    var call = CallRecord.zero
    call.signalSource = .openTelemetry
    call.texts.traceID = batch.append("trace")
    call.texts.spanID = batch.append("span")
    let text = batch.text
    #expect(!memory.isRepeated(call, text.span) && memory.isRepeated(call, text.span))
    for time in 1...(SpanMemory.capacity * 2 + 1) {
      call.start = Timestamp(nanoseconds: Int64(time))
      guard !memory.isRepeated(call, text.span) else {
        Issue.record("span \(time) is taken for another")
        break
      }
    }
    #expect(memory.count <= SpanMemory.capacity * 2)
    // What an agent sees has the ids of others, and is no repetition of anything.
    call.signalSource = .eBPF
    #expect(!memory.isRepeated(call, text.span) && !memory.isRepeated(call, text.span))
  }
}
