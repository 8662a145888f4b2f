// SPDX-License-Identifier: Apache-2.0

import Bytes
import Protocols
import Telemetry

/// What the conversations tell the flow table.
extension PacketPipeline {
  @inline(__always)
  mutating func tell() {
    if !reader.recognised.isEmpty { tellRecognised() }
    if !reader.engine.written.isEmpty { tellWritten() }
    if !reader.engine.unparsed.isEmpty { tellUnparsed() }
  }

  /// Tells flows what they speak, and who began.
  private mutating func tellRecognised() {
    for slot in reader.recognised {
      let number = Int(reader.flows[slot])
      let index = reader.conversations[slot].protocolIndex
      table.learnProtocol(
        slot: number, reader.engine.protocols[index].number, domain: Span<UInt8>())
      if let side = reader.conversations[slot].side {
        table.learnDirection(
          slot: number, firstIsClient: side == .client,
          score: reader.conversations[slot].directionScore)
      }
      reader.learn(
        slot, table.details[number].observationPoint,
        directionScore: table.details[number].directionScore)
    }
    reader.recognised.removeAll(keepingCapacity: true)
  }

  /// Counts calls for the flows they are of.
  private mutating func tellWritten() {
    for index in reader.engine.written.indices {
      let call = reader.engine.written[index]
      let flow = Int(reader.flows[call.conversation])
      var count = CallCount()
      count.isRequest = true
      count.isResponse = call.hasResponse
      count.status = call.status
      count.duration = call.duration
      table.countCall(slot: flow, count, at: call.time)
      if call.domain.length > 0, !reader.conversations[call.conversation].hasToldDomain {
        reader.conversations[call.conversation].hasToldDomain = true
        Self.tell(call, to: flow, of: &table, reader)
      }
    }
    reader.engine.written.removeAll(keepingCapacity: true)
  }

  /// Counts messages that did not parse.
  private mutating func tellUnparsed() {
    for failure in reader.engine.unparsed {
      table.countParseFailure(
        slot: Int(reader.flows[failure.conversation]), at: failure.time)
    }
    reader.engine.unparsed.removeAll(keepingCapacity: true)
  }

  /// Tells a flow the domain that a call spoke of.
  private static func tell(
    _ call: WrittenCall, to flow: Int, of table: inout FlowTable, _ reader: borrowing PacketReader
  ) {
    let index = reader.conversations[call.conversation].protocolIndex
    let start = Int(call.domain.offset)
    let end = start + Int(call.domain.length)
    let text = reader.engine.batch.text.span
    guard end <= text.count else { return }
    table.learnProtocol(
      slot: flow, reader.engine.protocols[index].number, domain: text.clipped(from: start, to: end))
  }
}
