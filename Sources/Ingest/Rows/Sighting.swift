// SPDX-License-Identifier: Apache-2.0

import Telemetry

/// One end of what was seen, as its packets show it.
protocol SightedEnd {
  var address: IPAddress { get }
  var port: UInt16 { get }
}

/// What was seen between a client and a server: a call, a flow, or the metrics of many.
///
/// The conformances stand beside the rows, because those of another module are not compiled into them.
protocol Sighting {
  associatedtype End: SightedEnd
  var observationPoint: ObservationPoint { get }
  var signalSource: SignalSource { get }
  var transport: TransportProtocol { get }
  var directionScore: UInt8 { get }
  var client: End { get }
  var server: End { get }
}

/// A sighting with a row of its own in a log.
protocol LoggedSighting: Sighting {
  var flow: UInt64 { get }
  var networkNamespace: UInt32 { get }
  var start: Timestamp { get }
  var end: Timestamp { get }
}

extension CallEnd: SightedEnd {}
extension FlowEnd: SightedEnd {}
extension CallRecord: LoggedSighting {}
extension FlowRecord: LoggedSighting {}
extension CallMetric: Sighting {}
extension NetworkMetric: Sighting {}
