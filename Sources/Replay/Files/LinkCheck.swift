// SPDX-License-Identifier: Apache-2.0

import Telemetry

/// Notices packets whose link type the pipeline does not decode, so that a user hears of it in
/// words.
struct LinkCheck {
  private static let known: [LinkType] = [
    .null, .ethernet, .ppp, .pppHDLC, .raw, LinkType(rawValue: 12), LinkType(rawValue: 14), .loop,
    .linuxCooked, .perPacketInformation, .ipv4, .ipv6, .linuxCookedV2,
  ]
  /// Types that one fault each is made of, at most.
  private static let limit = 8

  /// The type of the last packet that was decoded.
  private var last = UInt16.max
  private var strange: [(type: LinkType, packet: UInt64)] = []

  @inline(__always)
  mutating func isKnown(_ type: LinkType) -> Bool {
    if type.rawValue == last { return true }
    guard Self.known.contains(where: { $0.rawValue == type.rawValue }) else { return false }
    last = type.rawValue
    return true
  }

  /// Remembers the first packet of a type that is not decoded.
  mutating func note(_ type: LinkType, at packet: UInt64) {
    guard strange.count < Self.limit,
      !strange.contains(where: { $0.type.rawValue == type.rawValue })
    else { return }
    strange.append((type, packet))
  }

  func faults(in file: String) -> [ReplayError] {
    strange.map { found in
      ReplayError(
        .damaged,
        "\(file): packet \(found.packet), and others, have link type \(found.type.rawValue), which is "
          + "not decoded; they are counted as malformed_packet. Ethernet, Linux cooked, raw IP, "
          + "loopback, PPP and PPI around them are: capture on such an interface, or convert the file."
      )
    }
  }
}
