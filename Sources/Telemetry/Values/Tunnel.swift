// SPDX-License-Identifier: Apache-2.0

/// What a frame's inner packet was wrapped in. The number is stored in `tunnel_type`.
package struct TunnelType: RawRepresentable, Hashable, Sendable, BitwiseCopyable {
  package var rawValue: UInt8

  package init(rawValue: UInt8) {
    self.rawValue = rawValue
  }

  package static let none = TunnelType(rawValue: 0)
  package static let vxlan = TunnelType(rawValue: 1)
  package static let ipip = TunnelType(rawValue: 2)
  /// GRE, transparent Ethernet bridging and ERSPAN.
  package static let gre = TunnelType(rawValue: 3)
  package static let geneve = TunnelType(rawValue: 4)
  /// VXLAN-GPE and NSH.
  package static let vxlanGPE = TunnelType(rawValue: 5)
}

/// The outermost tunnel of a packet, as its sender addressed it.
package struct Tunnel: Hashable, Sendable, BitwiseCopyable {
  package var type: TunnelType = .none
  /// Layers of tunnels that were taken off, 0 to 2.
  package var tier: UInt8 = 0
  /// VNI, GRE key, ERSPAN session; 0 where there is none.
  package var id: UInt32 = 0
  package var source: IPAddress = .unspecified
  package var destination: IPAddress = .unspecified

  package init() {}
}
