// SPDX-License-Identifier: Apache-2.0

/// What one side of a flow sent, in one report or interval.
package struct FlowTraffic: Hashable, Sendable, BitwiseCopyable {
  package var packets: UInt64 = 0
  /// Bytes on the link.
  package var bytes: UInt64 = 0
  /// Bytes of the IP packets, headers included.
  package var networkBytes: UInt64 = 0
  /// Bytes behind the TCP, UDP or ICMP header.
  package var transportBytes: UInt64 = 0

  package init() {}

  package mutating func add(_ other: FlowTraffic) {
    packets &+= other.packets
    bytes &+= other.bytes
    networkBytes &+= other.networkBytes
    transportBytes &+= other.transportBytes
  }
}

/// Samples of one latency. Microseconds.
package struct LatencySum: Hashable, Sendable, BitwiseCopyable {
  package var sum: UInt64 = 0
  package var count: UInt64 = 0
  package var maximum: UInt64 = 0

  package init() {}

  package mutating func take(_ sample: UInt64) {
    sum &+= sample
    count &+= 1
    if sample > maximum { maximum = sample }
  }

  package mutating func add(_ other: LatencySum) {
    sum &+= other.sum
    count &+= other.count
    if other.maximum > maximum { maximum = other.maximum }
  }

  /// 0 without samples.
  @inlinable @inline(__always)
  package var mean: UInt64 { count == 0 ? 0 : sum / count }
}

/// How a flow fared, in one report or interval. "Sent" is what the client sent, "received" what the
/// server did.
package struct FlowFigures: Hashable, Sendable, BitwiseCopyable {
  package var sent = FlowTraffic()
  package var received = FlowTraffic()

  // Latencies, microseconds.
  /// Client's SYN to client's handshake ACK.
  package var roundTrip = LatencySum()
  /// SYN/ACK to handshake ACK: the way to the client and back.
  package var roundTripClient = LatencySum()
  /// SYN to SYN/ACK: the way to the server and back.
  package var roundTripServer = LatencySum()
  /// Client's data to the server's acknowledgement without data: the server's system.
  package var systemResponse = LatencySum()
  /// Client's data to the server's first data: the application.
  package var dataResponse = LatencySum()
  /// Application request to response.
  package var callResponse = LatencySum()
  /// Server's last data, or the handshake, to the client's next request.
  package var clientIdle = LatencySum()

  // TCP health.
  package var sentRetransmissions: UInt32 = 0
  package var receivedRetransmissions: UInt32 = 0
  package var sentZeroWindows: UInt32 = 0
  package var receivedZeroWindows: UInt32 = 0
  package var sentOutOfOrder: UInt32 = 0
  package var receivedOutOfOrder: UInt32 = 0
  package var syns: UInt32 = 0
  package var synAcks: UInt32 = 0
  package var synRetransmissions: UInt32 = 0
  package var synAckRetransmissions: UInt32 = 0
  package var fins: UInt32 = 0

  // Application calls.
  package var requests: UInt32 = 0
  package var responses: UInt32 = 0
  package var clientErrors: UInt32 = 0
  package var serverErrors: UInt32 = 0
  package var timeouts: UInt32 = 0
  package var parseFailures: UInt32 = 0

  package init() {}

  package mutating func add(_ other: FlowFigures) {
    sent.add(other.sent)
    received.add(other.received)
    roundTrip.add(other.roundTrip)
    roundTripClient.add(other.roundTripClient)
    roundTripServer.add(other.roundTripServer)
    systemResponse.add(other.systemResponse)
    dataResponse.add(other.dataResponse)
    callResponse.add(other.callResponse)
    clientIdle.add(other.clientIdle)
    sentRetransmissions &+= other.sentRetransmissions
    receivedRetransmissions &+= other.receivedRetransmissions
    sentZeroWindows &+= other.sentZeroWindows
    receivedZeroWindows &+= other.receivedZeroWindows
    sentOutOfOrder &+= other.sentOutOfOrder
    receivedOutOfOrder &+= other.receivedOutOfOrder
    syns &+= other.syns
    synAcks &+= other.synAcks
    synRetransmissions &+= other.synRetransmissions
    synAckRetransmissions &+= other.synAckRetransmissions
    fins &+= other.fins
    requests &+= other.requests
    responses &+= other.responses
    clientErrors &+= other.clientErrors
    serverErrors &+= other.serverErrors
    timeouts &+= other.timeouts
    parseFailures &+= other.parseFailures
  }
}
