// SPDX-License-Identifier: Apache-2.0

import Telemetry

/// Something in a network that is a resource's for a while, and by which an end of a call is known.
struct Claim: Hashable, Sendable, BitwiseCopyable {
  enum Kind: UInt8 {
    /// An address that is its alone.
    case address
    /// A block of addresses.
    case block
    /// A port at an address that others have too: of a pod in its node's network.
    case port
    /// A port at which a service's calls arrive.
    case endpoint
    /// An address at which somebody answers for a service, at whatever port.
    case member
    /// A port at every node of a cluster that leads to a service.
    case nodePort
  }

  var kind: Kind
  var prefixLength: UInt8 = 128
  var transport = TransportProtocol(rawValue: 0)
  var port: UInt16 = 0
  /// The network's number.
  var scope: UInt32
  var address = IPAddress.unspecified
}

/// What is asked for.
extension Claim {
  static func address(_ address: IPAddress, in network: NetworkNumber) -> Claim {
    Claim(kind: .address, scope: network.number, address: address)
  }

  static func port(
    _ port: UInt16, _ transport: TransportProtocol, at address: IPAddress, in network: NetworkNumber
  ) -> Claim {
    Claim(
      kind: .port, transport: transport, port: port, scope: network.number, address: address)
  }

  static func endpoint(
    _ port: UInt16, _ transport: TransportProtocol, at address: IPAddress, in network: NetworkNumber
  ) -> Claim {
    Claim(
      kind: .endpoint, transport: transport, port: port, scope: network.number, address: address)
  }

  static func member(_ address: IPAddress, in network: NetworkNumber) -> Claim {
    Claim(kind: .member, scope: network.number, address: address)
  }

  static func nodePort(
    _ port: UInt16, _ transport: TransportProtocol, in network: NetworkNumber
  ) -> Claim {
    Claim(kind: .nodePort, transport: transport, port: port, scope: network.number)
  }
}

extension Claim {
  /// Everything that the report claims, each once.
  static func all(of report: ResourceReport, scope: (ResourceScope) -> UInt32) -> [Claim] {
    var claims: [Claim] = []
    func add(_ claim: Claim) {
      if !claims.contains(claim) { claims.append(claim) }
    }
    for address in report.addresses where !address.address.isUnspecified {
      let network = scope(address.scope)
      if address.prefixLength < 128 {
        add(
          Claim(
            kind: .block, prefixLength: address.prefixLength, scope: network,
            address: address.address.masked(to: address.prefixLength)))
      } else if address.isShared {
        for port in report.ports where port.port != 0 {
          add(
            Claim(
              kind: .port, transport: port.transport, port: port.port, scope: network,
              address: address.address))
        }
      } else {
        add(Claim(kind: .address, scope: network, address: address.address))
      }
    }
    guard report.identity.kind == .service else { return claims }
    let own = scope(report.identity.scope)
    for port in report.ports where port.nodePort != 0 {
      add(Claim(kind: .nodePort, transport: port.transport, port: port.nodePort, scope: own))
    }
    var endpoints: Set<Claim> = []
    for endpoint in report.endpoints {
      for claim in [
        Claim(
          kind: .endpoint, transport: endpoint.transport, port: endpoint.port, scope: own,
          address: endpoint.address),
        Claim(kind: .member, scope: own, address: endpoint.address),
      ] where endpoints.insert(claim).inserted { claims.append(claim) }
    }
    return claims
  }
}

extension IPAddress {
  /// The first address of the block of this length that it lies in.
  func masked(to prefixLength: UInt8) -> IPAddress {
    let length = min(prefixLength, 128)
    if length <= 64 {
      return IPAddress(high: length == 0 ? 0 : high & (.max << (64 - UInt64(length))), low: 0)
    }
    return IPAddress(high: high, low: length == 128 ? low : low & (.max << (128 - UInt64(length))))
  }
}
