// SPDX-License-Identifier: Apache-2.0

import Telemetry

/// The figures of a flow by direction of its packets, until it is told which is the client's: those
/// that a peaceful flow has. The rest are ``FlowIncidents``.
struct FlowCounters: BitwiseCopyable {
  var traffic = BothWays(FlowTraffic())
  // Latencies. Those of a direction are of what the end answered that sends in it. The frequent ones
  // lie with the traffic, in the same lines of the cache.
  var dataResponse = BothWays(LatencySamples())
  var idle = BothWays(LatencySamples())
  var systemResponse = BothWays(LatencySamples())
  var callResponse = LatencySamples()
  // Calls.
  var requests: UInt32 = 0
  var responses: UInt32 = 0
  var clientErrors: UInt32 = 0
  var serverErrors: UInt32 = 0
  var timeouts: UInt32 = 0
  var parseFailures: UInt32 = 0

  @inline(__always)
  mutating func count(_ packet: inout DecodedPacket, direction: Int) {
    traffic[direction].packets &+= 1
    traffic[direction].bytes &+= UInt64(packet.frameLength)
    traffic[direction].networkBytes &+= UInt64(packet.networkLength)
    traffic[direction].transportBytes &+= UInt64(UInt32(truncatingIfNeeded: packet.payloadLength))
  }

  mutating func add(_ other: inout FlowCounters) {
    for direction in 0...1 {
      traffic[direction].add(other.traffic[direction])
      systemResponse[direction].add(other.systemResponse[direction])
      dataResponse[direction].add(other.dataResponse[direction])
      idle[direction].add(other.idle[direction])
    }
    requests &+= other.requests
    responses &+= other.responses
    clientErrors &+= other.clientErrors
    serverErrors &+= other.serverErrors
    timeouts &+= other.timeouts
    parseFailures &+= other.parseFailures
    callResponse.add(other.callResponse)
  }

  /// Adds them to `figures`, with `client` as the direction of what the client sends.
  func add(to figures: inout FlowFigures, client: Int) {
    let server = 1 - client
    figures.sent.add(traffic[client])
    figures.received.add(traffic[server])
    systemResponse[server].add(to: &figures.systemResponse)
    dataResponse[server].add(to: &figures.dataResponse)
    idle[client].add(to: &figures.clientIdle)
    callResponse.add(to: &figures.callResponse)
    figures.requests &+= requests
    figures.responses &+= responses
    figures.clientErrors &+= clientErrors
    figures.serverErrors &+= serverErrors
    figures.timeouts &+= timeouts
    figures.parseFailures &+= parseFailures
  }
}

/// What few seconds of a flow have: handshakes, ends and disorder, by direction of the packets.
struct FlowIncidents: BitwiseCopyable {
  var roundTrip = LatencySamples()
  var roundTripClient = LatencySamples()
  var roundTripServer = LatencySamples()
  var retransmissions = BothWays<UInt32>(0)
  var zeroWindows = BothWays<UInt32>(0)
  var outOfOrder = BothWays<UInt32>(0)
  var syns: UInt32 = 0
  var synAcks: UInt32 = 0
  var synRetransmissions: UInt32 = 0
  var synAckRetransmissions: UInt32 = 0
  var fins: UInt32 = 0

  mutating func add(_ other: inout FlowIncidents) {
    roundTrip.add(other.roundTrip)
    roundTripClient.add(other.roundTripClient)
    roundTripServer.add(other.roundTripServer)
    for direction in 0...1 {
      retransmissions[direction] &+= other.retransmissions[direction]
      zeroWindows[direction] &+= other.zeroWindows[direction]
      outOfOrder[direction] &+= other.outOfOrder[direction]
    }
    syns &+= other.syns
    synAcks &+= other.synAcks
    synRetransmissions &+= other.synRetransmissions
    synAckRetransmissions &+= other.synAckRetransmissions
    fins &+= other.fins
  }

  /// Adds them to `figures`, with `client` as the direction of what the client sends.
  func add(to figures: inout FlowFigures, client: Int) {
    let server = 1 - client
    roundTrip.add(to: &figures.roundTrip)
    roundTripClient.add(to: &figures.roundTripClient)
    roundTripServer.add(to: &figures.roundTripServer)
    figures.sentRetransmissions &+= retransmissions[client]
    figures.receivedRetransmissions &+= retransmissions[server]
    figures.sentZeroWindows &+= zeroWindows[client]
    figures.receivedZeroWindows &+= zeroWindows[server]
    figures.sentOutOfOrder &+= outOfOrder[client]
    figures.receivedOutOfOrder &+= outOfOrder[server]
    figures.syns &+= syns
    figures.synAcks &+= synAcks
    figures.synRetransmissions &+= synRetransmissions
    figures.synAckRetransmissions &+= synAckRetransmissions
    figures.fins &+= fins
  }
}

/// Samples of one latency, microseconds, in two thirds of the room of a `LatencySum`.
struct LatencySamples: BitwiseCopyable {
  private(set) var sum: UInt64 = 0
  private(set) var count: UInt32 = 0
  private(set) var maximum: UInt32 = 0

  /// Takes the time since `start` unless it is negative or beyond `limit`, both nanoseconds.
  mutating func take(_ time: Timestamp, since start: Timestamp, limit: Int64) {
    let elapsed = time.nanoseconds &- start.nanoseconds
    guard elapsed >= 0 && elapsed <= limit else { return }
    take(microseconds: UInt64(elapsed) / 1_000)
  }

  mutating func take(microseconds sample: UInt64) {
    sum &+= sample
    count &+= 1
    maximum = max(maximum, UInt32(clamping: sample))
  }

  mutating func add(_ other: LatencySamples) {
    sum &+= other.sum
    count &+= other.count
    maximum = max(maximum, other.maximum)
  }

  @inline(__always)
  func add(to figure: inout LatencySum) {
    guard count > 0 else { return }
    figure.sum &+= sum
    figure.count &+= UInt64(count)
    if UInt64(maximum) > figure.maximum { figure.maximum = UInt64(maximum) }
  }
}

/// The figures of one flow in one second; or what became of them, its report so far.
struct FlowSecond: BitwiseCopyable {
  /// The flow's slot; `UInt32.max` for a report, and for a free place.
  var flow: UInt32
  /// Its place among the incidents of the table; `Pool.none` for none.
  var incidents: UInt32 = .max
  /// Since the epoch.
  var second: Int64
  /// Packets from here on are of a later second. Nanoseconds since the epoch.
  var end: Int64
  var counters = FlowCounters()
}
