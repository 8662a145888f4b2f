// SPDX-License-Identifier: Apache-2.0

package import Telemetry

/// A network as it is asked for; looked up once for many questions.
package struct NetworkNumber: Hashable, Sendable, BitwiseCopyable {
  let number: UInt32
}

extension Whereabouts {
  /// The network or cluster of this name; nil where nobody has spoken of it.
  package func network(_ scope: ResourceScope) -> NetworkNumber? {
    scopes[scope].map(NetworkNumber.init)
  }

  /// Who has the address for itself alone.
  package func holder(
    of address: IPAddress, in network: NetworkNumber, at second: UInt32
  ) -> Holder {
    claims.holder(of: .address(address, in: network), at: second)
  }

  /// The smallest block that the address lies in and that is somebody's.
  func blockHolder(
    of address: IPAddress, in network: NetworkNumber, at second: UInt32,
    _ valid: inout ValidSeconds
  ) -> Holder {
    for length in blockLengths {
      let found = claims.holder(
        of: Claim(
          kind: .block, prefixLength: length, scope: network.number,
          address: address.masked(to: length)), at: second, &valid)
      if found != .nobody { return found }
    }
    return .nobody
  }

  /// The container with this id, if it was there.
  package func container(_ id: String, at second: UInt32) -> UInt32? {
    var valid = ValidSeconds()
    return container(id, at: second, &valid)
  }

  func container(_ id: String, at second: UInt32, _ valid: inout ValidSeconds) -> UInt32? {
    containers[id].flatMap { place(of: $0, at: second, &valid) == nil ? nil : $0 }
  }

  /// What a node says of the boot of its host.
  static let boot = "host.boot_id"

  /// The node that a host was in the second, by its boot.
  func node(ofBoot boot: String, at second: UInt32, _ valid: inout ValidSeconds) -> UInt32? {
    guard let number = nodes[boot], let place = place(of: number, at: second, &valid),
      let version = versions[place], value(of: Self.boot, of: version) == boot
    else { return nil }
    return number
  }

  /// The cluster of a host that is a node of it.
  func cluster(ofBoot boot: String) -> ResourceScope? {
    nodes[boot].flatMap { identity(of: $0)?.scope }
  }

  package func number(of identity: ResourceIdentity) -> UInt32? { numbers[identity] }

  /// Which resource has the number; nil for a number that is nobody's.
  package func identity(of number: UInt32) -> ResourceIdentity? {
    Int(number) < resources.count ? resources[Int(number)]?.identity : nil
  }

  /// What was true of a resource at the end of the second; nil when it was not there.
  package func version(of number: UInt32, at second: UInt32) -> WhereaboutsVersion? {
    history.latest(of: number, at: second).flatMap { versions[Int($0)] }
  }

  package func name(of version: WhereaboutsVersion) -> String { texts[version.name] }

  package func attributes(of version: WhereaboutsVersion) -> [ResourceReport.Attribute] {
    version.attributes.map { .init(texts[$0.name], texts[$0.value]) }
  }

  package func value(of name: String, of version: WhereaboutsVersion) -> String? {
    version.attributes.first { texts[$0.name] == name }.map { texts[$0.value] }
  }

  /// The addresses that are its alone, or that it shares.
  package func addresses(of version: WhereaboutsVersion) -> [IPAddress] {
    var found: [IPAddress] = []
    for claim in version.claims where claim.kind == .address || claim.kind == .port {
      if !found.contains(claim.address) { found.append(claim.address) }
    }
    return found
  }

  /// The numbers of all that were there in the second and whose identity is wanted, in the order of
  /// kinds and ids.
  package func all(at second: UInt32, _ isWanted: (ResourceIdentity) -> Bool) -> [UInt32] {
    numbers.filter { isWanted($0.key) && version(of: $0.value, at: second) != nil }
      .sorted { one, other in
        (one.key.kind.rawValue, one.key.scope.id, one.key.id)
          < (other.key.kind.rawValue, other.key.scope.id, other.key.id)
      }.map(\.value)
  }

  /// The resource and everything that it was part of in the second, nearest first, each once.
  package func lineage(of number: UInt32, at second: UInt32) -> [UInt32] {
    var valid = ValidSeconds()
    return lineage(of: number, at: second, &valid)
  }

  func lineage(of number: UInt32, at second: UInt32, _ valid: inout ValidSeconds) -> [UInt32] {
    var found = [number]
    var next = 0
    while next < found.count, found.count < 32 {
      if let place = place(of: found[next], at: second, &valid), let version = versions[place] {
        for parent in version.parents where !found.contains(parent) { found.append(parent) }
      }
      next += 1
    }
    return found
  }

  /// Where the version stands that holds in the second.
  func place(of number: UInt32, at second: UInt32, _ valid: inout ValidSeconds) -> Int? {
    history.latest(of: number, at: second, &valid).map { Int($0) }
  }
}
