// SPDX-License-Identifier: Apache-2.0

/// What a frame's inner packet was wrapped in. The number is stored in `tunnel_type`.
@usableFromInline package struct TunnelType: RawRepresentable, Hashable, Sendable, BitwiseCopyable {
  @usableFromInline package var rawValue: UInt8

  @inlinable @inline(__always)
  package init(rawValue: UInt8) {
    self.rawValue = rawValue
  }

  @inlinable package static var none: TunnelType { TunnelType(rawValue: 0) }
  @inlinable package static var vxlan: TunnelType { TunnelType(rawValue: 1) }
  @inlinable package static var ipip: TunnelType { TunnelType(rawValue: 2) }
  /// GRE, transparent Ethernet bridging and ERSPAN.
  @inlinable package static var gre: TunnelType { TunnelType(rawValue: 3) }
  @inlinable package static var geneve: TunnelType { TunnelType(rawValue: 4) }
  /// VXLAN-GPE and NSH.
  @inlinable package static var vxlanGPE: TunnelType { TunnelType(rawValue: 5) }
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
