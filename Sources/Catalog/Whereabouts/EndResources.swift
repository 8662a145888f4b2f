// SPDX-License-Identifier: Apache-2.0

package import Telemetry

/// What a record says of one of its ends.
package struct EndFacts: Hashable, Sendable {
  package var address: IPAddress
  package var transport: TransportProtocol
  /// Where it was called; 0 for the end that called.
  package var port: UInt16
  /// The container that its process runs in; empty where that is not known.
  package var container: String
  /// Its process is known, and runs in no container: it is none of a pod in its node's network.
  package var isOnItsOwn: Bool

  package init(
    _ address: IPAddress, _ transport: TransportProtocol = .tcp, port: UInt16 = 0,
    container: String = "", isOnItsOwn: Bool = false
  ) {
    self.address = address
    self.transport = transport
    self.port = port
    self.container = container
    self.isOnItsOwn = isOnItsOwn
  }
}

/// What an end was, as numbers of resources; 0 where there is none, or where it is not known.
package struct EndResources: Hashable, Sendable, BitwiseCopyable {
  /// By what it was known. The numbers are the field's bits of `tag_source`.
  package struct Source: RawRepresentable, Hashable, Sendable, BitwiseCopyable {
    package var rawValue: UInt8

    package init(rawValue: UInt8) {
      self.rawValue = rawValue
    }

    package static let nothing = Source(rawValue: 0)
    /// Its process, which runs in a container of the pod.
    package static let process = Source(rawValue: 1)
    /// Its address, and its port where others have the address, too.
    package static let address = Source(rawValue: 8)
    /// The other end, with which it shares a loopback device.
    package static let peer = Source(rawValue: 16)
    /// What its agent says of the host.
    package static let agent = Source(rawValue: 32)
    /// Nothing, as more than one had what it would be known by.
    package static let unclear = Source(rawValue: 128)
  }

  package var source = Source.nothing
  /// More than one had what it would be known by: it is told as unknown.
  package var isUnclear = false
  package var container: UInt32 = 0
  package var pod: UInt32 = 0
  /// The topmost: a deployment, not its replica set.
  package var workload: UInt32 = 0
  package var namespace: UInt32 = 0
  package var node: UInt32 = 0
  package var service: UInt32 = 0
  package var ingress: UInt32 = 0
  package var cluster: UInt32 = 0
  package var availabilityZone: UInt32 = 0
  package var region: UInt32 = 0
  /// What else has the address: a load balancer, a machine of a cloud.
  package var device: UInt32 = 0
  /// The block of addresses that it lies in.
  package var subnet: UInt32 = 0

  package init() {}

  /// Which instance the end is told as.
  ///
  /// - Parameter process: the number of its process; 0 unknown.
  /// - Returns: 0 for none of these, so that the address stands for it.
  package func autoInstance(process: UInt32) -> UInt32 {
    [pod, process, node, device].first { $0 != 0 } ?? 0
  }

  /// Which service the end is told as.
  package func autoService(process: UInt32) -> UInt32 {
    // What a node does without a process in sight is its cluster's.
    let ofNode = pod == 0 && node != 0 ? cluster : 0
    return [service, workload, process, pod, ofNode, device].first { $0 != 0 } ?? 0
  }
}

extension EndResources {
  /// Puts each resource where its kind belongs; the first of a kind is the nearest.
  mutating func place(_ lineage: [UInt32], _ who: Whereabouts) {
    for number in lineage {
      guard let kind = who.identity(of: number)?.kind else { continue }
      switch kind {
      case .container: container = number
      case .pod: pod = number
      case .namespace: namespace = number
      case .node: node = number
      case .service: service = number
      case .ingress: ingress = number
      case .cluster: cluster = number
      case .availabilityZone: availabilityZone = number
      case .region: region = number
      case .subnet: subnet = number
      case _ where kind.isWorkload: workload = number
      default: if device == 0 { device = number }
      }
    }
  }
}
