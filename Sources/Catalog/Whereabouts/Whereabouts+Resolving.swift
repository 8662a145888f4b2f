// SPDX-License-Identifier: Apache-2.0

import Telemetry

/// Who an end was, and for how long that answer is good.
package struct Resolution: Sendable, BitwiseCopyable {
  package var resources = EndResources()
  /// The seconds that have the same answer, by what is known now.
  package var valid = ValidSeconds()
  /// Where the answer is to be found again: a change at one of these places may be another answer.
  var places = Places()

  struct Places: BitwiseCopyable {
    /// The end's address, the one that its pod has, and its container's id.
    var address: UInt16 = 0
    var own: UInt16 = 0
    var container: UInt16 = 0
  }
}

extension Whereabouts {
  /// Who an end was in the second, in the order of what is surest.
  ///
  /// - Parameter network: where the record was made; nil where no cluster is known.
  package func resolve(
    _ end: EndFacts, in network: NetworkNumber?, at second: UInt32
  ) -> EndResources {
    resolution(of: end, in: network, at: second).resources
  }

  package func resolution(
    of end: EndFacts, in network: NetworkNumber?, at second: UInt32
  ) -> Resolution {
    var answer = Resolution()
    answer.places.address = Self.place(of: end.address)
    answer.places.container = Self.place(of: end.container)
    answer.places.own = answer.places.address
    if !end.container.isEmpty,
      let container = container(end.container, at: second, &answer.valid)
    {
      answer.resources.source = .process
      let lineage = lineage(of: container, at: second, &answer.valid)
      answer.resources.place(lineage, self)
      // Its process is in the cluster, whoever saw it.
      let own = identity(of: container).flatMap { self.network($0.scope) } ?? network
      findService(of: end, in: own, at: second, &answer)
    } else if let network {
      resolve(end, in: network, at: second, &answer)
    }
    if answer.resources.service != 0 { addService(at: second, &answer) }
    return answer
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
    _ end: EndFacts, in network: NetworkNumber, at second: UInt32, _ answer: inout Resolution
  ) {
    guard !end.address.isLoopback, !end.address.isUnspecified else { return }
    var holder = Holder.nobody
    if end.port != 0, !end.isOnItsOwn {
      holder = claims.holder(
        of: .port(end.port, end.transport, at: end.address, in: network), at: second,
        &answer.valid)
    }
    if holder == .nobody {
      holder = claims.holder(
        of: .address(end.address, in: network), at: second, &answer.valid)
    }
    switch holder {
    case .unclear: answer.resources.isUnclear = true
    case .nobody:
      if case .number(let block) = blockHolder(
        of: end.address, in: network, at: second, &answer.valid)
      {
        answer.resources.source = .address
        answer.resources.subnet = block
      }
    case .number(let number):
      answer.resources.source = .address
      answer.resources.place(lineage(of: number, at: second, &answer.valid), self)
      if answer.resources.service == 0 { findService(of: end, in: network, at: second, &answer) }
    }
  }

  /// The service for which a pod or a node was called, or which a pod that calls belongs to.
  private func findService(
    of end: EndFacts, in network: NetworkNumber?, at second: UInt32, _ answer: inout Resolution
  ) {
    guard let network else { return }
    let found = answer.resources
    let claim: Claim
    if found.pod != 0 {
      guard let address = address(of: found.pod, end, in: network, at: second, &answer.valid)
      else { return }
      answer.places.own = Self.place(of: address)
      claim =
        end.port == 0
        ? .member(address, in: network)
        : .endpoint(end.port, end.transport, at: address, in: network)
    } else if found.node != 0, end.port != 0 {
      claim = .nodePort(end.port, end.transport, in: network)
    } else {
      return
    }
    if case .number(let number) = claims.holder(of: claim, at: second, &answer.valid) {
      answer.resources.service = number
    }
  }

  /// The pod's own address. An end that has another pod's is not what the record makes it seem.
  private func address(
    of pod: UInt32, _ end: EndFacts, in network: NetworkNumber, at second: UInt32,
    _ valid: inout ValidSeconds
  ) -> IPAddress? {
    guard let place = place(of: pod, at: second, &valid), let version = versions[place] else {
      return nil
    }
    let own = addresses(of: version)
    if own.contains(end.address) { return end.address }
    if case .number(let other) = claims.holder(
      of: .address(end.address, in: network), at: second, &valid),
      identity(of: other)?.kind == .pod
    {
      return nil
    }
    return own.first
  }

  private func addService(at second: UInt32, _ answer: inout Resolution) {
    for number in lineage(of: answer.resources.service, at: second, &answer.valid) {
      switch identity(of: number)?.kind {
      case .ingress where answer.resources.ingress == 0: answer.resources.ingress = number
      case .namespace where answer.resources.namespace == 0: answer.resources.namespace = number
      case .cluster where answer.resources.cluster == 0: answer.resources.cluster = number
      default: break
      }
    }
  }
}
