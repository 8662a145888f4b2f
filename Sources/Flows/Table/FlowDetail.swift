// SPDX-License-Identifier: Apache-2.0

import Protocols
import Telemetry

/// What few packets of a flow touch: identity, and the figures of the report that is being gathered.
struct FlowDetail: BitwiseCopyable {
  var id: UInt64 = 0
  var start = Timestamp(nanoseconds: 0)
  var applicationProtocol: ApplicationProtocol = .unknown
  var figures = FlowFigures()

  init(_ packet: inout DecodedPacket, id: UInt64) {
    self.id = id
    start = packet.time
  }

  mutating func count(_ packet: inout DecodedPacket, direction: Int) {
    var traffic = FlowTraffic()
    traffic.packets = 1
    traffic.bytes = UInt64(packet.frameLength)
    traffic.networkBytes = UInt64(packet.networkLength)
    traffic.transportBytes = UInt64(max(packet.payloadLength, 0))
    if direction == 0 { figures.sent.add(traffic) } else { figures.received.add(traffic) }
  }

  func record(of flow: Flow) -> FlowRecord {
    let (client, server) = (flow.client, flow.server)
    var record = FlowRecord(
      transport: flow.transport, client: FlowEnd(address: client.address, port: client.port),
      server: FlowEnd(address: server.address, port: server.port), start: start, end: flow.last)
    record.flow = id
    record.figures = figures
    return record
  }
}
