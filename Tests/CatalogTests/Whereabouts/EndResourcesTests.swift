// SPDX-License-Identifier: Apache-2.0

import Telemetry
import Testing

@testable import Catalog

/// Who an end is, by the rules of precedence.
@Suite struct EndResourcesTests {
  private let scope = ResourceScope(.cluster, "c")
  private let podAddress = IPAddress(v4: 0x0a00_0001)
  private let otherAddress = IPAddress(v4: 0x0a00_0002)
  private let nodeAddress = IPAddress(v4: 0xc0a8_0001)
  private let serviceAddress = IPAddress(v4: 0x0a60_0001)
  private let start = Timestamp(seconds: 1_000)

  private func identity(_ kind: ResourceKind, _ id: String) -> ResourceIdentity {
    ResourceIdentity(kind, in: scope, id: id)
  }

  /// A deployment's pod behind a service with an ingress, another pod, and one in its node's network.
  private func cluster() -> Whereabouts {
    var who = Whereabouts()
    func learn(
      _ kind: ResourceKind, _ id: String, _ parents: [ResourceIdentity] = [],
      _ change: (inout ResourceReport) -> Void = { _ in }
    ) {
      var report = ResourceReport(
        identity(kind, id), name: id, parents: parents, validFrom: start)
      change(&report)
      who.apply(.seen(report), at: start)
    }
    let space = identity(.namespace, "shop")
    let node = identity(.node, "node")
    learn(.cluster, "cluster")
    learn(.namespace, "shop", [identity(.cluster, "cluster")])
    learn(.availabilityZone, "zone", [identity(.region, "region")])
    learn(.region, "region")
    learn(.node, "node", [identity(.availabilityZone, "zone"), identity(.cluster, "cluster")]) {
      $0.addresses = [.init(nodeAddress, in: scope)]
    }
    learn(.deployment, "web", [space])
    learn(.replicaSet, "web-1", [identity(.deployment, "web"), space])
    learn(.pod, "web-1-a", [identity(.replicaSet, "web-1"), space, node]) {
      $0.addresses = [.init(podAddress, in: scope)]
    }
    learn(.container, "c1", [identity(.pod, "web-1-a")])
    learn(.pod, "other", [space, node]) { $0.addresses = [.init(otherAddress, in: scope)] }
    learn(.pod, "agent", [identity(.daemonSet, "agents"), space, node]) {
      $0.addresses = [.init(nodeAddress, in: scope, isShared: true)]
      $0.ports = [.init(transport: .tcp, port: 9_100)]
    }
    learn(.daemonSet, "agents", [space])
    learn(.ingress, "door", [space])
    learn(.service, "front", [space, identity(.ingress, "door")]) {
      $0.addresses = [.init(serviceAddress, in: scope)]
      $0.ports = [.init(transport: .tcp, port: 80, nodePort: 30_080)]
      $0.endpoints = [
        .init(
          address: podAddress, transport: .tcp, port: 8_080, target: identity(.pod, "web-1-a"))
      ]
    }
    return who
  }

  /// The ids of what was found, in the order of this list, and what the end is told as.
  private func told(_ end: EndFacts, process: UInt32 = 0) -> String {
    let who = cluster()
    let found = who.resolve(end, in: who.network(scope), at: 2_000)
    func id(_ number: UInt32) -> String {
      number == 0 ? "-" : number == 999 ? "process" : who.identity(of: number)?.id ?? "?"
    }
    let parts = [
      found.pod, found.workload, found.namespace, found.node, found.service, found.ingress,
      found.cluster, found.availabilityZone, found.region,
    ].map(id)
    return parts.joined(separator: " ") + " | "
      + id(found.autoInstance(process: process)) + " " + id(found.autoService(process: process))
      + " \(found.source.rawValue)"
  }

