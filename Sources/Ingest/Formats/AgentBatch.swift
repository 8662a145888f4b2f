// SPDX-License-Identifier: Apache-2.0

package import Telemetry
import Wire

/// The payload of an agent's batch frame: docs/formats/wire.md.
package enum AgentBatch: IngestFormat {
  package static let name = "agent"
  package static let number = FormatNumber.agentBatch
  package static let contentTypes: [String] = []
  package static let plainBytes = BatchHead.size

  @discardableResult
  package static func decode(
    _ body: Span<UInt8>, names: ProtocolNames, into batch: inout RecordBatch
  ) throws(FormatError) -> LeftOut {
    do throws(WireError) {
      try batch.read(from: body)
      return .nothing
    } catch {
      throw FormatError("\(error)", fault: error.fault == .oversized ? .oversized : .malformed)
    }
  }
}
