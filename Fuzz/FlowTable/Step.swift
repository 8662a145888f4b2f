// SPDX-License-Identifier: Apache-2.0

import Telemetry

@testable import Flows

/// What the seven bytes of a step mean.
enum Step {
  /// Mostly little, sometimes minutes, sometimes back.
  static func passed(_ byte: UInt8) -> Int64 {
    switch byte {
    case 0..<160: Int64(byte) * 3_000_001
    case 160..<220: Int64(byte - 150) * 500_000_000
    case 220..<240: Int64(byte - 200) * 10_000_000_000
    case 240..<254: (Int64(byte) - 255) * 400_000_000
    case 254: -200_000_000_000
    default: .max / 3
    }
  }

  static func packet(_ bytes: Span<UInt8>, at time: Timestamp) -> DecodedPacket {
    var packet = DecodedPacket()
    packet.time = time
    packet.source = IPAddress(v4: 0x0a00_0000 | UInt32(bytes[1] & 3))
    packet.destination = IPAddress(v4: 0x0a00_0000 | UInt32(bytes[1] >> 2 & 3))
    packet.sourcePort = 79 + UInt16(bytes[1] >> 4 & 3)
    packet.destinationPort = 79 + UInt16(bytes[1] >> 6)
    packet.transport = [.tcp, .tcp, .tcp, .tcp, .tcp, .udp, .icmp, .icmpV6][Int(bytes[2] & 7)]
    packet.interface = UInt32(bytes[2] >> 3 & 3)
    packet.window = UInt16(bytes[2] >> 5 & 1)
    packet.tunnel.type = bytes[2] & 0xc0 == 0xc0 ? .vxlan : .none
    packet.tunnel.tier = packet.tunnel.type == .none ? 0 : 1
    packet.flags.rawValue = UInt16(bytes[3])
    let start = UInt32.max - 40
    packet.sequence = start &+ UInt32(bytes[4] & 0x3f) &* (bytes[4] & 0x40 == 0 ? 1 : 1 << 23)
    packet.acknowledgement = start &+ UInt32(bytes[4] >> 2)
    packet.payloadLength = Int(bytes[5] & 0x1f)
    packet.networkLength = 40 + UInt32(bytes[5])
    packet.frameLength = bytes[5] == 0xff ? .max - 7 : packet.networkLength + 14
    packet.icmpType = [0, 8, 3, 128, 129][Int(bytes[3] % 5)]
    packet.icmpIdentifier = UInt16(bytes[4] & 1)
    packet.icmpSequence = UInt16(bytes[5] & 3)
    packet.isLaterFragment = bytes[0] & 0x0f == 1
    if bytes[0] & 0x0f == 2 { packet.options.realAddress = IPAddress(v4: 0x0102_0304) }
    return packet
  }
}
