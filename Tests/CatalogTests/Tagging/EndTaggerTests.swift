// SPDX-License-Identifier: Apache-2.0

import Telemetry
import TestSupport
import Testing

@testable import Catalog

/// Who the ends of rows were, at the rows' own time.
@Suite struct EndTaggerTests {
  /// A deployment's pod behind a service, on a node, and the processes of two containers.
  private func shop() throws -> TaggedCluster {
    var world = try TaggedCluster()
    world.tell(.cluster, "c", at: 100, name: "shop")
    world.tell(.namespace, "front", at: 100, parents: [(.cluster, "c")])
    world.tell(.node, "n1", at: 100, parents: [(.cluster, "c")]) {
      $0.addresses = [.init(IPAddress(v4: 0xc0a8_0001), in: TaggedCluster.shop)]
    }
    world.tell(.deployment, "web", at: 100, parents: [(.namespace, "front")])
    world.tell(.replicaSet, "web-1", at: 100, parents: [(.deployment, "web")])
    let made: [(ResourceKind, String)] = [
      (.replicaSet, "web-1"), (.namespace, "front"), (.node, "n1"),
    ]
    world.tellPod("web-1-a", at: 100, "10.1.0.1", of: made)
    world.tellPod("web-1-b", at: 100, "10.1.0.2", of: made)
    world.tell(.container, "c1", at: 100, parents: [(.pod, "web-1-a")])
    world.tell(.service, "door", at: 100, parents: [(.namespace, "front")]) {
      $0.addresses = [.init(IPAddress(v4: 0x0a60_0001), in: TaggedCluster.shop)]
      $0.ports = [.init(transport: .tcp, port: 80, nodePort: 30_080)]
      $0.endpoints = [
        .init(
          address: IPAddress(v4: 0x0a01_0001), transport: .tcp, port: 8_080,
          target: TaggedCluster.identity(.pod, "web-1-a"))
      ]
    }
    world.state.learn(hostReport("web-host", addresses: ["192.168.0.1"]), agent: 1)
    world.state.learn(processReport(7, "nginx", container: "c1"), agent: 1)
    world.state.learn(processReport(8, "sshd"), agent: 1)
    return world
  }

