// SPDX-License-Identifier: Apache-2.0

package import Protocols
package import Telemetry

/// Writes records as newline-delimited JSON: an object a record, whose keys are the names of the
/// stored columns.
///
/// `table` says which kind it is. A key that is absent has its column's default: 0, empty, null.
/// Times and addresses stand as the query API shows them, enumerations by the names that `Enum`
/// gives them.
@safe
package struct LineSink: RecordSink, ~Copyable {
  private let selection: RecordSelection
  private let tables = NumberTables()
  private let pieces: SightingPieces
  private var output: LineOutput
  private var calls: CallLines
  private var flows: FlowLines
  private var metrics: MetricLines
  /// What an empty text begins at.
  private let nothing: UnsafeMutablePointer<UInt8>

  /// - Parameter descriptor: what the lines are written to; stays the caller's.
  package init(
    to descriptor: CInt, _ selection: RecordSelection, protocols: [any ProtocolKind]
  ) {
    self.selection = selection
    output = LineOutput(to: descriptor)
    pieces = SightingPieces(protocols, tables: tables)
    calls = CallLines(tables: tables, pieces: pieces)
    flows = FlowLines(tables: tables, pieces: pieces)
    metrics = MetricLines(tables: tables, pieces: pieces)
    unsafe nothing = .allocate(capacity: 1)
  }

  deinit {
    tables.free()
    pieces.free()
    unsafe nothing.deallocate()
  }

  package mutating func take(_ batch: inout RecordBatch) throws(ReplayError) {
    // Taken out for the time of the writing, so that both may be used in place.
    var text: [UInt8] = []
    swap(&text, &batch.text)
    defer { swap(&text, &batch.text) }
    var failure: ReplayError?
    unsafe text.withUnsafeBufferPointer { bytes in
      do throws(ReplayError) {
        try write(&batch, unsafe LineTexts(bytes, none: nothing))
      } catch {
        failure = error
      }
    }
    if let failure { throw failure }
  }

  package mutating func flush() throws(ReplayError) { try output.flush() }

  package mutating func finish() throws(ReplayError) { try output.flush() }

  private mutating func write(
    _ batch: inout RecordBatch, _ texts: LineTexts
  ) throws(ReplayError) {
    if selection.contains(.calls) {
      for index in batch.calls.indices {
        try calls.write(&batch.calls[index], texts, tables: tables, to: &output)
      }
    }
    if selection.contains(.flows) {
      for index in batch.flows.indices {
        try flows.write(&batch.flows[index], texts, tables: tables, to: &output)
      }
    }
    if selection.contains(.metrics) {
      for index in batch.metrics.indices {
        try metrics.write(&batch.metrics[index], texts, tables: tables, to: &output)
      }
      for index in batch.networkMetrics.indices {
        try metrics.write(&batch.networkMetrics[index], texts, tables: tables, to: &output)
      }
    }
  }
}
