// SPDX-License-Identifier: Apache-2.0

import Telemetry

/// What every line says: where something was seen, and between whom.
protocol LineRecord: Sendable {
  associatedtype End: LineEnd
  var observationPoint: ObservationPoint { get set }
  var signalSource: SignalSource { get set }
  var transport: TransportProtocol { get set }
  var directionScore: UInt8 { get set }
  var client: End { get set }
  var server: End { get set }
}

protocol LineEnd: Sendable {
  var address: IPAddress { get set }
  var port: UInt16 { get set }
}

/// One that counts as a record of its own in a log.
protocol LoggedLineRecord: LineRecord {
  var flow: UInt64 { get set }
  var networkNamespace: UInt32 { get set }
  var applicationProtocol: ApplicationProtocol { get set }
}

extension CallEnd: LineEnd {}
extension FlowEnd: LineEnd {}
extension CallRecord: LoggedLineRecord {}
extension FlowRecord: LoggedLineRecord {}
extension CallMetric: LineRecord {}
extension NetworkMetric: LineRecord {}

extension LineFields where Record: LineRecord {
  mutating func addSighting() {
    number("time", orNull: \.time, limit: UInt64(UInt32.max))
    name("signal_source") { $0.record.signalSource = SignalSource(rawValue: $1) }
    let points = (0...UInt8.max).map {
      (name: ObservationPoint(rawValue: $0).name.description, number: $0)
    }
    name("observation_point", points) {
      $0.record.observationPoint = ObservationPoint(rawValue: $1)
    }
    name("protocol") { $0.record.transport = TransportProtocol(rawValue: $1) }
    number("direction_score", \.record.directionScore)
    address("ip_0", \.record.client.address)
    address("ip_1", \.record.server.address)
    number("server_port", \.record.server.port)
    derived("is_ipv4")
  }
}

extension LineFields where Record: LoggedLineRecord {
  mutating func addLog() {
    addSighting()
    // As far as nanoseconds of them can be counted.
    let latest = UInt64(Int64.max / 1_000)
    number("start_time", orNull: \.start, limit: latest)
    number("end_time", orNull: \.end, limit: latest)
    number("flow_id", \.record.flow)
    number("client_port", \.record.client.port)
    number("netns_id", \.record.networkNamespace)
    set("l7_protocol", .protocolName { $0.record.applicationProtocol = $1 })
  }
}
