// SPDX-License-Identifier: Apache-2.0

import Catalog
import Telemetry
import Testing

@testable import Kubernetes

/// From what an API server said to who an end was.
@Suite struct ClusterWhereaboutsTests {
  /// Everything that was recorded, learned; the changes came when they hold, and the list at the start.
  private func learned() throws -> Whereabouts? {
    let recordings = try Recording.all()
    guard !recordings.isEmpty else { return nil }
    var who = Whereabouts()
    for change in Follower.replay(recordings).changes {
      who.apply(change, at: max(change.time, Recording.start))
    }
    return who
  }

  private func names(_ who: Whereabouts, _ address: String, _ second: Double) -> [String] {
    let second = Recording.time(second).wholeSecond
    guard let address = IPAddress(address), let network = who.network(.init(.cluster, "c1")),
      case .number(let holder) = who.holder(of: address, in: network, at: second)
    else { return [] }
    return who.lineage(of: holder, at: second).map { number in
      who.version(of: number, at: second).map { who.name(of: $0) } ?? "?"
    }
  }

  @Test func anEndIsWhoHadItsAddressThen() throws {
    guard let who = try learned() else { return }
    let lineage = ["web-5874c85c67", "shop", "node2", "web", "?", "z2", "r1"]
    for (second, names) in [
      (4.0, []), (5, ["web-5874c85c67-brl85"] + lineage), (9, ["web-5874c85c67-brl85"] + lineage),
      (11, []), (12, ["web-5874c85c67-rz8qk"] + lineage), (40, ["web-5874c85c67-rz8qk"] + lineage),
    ] { #expect(self.names(who, "10.244.1.40", second) == names, "at \(second)") }
    #expect(names(who, "10.96.107.55", 0).prefix(2) == ["orders", "shop"])
    #expect(names(who, "192.0.2.11", 0).first == "node1")
  }

  @Test func aContainerLeadsToItsPod() throws {
    guard let who = try learned() else { return }
    let second = Recording.time(1).wholeSecond
    let id = "000000000000000000000000000000000000000000000000000000000001d001"
    let container = try #require(who.container(id, at: second))
    let names = who.lineage(of: container, at: second).prefix(3).compactMap {
      who.version(of: $0, at: second).map { who.name(of: $0) }
    }
    #expect(names == ["c", "orders-5bdd4948fd-g7kqw", "orders-5bdd4948fd"])
    #expect(who.container("none", at: second) == nil)
  }

  @Test func rowsOfBeforeTheRollingUpdateKeepTheirAnswer() throws {
    guard let who = try learned() else { return }
    func variable(_ pod: String, _ second: Double) -> String? {
      let second = Recording.time(second).wholeSecond
      guard let network = who.network(.init(.cluster, "c1")),
        case .number(let holder) = who.holder(
          of: IPAddress(pod)!, in: network, at: second)
      else { return nil }
      return who.version(of: holder, at: second).flatMap {
        who.value(of: "k8s.env.STAGE", of: $0)
      }
    }
    #expect(variable("10.244.1.15", 3) == "prod")
    #expect(variable("10.244.1.60", 8) == nil)
    #expect(variable("10.244.1.60", 20) == "canary")
  }

  /// A cluster address, a node port, a headless service, a node and a pod in its node's network.
  @Test func whatIsCalledIsToldWithItsService() throws {
    guard let who = try learned() else { return }
    let second = Recording.time(1).wholeSecond
    func told(_ address: String, _ port: UInt16) -> String {
      let found = who.resolve(
        EndFacts(IPAddress(address) ?? .unspecified, port: port),
        in: who.network(.init(.cluster, "c1")), at: second)
      return [found.pod, found.workload, found.service, found.namespace, found.node].map {
        who.version(of: $0, at: second).map { who.name(of: $0) } ?? "-"
      }.joined(separator: " ")
    }
    for (address, port, names) in [
      ("10.96.107.55", 8_080, "- - orders shop -"), ("192.0.2.12", 31_750, "- - orders shop node2"),
      ("192.0.2.12", 22, "- - - - node2"), ("10.244.1.14", 3_306, "db-0 db db shop node1"),
      ("10.244.1.14", 0, "db-0 db db shop node1"), ("10.244.1.14", 22, "db-0 db - shop node1"),
      ("10.244.1.17", 8_080, "web-5874c85c67-hzhng web web shop node2"),
      ("10.244.1.10", 80, "- - - - -"), ("10.244.9.9", 80, "- - - - -"),
    ] as [(String, UInt16, String)] {
      #expect(told(address, port) == names, "\(address):\(port)")
    }
  }
}
