// SPDX-License-Identifier: Apache-2.0

import Telemetry
import Testing

@testable import Catalog

@Suite struct WhereaboutsTests {
  private let cluster = ResourceScope(.cluster, "c1")
  private let address = IPAddress(v4: 0x0a00_0001)

  private func time(_ second: Double) -> Timestamp {
    Timestamp(nanoseconds: Int64((second * 1_000_000_000).rounded()))
  }

  private func identity(
    _ kind: ResourceKind, _ id: String, in scope: ResourceScope? = nil
  ) -> ResourceIdentity {
    ResourceIdentity(kind, in: scope ?? cluster, id: id)
  }

  private func pod(
    _ id: String, at second: Double, _ address: IPAddress? = nil, label: String = "a",
    in scope: ResourceScope? = nil, parents: [ResourceIdentity] = []
  ) -> ResourceReport {
    ResourceReport(
      identity(.pod, id, in: scope), name: id, parents: parents,
      attributes: [.init("k8s.label.app", label)],
      addresses: address.map { [.init($0, in: scope ?? cluster)] } ?? [],
      validFrom: time(second))
  }

  private func name(_ who: Whereabouts, _ second: UInt32, in scope: ResourceScope? = nil) -> String
  {
    guard let network = who.network(scope ?? cluster) else { return "no network" }
    switch who.holder(of: address, in: network, at: second) {
    case .nobody: return "nobody"
    case .unclear: return "unclear"
    case .number(let number):
      return who.version(of: number, at: second).map { who.name(of: $0) } ?? "no version"
    }
  }

