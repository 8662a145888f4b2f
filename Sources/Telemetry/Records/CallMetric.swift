// SPDX-License-Identifier: Apache-2.0

/// RED figures of one client, server, protocol and endpoint over one interval: a row of
/// `flow_metrics.application_map`.
package struct CallMetric: Hashable, Sendable, BitwiseCopyable {
  /// The start of the interval, a multiple of `interval`.
  package var time: Timestamp
  /// Seconds: 1 or 60.
  package var interval: UInt32
  package var observationPoint: ObservationPoint
  package var signalSource: SignalSource
  package var transport: TransportProtocol
  package var applicationProtocol: ApplicationProtocol
  package var directionScore: UInt8 = 0
  /// Port 0: client ports are folded, or no two rows would ever meet.
  package var client: CallEnd
  package var server: CallEnd
  /// Into the batch's `text`; empty when the rollup table ran out of room for endpoints.
  package var endpoint: Text = .empty

  package var requests: UInt64 = 0
  package var responses: UInt64 = 0
  package var clientErrors: UInt64 = 0
  package var serverErrors: UInt64 = 0
  package var timeouts: UInt64 = 0
  /// Microseconds, over the responses whose request was seen.
  package var durationSum: UInt64 = 0
  package var durationMax: UInt64 = 0
  package var durationCount: UInt64 = 0

  package init(
    time: Timestamp, interval: UInt32, observationPoint: ObservationPoint,
    signalSource: SignalSource, transport: TransportProtocol,
    applicationProtocol: ApplicationProtocol, client: CallEnd, server: CallEnd
  ) {
    self.time = time
    self.interval = interval
    self.observationPoint = observationPoint
    self.signalSource = signalSource
    self.transport = transport
    self.applicationProtocol = applicationProtocol
    self.client = client
    self.server = server
  }

  /// Adds the figures of another row of the same key. That is `inout` because it is wide and would be
  /// copied; it is not changed.
  package mutating func add(_ other: inout CallMetric) {
    if other.directionScore > directionScore { directionScore = other.directionScore }
    requests &+= other.requests
    responses &+= other.responses
    clientErrors &+= other.clientErrors
    serverErrors &+= other.serverErrors
    timeouts &+= other.timeouts
    durationSum &+= other.durationSum
    if other.durationMax > durationMax { durationMax = other.durationMax }
    durationCount &+= other.durationCount
  }
}
