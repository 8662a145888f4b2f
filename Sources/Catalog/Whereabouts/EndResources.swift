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

  package init(
    _ address: IPAddress, _ transport: TransportProtocol = .tcp, port: UInt16 = 0,
    container: String = ""
  ) {
    self.address = address
    self.transport = transport
    self.port = port
    self.container = container
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
    return [service, workload, process, ofNode, device].first { $0 != 0 } ?? 0
  }
}

extension Whereabouts {
  /// Who an end was in the second, in the order of what is surest.
  ///
  /// - Parameter network: where the record was made; nil where no cluster is known.
  package func resolve(
    _ end: EndFacts, in network: NetworkNumber?, at second: UInt32
  ) -> EndResources {
    var found = EndResources()
    if !end.container.isEmpty, let container = container(end.container, at: second) {
      found.source = .process
      found.place(lineage(of: container, at: second), self)
      found.service = service(of: found, end, in: network, at: second)
    } else if let network {
      resolve(end, in: network, at: second, into: &found)
    }
    if found.service != 0 { addService(&found, at: second) }
    return found
  }

  /// Of a loopback connection the end that is not known is where the other one is.
  package func resolve(peerOf other: EndResources) -> EndResources {
    var found = other
    found.source = .peer
    found.container = 0
    found.service = 0
    found.ingress = 0
    return found
  }

  private func resolve(
    _ end: EndFacts, in network: NetworkNumber, at second: UInt32, into found: inout EndResources
  ) {
    guard !end.address.isLoopback, !end.address.isUnspecified else { return }
    var holder = Holder.nobody
    if end.port != 0 {
      holder = self.holder(
        of: end.address, end.transport, port: end.port, in: network, at: second)
    }
    if holder == .nobody { holder = self.holder(of: end.address, in: network, at: second) }
    switch holder {
    case .unclear: found.isUnclear = true
    case .nobody:
      if case .number(let block) = blockHolder(of: end.address, in: network, at: second) {
        found.source = .address
        found.subnet = block
      }
    case .number(let number):
      found.source = .address
      found.place(lineage(of: number, at: second), self)
      if found.service == 0 {
        found.service = service(of: found, end, in: network, at: second)
      }
    }
  }

  /// The service for which a pod or a node was called, or which a pod that calls belongs to.
  private func service(
    of found: EndResources, _ end: EndFacts, in network: NetworkNumber?, at second: UInt32
  ) -> UInt32 {
    guard let network else { return 0 }
    let holder: Holder
    if found.pod != 0 {
      guard let address = address(of: found.pod, end, in: network, at: second) else { return 0 }
      holder =
        end.port == 0
        ? member(of: address, in: network, at: second)
        : service(
          answeringAt: address, end.transport, port: end.port, in: network, at: second)
    } else if found.node != 0, end.port != 0 {
      holder = service(atNodePort: end.port, end.transport, in: network, at: second)
    } else {
      return 0
    }
    if case .number(let number) = holder { return number }
    return 0
  }

  /// The pod's own address. An end that has another pod's is not what the record makes it seem.
  private func address(
    of pod: UInt32, _ end: EndFacts, in network: NetworkNumber, at second: UInt32
  ) -> IPAddress? {
    guard let version = version(of: pod, at: second) else { return nil }
    let own = addresses(of: version)
    if own.contains(end.address) { return end.address }
    if case .number(let other) = holder(of: end.address, in: network, at: second),
      identity(of: other)?.kind == .pod
    {
      return nil
    }
    return own.first
  }

  private func addService(_ found: inout EndResources, at second: UInt32) {
    for number in lineage(of: found.service, at: second) {
      switch identity(of: number)?.kind {
      case .ingress where found.ingress == 0: found.ingress = number
      case .namespace where found.namespace == 0: found.namespace = number
      case .cluster where found.cluster == 0: found.cluster = number
      default: break
      }
    }
  }
}

extension EndResources {
  /// Puts each resource where its kind belongs; the first of a kind is the nearest.
  fileprivate mutating func place(_ lineage: [UInt32], _ who: Whereabouts) {
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