  @Test func anAddressOfTwoPodsIsWhoseItWas() {
    var who = Whereabouts()
    who.apply(.seen(pod("a", at: 5, address)), at: time(5))
    who.apply(.gone(identity(.pod, "a"), since: time(10.1)), at: time(10.1))
    who.apply(.seen(pod("b", at: 12.3, address)), at: time(12.3))
    #expect(
      [4, 5, 9, 10, 11, 12, 99].map { name(who, $0) }
        == ["nobody", "a", "a", "a", "nobody", "b", "b"])
    who.apply(.gone(identity(.pod, "b"), since: time(50.2)), at: time(50.2))
    who.apply(.seen(pod("c", at: 50.8, address)), at: time(50.8))
    #expect([49, 50, 51].map { name(who, $0) } == ["b", "unclear", "c"])
  }

  @Test func rowsOfBeforeAChangeHaveTheOldLabel() throws {
    var who = Whereabouts()
    who.apply(.seen(pod("a", at: 5, address)), at: time(5))
    who.apply(.seen(pod("a", at: 20.5, address, label: "b")), at: time(20.5))
    who.apply(.seen(pod("a", at: 20.5, address, label: "b")), at: time(30))
    let number = try #require(who.number(of: identity(.pod, "a")))
    func label(_ second: UInt32) -> String? {
      who.version(of: number, at: second).flatMap { who.value(of: "k8s.label.app", of: $0) }
    }
    #expect([4, 5, 19, 20, 40].map { label($0) } == [nil, "a", "a", "b", "b"])
    #expect([4, 5, 20, 40].map { name(who, $0) } == ["nobody", "a", "a", "a"])
    #expect(who.tally.versions == 2)
  }

  @Test func twoClustersHaveTheSameAddresses() {
    var who = Whereabouts()
    let other = ResourceScope(.cluster, "c2")
    who.apply(.seen(pod("a", at: 5, address)), at: time(5))
    who.apply(.seen(pod("z", at: 5, address, in: other)), at: time(5))
    #expect(name(who, 7) == "a")
    #expect(name(who, 7, in: other) == "z")
    #expect(name(who, 7, in: ResourceScope(.cluster, "c3")) == "no network")
  }

  /// A second watcher says of everything that it was so since it was made.
  @Test func whoTakesOverDoesNotRewriteThePast() {
    var who = Whereabouts()
    who.apply(.seen(pod("a", at: 5, address)), at: time(5))
    who.apply(.seen(pod("a", at: 20, address, label: "b")), at: time(20))
    who.apply(.seen(pod("x", at: 6)), at: time(6))
    // The first watcher went at 60, and somebody changed the label at 70.
    who.apply(.seen(pod("a", at: 5, address, label: "c")), at: time(100.5))
    who.apply(.complete(.pod, cluster, since: time(100)), at: time(101))
    let a = who.number(of: identity(.pod, "a"))!
    let labels = [10, 30, 99, 100, 200].map { second in
      who.version(of: a, at: second).flatMap { who.value(of: "k8s.label.app", of: $0) }
    }
    #expect(labels == ["a", "b", "b", "c", "c"])
    let x = who.number(of: identity(.pod, "x"))!
    #expect(who.version(of: x, at: 99) != nil)
    #expect(who.version(of: x, at: 100) == nil)
  }

  /// What waited in a watcher's spool while another took its place.
  @Test func oldNewsChangesNothing() {
    var who = Whereabouts()
    who.apply(.seen(pod("a", at: 5, address, label: "new")), at: time(100))
    who.apply(.seen(pod("a", at: 50, address, label: "old")), at: time(60))
    who.apply(.gone(identity(.pod, "a"), since: time(60)), at: time(61))
    let a = who.number(of: identity(.pod, "a"))!
    let label = who.version(of: a, at: 200).flatMap { who.value(of: "k8s.label.app", of: $0) }
    #expect(label == "new")
  }

  @Test func everythingAbovePodsIsFoundAsItWas() {
    var who = Whereabouts()
    let set = identity(.replicaSet, "rs")
    who.apply(
      .seen(pod("a", at: 5, address, parents: [set, identity(.node, "n1")])), at: time(5))
    // What it belongs to may be told later.
    who.apply(
      .seen(
        ResourceReport(
          set, name: "web-1", parents: [identity(.deployment, "d")], validFrom: time(4))),
      at: time(6))
    who.apply(
      .seen(ResourceReport(identity(.deployment, "d"), name: "web", validFrom: time(1))),
      at: time(6))
    let a = who.number(of: identity(.pod, "a"))!
    #expect(
      who.lineage(of: a, at: 8).map { who.identity(of: $0)?.id } == ["a", "rs", "n1", "d"])
    #expect(who.lineage(of: a, at: 4).count == 1)
  }

  @Test func aServiceIsKnownByItsAddressItsEndpointsAndItsNodePort() {
    var who = Whereabouts()
    var service = ResourceReport(identity(.service, "s"), name: "s", validFrom: time(5))
    service.addresses = [.init(address, in: cluster)]
    service.ports = [.init(transport: .tcp, port: 80, nodePort: 30_080)]
    let endpoint = IPAddress(v4: 0x0a00_0009)
    service.endpoints = [
      .init(address: endpoint, transport: .tcp, port: 8_080, target: identity(.pod, "p"))
    ]
    who.apply(.seen(service), at: time(5))
    let network = who.network(cluster)!
    let number = Holder.number(who.number(of: identity(.service, "s"))!)
    #expect(who.holder(of: address, in: network, at: 6) == number)
    #expect(
      who.claims.holder(of: .endpoint(8_080, .tcp, at: endpoint, in: network), at: 6) == number)
    #expect(
      who.claims.holder(of: .endpoint(8_080, .udp, at: endpoint, in: network), at: 6) == .nobody)
    #expect(who.claims.holder(of: .nodePort(30_080, .tcp, in: network), at: 6) == number)
    service.endpoints = []
    service.validFrom = time(9)
    who.apply(.seen(service), at: time(9))
    #expect(
      who.claims.holder(of: .endpoint(8_080, .tcp, at: endpoint, in: network), at: 8) == number)
    #expect(
      who.claims.holder(of: .endpoint(8_080, .tcp, at: endpoint, in: network), at: 9) == .nobody)
  }

  @Test func aPodInItsNodesNetworkIsKnownByItsPorts() {
    var who = Whereabouts()
    var node = ResourceReport(identity(.node, "n"), name: "n", validFrom: time(1))
    node.addresses = [.init(address, in: cluster)]
    var pod = ResourceReport(identity(.pod, "p"), name: "p", validFrom: time(2))
    pod.addresses = [.init(address, in: cluster, isShared: true)]
    pod.ports = [.init(transport: .tcp, port: 9_100)]
    who.apply(.seen(node), at: time(2))
    who.apply(.seen(pod), at: time(2))
    let network = who.network(cluster)!
    #expect(name(who, 3) == "n")
    #expect(
      who.claims.holder(of: .port(9_100, .tcp, at: address, in: network), at: 3)
        == .number(who.number(of: identity(.pod, "p"))!))
    #expect(who.claims.holder(of: .port(9_101, .tcp, at: address, in: network), at: 3) == .nobody)
  }

  @Test func theSmallestBlockSpeaks() {
    var who = Whereabouts()
    for (id, length) in [("wide", UInt8(104)), ("narrow", 120)] {
      who.apply(
        .seen(
          ResourceReport(
            identity(.subnet, id), name: id,
            addresses: [.init(address, prefixLength: length, in: cluster)], validFrom: time(1))),
        at: time(1))
    }
    let network = who.network(cluster)!
    func block(_ v4: UInt32) -> String? {
      var valid = ValidSeconds()
      guard
        case .number(let number) = who.blockHolder(
          of: IPAddress(v4: v4), in: network, at: 2, &valid)
      else { return nil }
      return who.identity(of: number)?.id
    }
    #expect([0x0a00_0063, 0x0a01_0101, 0x0b00_0001].map { block($0) } == ["narrow", "wide", nil])
  }

  @Test func whatIsForgottenLeavesNothingBehind() {
    var who = Whereabouts()
    for round in 0..<100 {
      let second = Double(round) * 10
      let set = identity(.replicaSet, "rs\(round)")
      who.apply(
        .seen(pod("p\(round)", at: second, address, label: "l\(round)", parents: [set])),
        at: time(second))
      who.apply(
        .seen(
          ResourceReport(
            identity(.container, "c\(round)"), name: "c",
            parents: [identity(.pod, "p\(round)")], validFrom: time(second))),
        at: time(second))
      who.apply(.gone(identity(.container, "c\(round)"), since: time(second + 5)), at: time(second))
      who.apply(.gone(identity(.pod, "p\(round)"), since: time(second + 5)), at: time(second))
      who.forget(before: UInt32(max(0, second - 50)))
    }
    #expect(who.container("c99", at: 992) != nil)
    #expect(who.container("c99", at: 996) == nil)
    #expect(who.tally.resources < 30)
    #expect(who.tally.texts < 30)
    #expect(who.tally.forgotten > 180)
    who.forget(before: 2_000)
    #expect(who.tally.resources == 0)
    #expect(who.tally.texts == 0)
    #expect(who.tally.intervals == 0)
    #expect(who.tally.versions == 0)
  }

  @Test func whatFindsNoRoomIsCounted() {
    var limits = WhereaboutsLimits()
    limits.resources = 2
    limits.versions = 3
    var who = Whereabouts(limits: limits)
    for id in ["a", "b", "c"] { who.apply(.seen(pod(id, at: 1)), at: time(1)) }
    #expect(who.tally.refused == 1)
    who.apply(.seen(pod("a", at: 2, label: "x")), at: time(2))
    who.apply(.seen(pod("a", at: 3, label: "y")), at: time(3))
    #expect(who.tally.refused == 2)
    #expect(who.tally.versions == 3)
    who.apply(.gone(identity(.pod, "b"), since: time(5)), at: time(5))
    who.forget(before: 10)
    who.apply(.seen(pod("c", at: 20)), at: time(20))
    #expect(who.number(of: identity(.pod, "c")) != nil)
  }
}
