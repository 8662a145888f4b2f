// SPDX-License-Identifier: Apache-2.0

import Telemetry

/// Echo requests of a flow that wait for their replies, at most 16: then the oldest is given up.
struct PendingEchoes: BitwiseCopyable {
  private var sequences = InlineArray<16, UInt16>(repeating: 0)
  private var times = InlineArray<16, Int64>(repeating: 0)
  private var count = 0
  private var nextPlace = 0

  init() {}

  mutating func add(_ sequence: UInt16, at time: Int64) {
    sequences[nextPlace] = sequence
    times[nextPlace] = time
    nextPlace = (nextPlace + 1) % 16
    count = min(count + 1, 16)
  }

  /// When the request of this number was sent, which is then no longer waiting.
  mutating func take(_ sequence: UInt16) -> Int64? {
    for index in 0..<count where sequences[index] == sequence && times[index] != .min {
      let time = times[index]
      times[index] = .min
      return time
    }
    return nil
  }
}

extension DecodedPacket {
  /// RFC 792 and RFC 4443 section 4: an echo request or its reply.
  var isEcho: Bool { isEchoRequest || isEchoReply }

  var isEchoRequest: Bool {
    transport.rawValue == TransportProtocol.icmp.rawValue && icmpType == 8
      || transport.rawValue == TransportProtocol.icmpV6.rawValue && icmpType == 128
  }

  var isEchoReply: Bool {
    transport.rawValue == TransportProtocol.icmp.rawValue && icmpType == 0
      || transport.rawValue == TransportProtocol.icmpV6.rawValue && icmpType == 129
  }
}

extension FlowTable {
  /// Times an echo reply: the system response of the end that sends it.
  mutating func takeEcho(
    _ packet: inout DecodedPacket, slot: Int, direction: Int
  ) {
    if packet.isEchoRequest {
      if details[slot].echoes == Pool<PendingEchoes>.none {
        details[slot].echoes = echoes.insert(PendingEchoes())
      }
      let place = details[slot].echoes
      guard place != Pool<PendingEchoes>.none, direction == flows[slot].clientDirection else {
        return
      }
      echoes.slots[Int(place)].add(packet.icmpSequence, at: packet.time.nanoseconds)
    } else if packet.isEchoReply, direction != flows[slot].clientDirection {
      let place = details[slot].echoes
      guard place != Pool<PendingEchoes>.none,
        let sent = echoes.slots[Int(place)].take(packet.icmpSequence)
      else { return }
      let latency = Latency.systemResponse
      guard
        let elapsed = latency.microseconds(from: Timestamp(nanoseconds: sent), to: packet.time)
      else { return }
      samples.slots[flows[slot].samples(in: &samples)].take(elapsed, of: latency, direction)
    }
  }
}
