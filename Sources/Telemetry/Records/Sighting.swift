// SPDX-License-Identifier: Apache-2.0

/// One end of what was seen, as its packets show it.
package protocol SightedEnd {
  var address: IPAddress { get }
  var port: UInt16 { get }
}

/// What was seen between a client and a server: a call, a flow, or the metrics of many.
///
/// Records are wide, and whoever may not change one is often handed a copy: so they are read in place.
package protocol Sighting {
  associatedtype End: SightedEnd
  var observationPoint: ObservationPoint { mutating get }
  var signalSource: SignalSource { mutating get }
  var transport: TransportProtocol { mutating get }
  var directionScore: UInt8 { mutating get }
  var client: End { mutating get }
  var server: End { mutating get }
}

/// A sighting with a row of its own in a log.
package protocol LoggedSighting: Sighting {
  var flow: UInt64 { mutating get }
  var networkNamespace: UInt32 { mutating get }
  var start: Timestamp { mutating get }
  var end: Timestamp { mutating get }
}

/// Sightings of one interval, summed up.
package protocol SightingMetric: Sighting, Metered where End == CallEnd {
  /// The start of the interval, a multiple of `interval`.
  var time: Timestamp { mutating get }
  /// Seconds: 1 or 60.
  var interval: UInt32 { mutating get }
}

extension CallEnd: SightedEnd {}
extension FlowEnd: SightedEnd {}
extension CallRecord: LoggedSighting {}
extension FlowRecord: LoggedSighting {}
extension CallMetric: SightingMetric {}
extension NetworkMetric: SightingMetric {}

/// Records in which nothing was seen: what the first of a run is compared with, and what shows which
/// figures there are.
extension CallEnd {
  package static let zero = CallEnd(address: .unspecified, port: 0)
}

extension FlowEnd {
  package static let zero = FlowEnd(address: .unspecified, port: 0)
}

extension CallRecord {
  package static var zero: CallRecord {
    let time = Timestamp(nanoseconds: 0)
    return CallRecord(client: .zero, server: .zero, start: time, end: time)
  }
}

extension FlowRecord {
  package static var zero: FlowRecord {
    let time = Timestamp(nanoseconds: 0)
    return FlowRecord(
      transport: TransportProtocol(rawValue: 0), client: .zero, server: .zero, start: time,
      end: time)
  }
}

extension CallMetric {
  package static var zero: CallMetric {
    CallMetric(
      time: Timestamp(nanoseconds: 0), interval: 0, observationPoint: .rest,
      signalSource: .packet, transport: TransportProtocol(rawValue: 0),
      applicationProtocol: .unknown, client: .zero, server: .zero)
  }
}

extension NetworkMetric {
  package static var zero: NetworkMetric {
    NetworkMetric(
      time: Timestamp(nanoseconds: 0), interval: 0, observationPoint: .rest,
      transport: TransportProtocol(rawValue: 0), client: .zero, server: .zero)
  }
}
