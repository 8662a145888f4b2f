// SPDX-License-Identifier: Apache-2.0

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
