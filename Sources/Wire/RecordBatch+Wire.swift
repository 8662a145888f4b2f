// SPDX-License-Identifier: Apache-2.0

import Telemetry

extension RecordBatch {
  /// Calls, flows and metrics of both kinds: what the loss ledger counts of a batch.
  package var recordCount: Int {
    calls.count + metrics.count + flows.count + networkMetrics.count
  }

  /// Writes the sections that are not empty.
  func write(to writer: inout WireWriter) {
    if !text.isEmpty { writer.section(.text) { $0.append(text) } }
    if !calls.isEmpty {
      writer.section(.calls) { writer in
        writer.varint(UInt64(calls.count))
        var context = CallContext()
        for call in calls { call.write(to: &writer, context: &context) }
      }
    }
    if !metrics.isEmpty {
      writer.section(.metrics) { writer in
        writer.varint(UInt64(metrics.count))
        var context = MetricContext()
        for metric in metrics { metric.write(to: &writer, context: &context) }
      }
    }
    if !flows.isEmpty {
      writer.section(.flows) { writer in
        writer.varint(UInt64(flows.count))
        var context = FlowContext()
        for index in flows.indices { flows[index].write(to: &writer, context: &context) }
      }
    }
    if !networkMetrics.isEmpty {
      writer.section(.networkMetrics) { writer in
        writer.varint(UInt64(networkMetrics.count))
        var context = NetworkContext()
        for index in networkMetrics.indices {
          networkMetrics[index].write(to: &writer, context: &context)
        }
      }
    }
    if !losses.isEmpty {
      writer.section(.losses) { writer in
        writer.varint(UInt64(losses.count))
        var time: Int64 = 0
        for loss in losses { loss.write(to: &writer, time: &time) }
      }
    }
    if !processes.isEmpty {
      writer.section(.processes) { writer in
        writer.varint(UInt64(processes.count))
        for process in processes { process.write(to: &writer) }
      }
    }
    if !endedProcesses.isEmpty {
      writer.section(.endedProcesses) { writer in
        writer.varint(UInt64(endedProcesses.count))
        for key in endedProcesses { key.write(to: &writer) }
      }
    }
    if let host { writer.section(.host) { host.write(to: &$0) } }
  }

  /// Replaces the batch with the sections in `body`, reusing its buffers. After a throw the batch
  /// holds the rows before the fault and is not to be used.
  mutating func read(from body: Span<UInt8>) throws(WireError) {
    removeAll()
    var reader = WireReader(body)
    // Rows speak of text, so the section that holds it stands first; a later one is refused.
    var sawRows = false
    while reader.remaining > 0 {
      let id = SectionID(rawValue: reader.byte())
      let length = Int(reader.fixed(UInt32.self))
      let base = reader.position
      let bytes = reader.run(length)
      try reader.check()
      var section = WireReader(bytes, base: base)
      if id == .text {
        guard !sawRows, text.isEmpty else {
          throw WireError(.malformed, at: base, expected: "one text section, before all rows")
        }
        unsafe bytes.withUnsafeBufferPointer { unsafe text.append(contentsOf: $0) }
      } else {
        sawRows = true
        try read(id, from: &section)
      }
    }
    try reader.check()
  }

  private mutating func read(
    _ id: SectionID, from reader: inout WireReader
  ) throws(WireError) {
    switch id {
    case .calls: try readCalls(from: &reader)
    case .metrics: try readMetrics(from: &reader)
    case .flows: try readFlows(from: &reader)
    case .networkMetrics: try readNetworkMetrics(from: &reader)
    case .losses:
      let count = reader.count(limit: WireLimits.rows - losses.count, rowBytes: lossRowBytes)
      losses.reserveCapacity(losses.count + count)
      var time: Int64 = 0
      for _ in 0..<count {
        losses.append(LossEntry(from: &reader, time: &time))
        try reader.check()
      }
    case .processes:
      let limit = WireLimits.processes - processes.count
      for _ in 0..<reader.count(limit: limit, rowBytes: processRowBytes) {
        processes.append(ProcessReport(from: &reader))
        try reader.check()
      }
    case .endedProcesses:
      let limit = WireLimits.processes - endedProcesses.count
      for _ in 0..<reader.count(limit: limit, rowBytes: endedProcessRowBytes) {
        endedProcesses.append(ProcessKey(from: &reader))
        try reader.check()
      }
    case .host:
      host = HostReport(from: &reader)
    default:
      return
    }
    reader.expectEnd()
    try reader.check()
  }

  private mutating func readCalls(from reader: inout WireReader) throws(WireError) {
    let count = reader.count(limit: WireLimits.rows - calls.count, rowBytes: callRowBytes)
    calls.reserveCapacity(calls.count + count)
    var context = CallContext()
    for _ in 0..<count {
      let slot = CallRecord.read(from: &reader, context: &context, textBytes: text.count)
      try reader.check()
      calls.append(context.rows[slot])
    }
  }

  private mutating func readMetrics(from reader: inout WireReader) throws(WireError) {
    let count = reader.count(limit: WireLimits.rows - metrics.count, rowBytes: metricRowBytes)
    metrics.reserveCapacity(metrics.count + count)
    var context = MetricContext()
    for _ in 0..<count {
      CallMetric.read(from: &reader, context: &context, textBytes: text.count)
      try reader.check()
      metrics.append(context.row)
    }
  }

  private mutating func readFlows(from reader: inout WireReader) throws(WireError) {
    let count = reader.count(limit: WireLimits.rows - flows.count, rowBytes: flowRowBytes)
    flows.reserveCapacity(flows.count + count)
    var context = FlowContext()
    for _ in 0..<count {
      FlowRecord.read(from: &reader, context: &context, textBytes: text.count)
      try reader.check()
      flows.append(context.row)
    }
  }

  private mutating func readNetworkMetrics(from reader: inout WireReader) throws(WireError) {
    let limit = WireLimits.rows - networkMetrics.count
    let count = reader.count(limit: limit, rowBytes: networkMetricRowBytes)
    networkMetrics.reserveCapacity(networkMetrics.count + count)
    var context = NetworkContext()
    for _ in 0..<count {
      NetworkMetric.read(from: &reader, context: &context)
      try reader.check()
      networkMetrics.append(context.row)
    }
  }
}
