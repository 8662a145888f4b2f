// SPDX-License-Identifier: Apache-2.0

/// Network figures of one client, server and server port over one interval: a row of
/// `flow_metrics.network_map`.
package struct NetworkMetric: Hashable, Sendable, BitwiseCopyable {
  /// The start of the interval, a multiple of `interval`.
  package var time: Timestamp
  /// Seconds: 1 or 60.
  package var interval: UInt32
  package var observationPoint: ObservationPoint
  package var signalSource: SignalSource = .packet
  package var transport: TransportProtocol
  package var directionScore: UInt8 = 0
  package var tunnelType: TunnelType = .none
  /// Port 0: client ports are folded, or no two rows would ever meet.
  package var client: CallEnd
  package var server: CallEnd

  package var figures = FlowFigures()
  package var newFlows: UInt32 = 0
  package var closedFlows: UInt32 = 0
  /// Flows that were open at some time of the interval.
  package var flowLoad: UInt32 = 0
  /// Flows that ended in the interval, by how.
  package var closes = CloseCounts()

  package init(
    time: Timestamp, interval: UInt32, observationPoint: ObservationPoint,
    transport: TransportProtocol, client: CallEnd, server: CallEnd
  ) {
    self.time = time
    self.interval = interval
    self.observationPoint = observationPoint
    self.transport = transport
    self.client = client
    self.server = server
  }
}

/// Ended flows by ``CloseType``: those that count as an anomaly each have a column of their own.
package struct CloseCounts: Hashable, Sendable, BitwiseCopyable {
  package var clientReset: UInt32 = 0
  package var serverReset: UInt32 = 0
  package var serverSynAckMissing: UInt32 = 0
  package var clientAckMissing: UInt32 = 0
  package var clientHalfClose: UInt32 = 0
  package var serverHalfClose: UInt32 = 0
  package var clientPortReuse: UInt32 = 0
  package var serverRefused: UInt32 = 0
  package var serverQueueFull: UInt32 = 0
  package var clientEstablishReset: UInt32 = 0
  package var serverEstablishReset: UInt32 = 0
  package var timeout: UInt32 = 0

  package init() {}

  /// Counts one ended TCP flow; what is no anomaly counts nowhere.
  package mutating func count(_ type: CloseType) {
    switch type {
    case .clientReset: clientReset &+= 1
    case .serverReset: serverReset &+= 1
    case .serverSynAckMissing: serverSynAckMissing &+= 1
    case .clientAckMissing: clientAckMissing &+= 1
    case .clientHalfClose: clientHalfClose &+= 1
    case .serverHalfClose: serverHalfClose &+= 1
    case .clientPortReuse: clientPortReuse &+= 1
    case .serverRefused: serverRefused &+= 1
    case .serverQueueFull: serverQueueFull &+= 1
    case .clientEstablishReset: clientEstablishReset &+= 1
    case .serverEstablishReset: serverEstablishReset &+= 1
    case .timeout: timeout &+= 1
    default: break
    }
  }

  package mutating func add(_ other: CloseCounts) {
    clientReset &+= other.clientReset
    serverReset &+= other.serverReset
    serverSynAckMissing &+= other.serverSynAckMissing
    clientAckMissing &+= other.clientAckMissing
    clientHalfClose &+= other.clientHalfClose
    serverHalfClose &+= other.serverHalfClose
    clientPortReuse &+= other.clientPortReuse
    serverRefused &+= other.serverRefused
    serverQueueFull &+= other.serverQueueFull
    clientEstablishReset &+= other.clientEstablishReset
    serverEstablishReset &+= other.serverEstablishReset
    timeout &+= other.timeout
  }
}

extension CloseCounts {
  /// Flows that failed in the handshake, by the client's fault and by the server's.
  @inlinable
  package var clientEstablishFailures: UInt64 {
    UInt64(clientPortReuse) + UInt64(clientAckMissing) + UInt64(clientEstablishReset)
  }

  @inlinable
  package var serverEstablishFailures: UInt64 {
    UInt64(serverSynAckMissing) + UInt64(serverRefused) + UInt64(serverEstablishReset)
  }

  /// Flows that failed after the handshake.
  @inlinable
  package var transferFailures: UInt64 {
    UInt64(serverReset) + UInt64(clientReset) + UInt64(serverQueueFull) + UInt64(timeout)
  }

  /// Flows that somebody reset, in any phase.
  @inlinable
  package var resets: UInt64 {
    UInt64(clientEstablishReset) + UInt64(serverEstablishReset) + UInt64(serverRefused)
      + UInt64(serverReset) + UInt64(clientReset)
  }
}