  @Test func anEndIsToldByItsAddressItsPortAndItsProcess() throws {
    var world = try shop()
    let called = world.ends("10.1.0.2", "10.1.0.1", port: 8_080, at: 200)
    #expect(world.told(called.client) == "web-1-b web front n1 - shop web-1-b web 130 8")
    #expect(world.told(called.server) == "web-1-a web front n1 door shop web-1-a door 11 8")
    // By the service's own address, by a node port, and the node itself.
    let others = world.ends("192.168.0.1", "10.96.0.1", at: 200)
    #expect(world.told(others.client) == "- - - n1 - shop n1 shop 103 40")
    #expect(world.told(others.server) == "- - front - door shop - door 11 8")
    let port = world.ends("10.1.0.2", "192.168.0.1", port: 30_080, at: 200)
    #expect(world.told(port.server) == "- - front n1 door shop n1 door 11 40")
    // A process goes before the workload in neither, but before the node.
    let processes = world.ends(
      "10.1.0.1", "192.168.0.1", port: 22, at: 200, client: 7, server: 8)
    #expect(world.told(processes.client) == "web-1-a web front n1 door shop web-1-a door 11 1")
    #expect(
      world.told(processes.server) == "- - - n1 - shop sshd@web-host sshd 120 9")
    #expect(world.state.value(of: "gprocess", in: processes.client.tagSet) == "nginx")
    #expect(world.state.value(of: "host", in: processes.client.tagSet) == "web-host")
  }

  @Test func oneServiceHasOneNumberHoweverItIsReached() throws {
    var world = try shop()
    let byPod = world.ends("10.1.0.2", "10.1.0.1", port: 8_080, at: 200).server
    let byAddress = world.ends("10.1.0.2", "10.96.0.1", at: 200).server
    #expect(byPod.service != 0)
    #expect(byPod.service == byAddress.service)
    #expect(byPod.tagSet != byAddress.tagSet)
  }

  @Test func theOtherEndOfALoopbackIsInThePod() throws {
    var world = try shop()
    let ends = world.ends("127.0.0.1", "127.0.0.1", port: 8_080, at: 200, server: 7)
    #expect(world.told(ends.server) == "web-1-a web front n1 door shop web-1-a door 11 1")
    #expect(world.told(ends.client) == "web-1-a web front n1 - shop web-1-a web 130 48")
    // A process that runs on the node itself is in no pod.
    let own = world.ends("127.0.0.1", "127.0.0.1", at: 200, client: 7, server: 8)
    #expect(world.told(own.server) == "- - - - - - sshd@web-host sshd 120 1")
  }

  /// An agent without a way to the API server, on a node that another agent's watcher told of.
  @Test func aHostIsTheNodeThatBootedAsItDid() throws {
    var world = try shop()
    world.tell(.node, "n2", at: 150, parents: [(.cluster, "c")]) {
      $0.attributes = [.init("host.boot_id", "boot-9")]
    }
    world.state.learn(hostReport("other", boot: "boot-9", addresses: []), agent: 9)
    world.state.learn(processReport(5, "cron"), agent: 9)
    let ends = world.ends("127.0.0.1", "10.1.0.1", port: 8_080, at: 200, agent: 9, client: 5)
    #expect(world.told(ends.client) == "- - - n2 - shop cron@other cron 120 33")
    #expect(world.told(ends.server) == "web-1-a web front n1 door shop web-1-a door 11 8")
    let early = world.ends("127.0.0.1", "10.1.0.1", at: 149, agent: 9, client: 5).client
    #expect(world.told(early) == "- - - - - - cron@other cron 120 1")
    // Of two nodes on one host, as containers are, neither is told.
    world.tell(.node, "n3", at: 300) { $0.attributes = [.init("host.boot_id", "boot-9")] }
    let shared = world.ends("127.0.0.1", "10.1.0.1", at: 400, agent: 9, client: 5).client
    #expect(world.told(shared) == "- - - - - - cron@other cron 120 1")
  }

  @Test func rowsOfBeforeAChangeKeepTheOldLabel() throws {
    var world = try shop()
    let before = world.ends("10.1.0.1", "10.1.0.2", at: 200).server
    world.tellPod("web-1-b", at: 300, "10.1.0.2", label: "y", of: [(.namespace, "front")])
    let after = world.ends("10.1.0.1", "10.1.0.2", at: 300).server
    #expect(after.tagSet != before.tagSet)
    let label = { (tags: EndTags) in
      world.state.pendingSet(tags.tagSet).flatMap { world.state.pendingVersion($0.members.pod) }?
        .content.attributes.first?.value
    }
    #expect(label(before) == "x")
    #expect(label(after) == "y")
    // An hour late.
    #expect(world.ends("10.1.0.1", "10.1.0.2", at: 299).server == before)
    #expect(world.ends("10.1.0.1", "10.1.0.2", at: 300).server == after)
  }

  @Test func anAddressIsWhoseItWas() throws {
    var world = try shop()
    world.end(.pod, "web-1-b", at: 400)
    world.tellPod("other", at: 410, "10.1.0.2")
    func pod(_ second: UInt32) -> String {
      let server = world.ends("10.1.0.1", "10.1.0.2", at: second).server
      return world.told(server)
    }
    for _ in 0..<2 {
      #expect(pod(399).hasPrefix("web-1-b "))
      #expect(pod(400) == "- - - - - - - - 255 0")
      #expect(pod(410).hasPrefix("other "))
      #expect(pod(99) == "- - - - - - - - 255 0")
    }
    // Two that had it in one second are neither, and it is said.
    world.end(.pod, "other", at: 500)
    world.tellPod("third", at: 500, "10.1.0.2")
    world.tellPod("fourth", at: 501, "10.1.0.2")
    #expect(pod(500).hasPrefix("third "))
    #expect(pod(501) == "- - - - - - - - 255 128")
  }

  @Test func clustersMayUseTheSameAddresses() throws {
    var world = try shop()
    world.tellPod("lab-pod", at: 100, "10.1.0.1", in: TaggedCluster.lab)
    let shop = world.ends("10.1.0.2", "10.1.0.1", at: 200, agent: 2).server
    let lab = world.ends("10.1.0.2", "10.1.0.1", at: 200, agent: 3)
    #expect(world.told(shop).hasPrefix("web-1-a "))
    #expect(world.told(lab.server).hasPrefix("lab-pod "))
    #expect(lab.client.tagSet == 0)
    // Who has no cluster knows no address of one.
    #expect(world.ends("10.1.0.2", "10.1.0.1", at: 200, agent: 0).server.tagSet == 0)
  }

  @Test func numbersThatHaveGoneAreNotGiven() throws {
    var world = try shop()
    let before = world.ends("10.1.0.1", "10.1.0.2", at: 200).server
    let gone = world.state.retire(before: 1_000_000)
    #expect(gone.tagSets.contains(before.tagSet))
    world.state.finish(gone)
    world.tagger.forget(world.state)
    world.state.begin(second: 1_000_000)
    let after = world.ends("10.1.0.1", "10.1.0.2", at: 200).server
    #expect(world.state.isLive(after))
    #expect(world.told(after).hasPrefix("web-1-b "))
    #expect(world.state.watched.values.allSatisfy { !$0.versions.isEmpty })
  }
}
