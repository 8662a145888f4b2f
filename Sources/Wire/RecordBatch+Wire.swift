// SPDX-License-Identifier: Apache-2.0

package import Telemetry

extension RecordBatch {
  /// Calls, flows and metrics of both kinds: what the loss ledger counts of a batch.
  package var recordCount: Int {
    calls.count + metrics.count + flows.count + networkMetrics.count
  }

  /// Writes the sections that are not empty.
  func write(to writer: inout WireWriter) {
    if !text.isEmpty { writer.section(.text) { $0.append(text) } }
    write(calls, as: .calls, to: &writer)
    writeCallDetails(to: &writer)
    write(metrics, as: .metrics, to: &writer)
    write(flows, as: .flows, to: &writer)
    write(networkMetrics, as: .networkMetrics, to: &writer)
    write(losses, as: .losses, to: &writer)
    if !processes.isEmpty {
      writer.section(.processes) { writer in
        writer.varint(UInt64(processes.count))
        for process in processes { process.write(to: &writer) }
      }
    }
    write(endedProcesses, as: .endedProcesses, to: &writer)
    if let host { writer.section(.host) { host.write(to: &$0) } }
    if !resources.isEmpty {
      writer.section(.resources) { writer in
        writer.zigzag(resourcesTold.nanoseconds)
        writer.varint(UInt64(resources.count))
        for change in resources { change.write(to: &writer) }
      }
    }
    if let coverage { writer.section(.coverage) { coverage.write(to: &$0) } }
  }

  private func write<Row: WireRow>(
    _ rows: [Row], as id: SectionID, to writer: inout WireWriter
  ) {
    guard !rows.isEmpty else { return }
    writer.section(id) { writer in
      writer.varint(UInt64(rows.count))
      var context = Row.Context()
      for index in rows.indices { rows[index].write(to: &writer, context: &context) }
    }
  }

  /// Replaces the batch with the sections in `body`, reusing its buffers. After a throw the batch
  /// holds the rows before the fault and is not to be used.
  package mutating func read(from body: Span<UInt8>) throws(WireError) {
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
    case .calls: try Self.read(into: &calls, textBytes: text.count, from: &reader)
    case .callDetails: try readCallDetails(from: &reader)
    case .metrics: try Self.read(into: &metrics, textBytes: text.count, from: &reader)
    case .flows: try Self.read(into: &flows, textBytes: text.count, from: &reader)
    case .networkMetrics: try Self.read(into: &networkMetrics, textBytes: text.count, from: &reader)
    case .losses: try Self.read(into: &losses, textBytes: text.count, from: &reader)
    case .endedProcesses:
      try Self.read(
        into: &endedProcesses, textBytes: text.count, limit: WireLimits.processes, from: &reader)
    case .processes:
      let limit = WireLimits.processes - processes.count
      for _ in 0..<reader.count(limit: limit, rowBytes: ProcessReport.smallestRow) {
        processes.append(ProcessReport(from: &reader))
        try reader.check()
      }
    case .host:
      host = HostReport(from: &reader)
    case .resources:
      resourcesTold = Timestamp(nanoseconds: reader.zigzag())
      let limit = WireLimits.rows - resources.count
      for _ in 0..<reader.count(limit: limit, rowBytes: ResourceChange.smallestRow) {
        let change = ResourceChange(from: &reader)
        try reader.check()
        if let change { resources.append(change) }
      }
    case .coverage:
      coverage = try CoverageReport(from: &reader)
    default:
      return
    }
    reader.expectEnd()
    try reader.check()
  }

  private static func read<Row: WireRow>(
    into rows: inout [Row], textBytes: Int, limit: Int = WireLimits.rows,
    from reader: inout WireReader
  ) throws(WireError) {
    let count = reader.count(limit: limit - rows.count, rowBytes: Row.smallestRow)
    rows.reserveCapacity(rows.count + count)
    var context = Row.Context()
    for _ in 0..<count {
      Row.read(from: &reader, context: &context, textBytes: textBytes)
      try reader.check()
      rows.append(context.row)
    }
  }
}
