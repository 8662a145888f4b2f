// SPDX-License-Identifier: Apache-2.0

import Bytes
package import Telemetry
import Wire

/// Newline-delimited JSON as `metaflow-agent replay` writes it: an object a record, whose keys are the
/// names of the stored columns (docs/replay.md).
package enum RecordLines: IngestFormat {
  package static let name = "records"
  package static let number = FormatNumber.recordLines
  package static let contentTypes = ["application/x-ndjson", "application/jsonl"]
  /// Records of one body.
  static let limit = WireLimits.rows
  /// The number of bytes that a line may have.
  static let lineBytes = 1 << 20

  @discardableResult
  package static func decode(
    _ body: Span<UInt8>, names: ProtocolNames, into batch: inout RecordBatch
  ) throws(FormatError) -> LeftOut {
    batch.removeAll()
    var decoder = LineDecoder(names: names)
    var start = 0
    var line = 0
    while start < body.count {
      var end = start
      while end < body.count, body[end] != 0x0a { end += 1 }
      line += 1
      guard end - start <= lineBytes else {
        throw FormatError(
          "a line has at most \(lineBytes >> 20) MiB", fault: .oversized,
          at: .init(line: line, column: 1))
      }
      var reader = LineReader(body.clipped(from: start, to: end), line: line)
      if reader.peek() != nil {
        guard batch.recordCount < limit else {
          throw FormatError(
            "a body has at most \(limit) records; send it in parts", fault: .oversized,
            at: .init(line: line, column: 1))
        }
        try decoder.decode(&reader, into: &batch)
      }
      start = end + 1
    }
    return .nothing
  }
}
