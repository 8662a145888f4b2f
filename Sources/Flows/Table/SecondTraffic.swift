// SPDX-License-Identifier: Apache-2.0

import Telemetry

/// What one direction of a flow carried in one second: a quarter of the lines of the cache that a
/// `FlowTraffic` of each direction would take.
struct SecondTraffic: BitwiseCopyable {
  private var packets: UInt32 = 0
  private(set) var bytes: UInt32 = 0
  private var networkBytes: UInt32 = 0
  private var transportBytes: UInt32 = 0

  /// Whether the packet surely can be added: all sizes are below 2^31. To an empty one any packet can.
  @inline(__always)
  func hasRoom(for packet: inout DecodedPacket) -> Bool {
    let sizes =
      packet.frameLength | packet.networkLength | UInt32(truncatingIfNeeded: packet.payloadLength)
    return (packets | bytes | networkBytes | transportBytes | sizes) >> 31 == 0
  }

  @inline(__always)
  mutating func count(_ packet: inout DecodedPacket) {
    packets &+= 1
    bytes &+= packet.frameLength
    networkBytes &+= packet.networkLength
    transportBytes &+= UInt32(truncatingIfNeeded: packet.payloadLength)
  }

  /// Adds it to `traffic`.
  func add(to traffic: inout FlowTraffic) {
    traffic.packets &+= UInt64(packets)
    traffic.bytes &+= UInt64(bytes)
    traffic.networkBytes &+= UInt64(networkBytes)
    traffic.transportBytes &+= UInt64(transportBytes)
  }
}
