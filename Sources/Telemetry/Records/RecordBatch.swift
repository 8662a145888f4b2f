// SPDX-License-Identifier: Apache-2.0

/// What one agent says in one breath: records, the resources they speak of, and what was lost.
///
/// The bytes of every ``Text`` stand in `text`, so that a batch of any size is a handful of
/// allocations, and none when its buffers are reused.
package struct RecordBatch: Hashable, Sendable {
  /// The bytes that the records' texts point into. At most 2^32 - 1.
  package var text: [UInt8] = []
  package var calls: [CallRecord] = []
  package var metrics: [CallMetric] = []
  package var flows: [FlowRecord] = []
  package var networkMetrics: [NetworkMetric] = []
  package var losses: [LossEntry] = []
  /// Stand before the first batch that mentions the process.
  package var processes: [ProcessReport] = []
  package var endedProcesses: [ProcessKey] = []
  package var host: HostReport?
  /// What a watcher of resources saw, in that order, and when it told it.
  package var resources: [ResourceChange] = []
  package var resourcesTold = Timestamp(nanoseconds: 0)
  /// What is seen of the host; nil when nothing new is told of that.
  package var coverage: CoverageReport?

  package init() {}

  package var isEmpty: Bool {
    calls.isEmpty && metrics.isEmpty && flows.isEmpty && networkMetrics.isEmpty && losses.isEmpty
      && processes.isEmpty && endedProcesses.isEmpty && host == nil && resources.isEmpty
      && coverage == nil
  }

  /// Empties the batch but keeps its buffers.
  package mutating func removeAll() {
    text.removeAll(keepingCapacity: true)
    calls.removeAll(keepingCapacity: true)
    metrics.removeAll(keepingCapacity: true)
    flows.removeAll(keepingCapacity: true)
    networkMetrics.removeAll(keepingCapacity: true)
    losses.removeAll(keepingCapacity: true)
    processes.removeAll(keepingCapacity: true)
    endedProcesses.removeAll(keepingCapacity: true)
    host = nil
    resources.removeAll(keepingCapacity: true)
    resourcesTold = Timestamp(nanoseconds: 0)
    coverage = nil
  }

  /// Copies `bytes` behind the batch's text. Empty when the text would outgrow 4 GiB.
  package mutating func append(_ bytes: Span<UInt8>) -> Text {
    guard !bytes.isEmpty, text.count + bytes.count < Int(UInt32.max) else { return .empty }
    let start = text.count
    unsafe bytes.withUnsafeBufferPointer { unsafe text.append(contentsOf: $0) }
    return Text(offset: UInt32(start), length: UInt32(bytes.count))
  }

  package mutating func append(_ string: String) -> Text {
    append(Array(string.utf8).span)
  }

  /// The bytes of `field`; empty when it points outside `text`, as a hostile frame's may.
  package func bytes(_ field: Text) -> ArraySlice<UInt8> {
    let start = Int(field.offset)
    let end = start + Int(field.length)
    guard end <= text.count else { return [] }
    return text[start..<end]
  }

  /// The text of `field`, repaired where it is not UTF-8.
  package func string(_ field: Text) -> String {
    String(decoding: bytes(field), as: UTF8.self)
  }
}