  @Test func aPodThatIsCalledIsToldWithItsService() {
    #expect(
      told(EndFacts(podAddress, port: 8_080))
        == "web-1-a web shop node front door cluster zone region | web-1-a front 8")
    // At a port that is none of the service's.
    #expect(
      told(EndFacts(podAddress, port: 22))
        == "web-1-a web shop node - - cluster zone region | web-1-a web 8")
    #expect(
      told(EndFacts(podAddress, .udp, port: 8_080))
        == "web-1-a web shop node - - cluster zone region | web-1-a web 8")
  }

  @Test func aPodThatCallsBelongsToItsService() {
    #expect(
      told(EndFacts(podAddress))
        == "web-1-a web shop node front door cluster zone region | web-1-a front 8")
    #expect(
      told(EndFacts(otherAddress), process: 999)
        == "other - shop node - - cluster zone region | other process 8")
  }

  @Test func theProcessKnowsItsPodWhateverTheAddress() {
    for address in [podAddress, IPAddress(v4: 0x7f00_0001), serviceAddress] {
      #expect(
        told(EndFacts(address, port: 8_080, container: "c1"), process: 999)
          == "web-1-a web shop node front door cluster zone region | web-1-a front 1")
    }
    // Where the address is another pod's, it was called for something else.
    #expect(
      told(EndFacts(otherAddress, port: 8_080, container: "c1"))
        == "web-1-a web shop node - - cluster zone region | web-1-a web 1")
    // A container that nobody spoke of says nothing.
    #expect(
      told(EndFacts(podAddress, port: 22, container: "c9"))
        == "web-1-a web shop node - - cluster zone region | web-1-a web 8")
  }

  @Test func aNodeIsOneUnlessAPodHasThePort() {
    #expect(
      told(EndFacts(nodeAddress, port: 9_100))
        == "agent agents shop node - - cluster zone region | agent agents 8")
    #expect(
      told(EndFacts(nodeAddress, port: 30_080))
        == "- - shop node front door cluster zone region | node front 8")
    #expect(
      told(EndFacts(nodeAddress, port: 22)) == "- - - node - - cluster zone region | node cluster 8"
    )
    #expect(
      told(EndFacts(nodeAddress), process: 999)
        == "- - - node - - cluster zone region | process process 8")
  }

  @Test func aClusterAddressIsItsService() {
    #expect(
      told(EndFacts(serviceAddress, port: 80))
        == "- - shop - front door cluster - - | - front 8")
  }

  @Test func whatNobodyHasIsNothing() {
    for address in [IPAddress(v4: 0x0101_0101), IPAddress(v4: 0x7f00_0001), .unspecified] {
      #expect(told(EndFacts(address, port: 80)) == "- - - - - - - - - | - - 0")
    }
    let who = cluster()
    #expect(who.resolve(EndFacts(podAddress), in: nil, at: 2_000) == EndResources())
    #expect(who.resolve(EndFacts(podAddress), in: who.network(scope), at: 999) == EndResources())
  }

  @Test func whatTwoHaveIsUnclear() {
    var who = cluster()
    var twin = ResourceReport(identity(.pod, "twin"), name: "twin", validFrom: start)
    twin.addresses = [.init(podAddress, in: scope)]
    who.apply(.seen(twin), at: start)
    let found = who.resolve(EndFacts(podAddress, port: 8_080), in: who.network(scope), at: 2_000)
    #expect(found.isUnclear)
    #expect(found.pod == 0)
    #expect(found.source == .nothing)
    // Its process still knows.
    let known = who.resolve(
      EndFacts(podAddress, port: 8_080, container: "c1"), in: who.network(scope), at: 2_000)
    #expect(!known.isUnclear)
    #expect(who.identity(of: known.pod)?.id == "web-1-a")
  }

  @Test func theOtherEndOfALoopbackIsInTheSamePod() {
    let who = cluster()
    let known = who.resolve(
      EndFacts(IPAddress(v4: 0x7f00_0001), port: 8_080, container: "c1"),
      in: who.network(scope), at: 2_000)
    let peer = who.resolve(peerOf: known)
    #expect(peer.pod == known.pod)
    #expect(peer.service == 0)
    #expect(peer.source == .peer)
  }
}
