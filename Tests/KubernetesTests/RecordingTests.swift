// SPDX-License-Identifier: Apache-2.0

import Foundation
import Telemetry
import TestSupport
import Testing

@testable import Kubernetes

/// What a real API server said must be known, at each time.
@Suite struct RecordingTests {
  private func moment(_ second: Double, _ follower: Follower) -> Moment {
    Moment(follower.changes, at: Recording.time(second))
  }

  @Test func everyObjectIsKnownByWhatItBelongsTo() throws {
    let recordings = try Recording.all()
    guard !recordings.isEmpty else { return }
    let follower = Follower.replay(recordings)
    let start = moment(0, follower)
    #expect(
      start.chain(.pod, "orders-5bdd4948fd-g7kqw")
        == ["orders-5bdd4948fd", "shop", "node2", "orders", "?", "z2", "r1"])
    #expect(start.chain(.pod, "db-0") == ["db", "shop", "node1", "?", "z1", "r1"])
    #expect(start[.pod, "db-0"]?.parents.first?.kind == .statefulSet)
    #expect(start[.pod, "agent-lvf82"]?.parents.first?.kind == .daemonSet)
    #expect(start.chain(.cronJob, "nightly") == ["shop", "?"])
    #expect(start[.node, "node1"]?.addresses.map(\.address) == [IPAddress(v4: 0xc000_020b)])
    #expect(
      start.names(of: .namespace)
        == ["default", "kube-node-lease", "kube-public", "kube-system", "ops", "shop"])
    for watch in follower.watches.values {
      #expect(watch.state == .watching, "\(watch.kind)")
      #expect(watch.unusable == 0, "\(watch.kind)")
    }
    let made = Timestamp(rfc3339: "2026-11-23T01:19:31Z")
    #expect(start[.daemonSet, "agent"]?.validFrom == made)
  }

  @Test func anAddressIsWhoseItWasAtThatTime() throws {
    let recordings = try Recording.all()
    guard !recordings.isEmpty else { return }
    let follower = Follower.replay(recordings)
    for (second, owners) in [
      (5.233, []), (5.234, ["web-5874c85c67-brl85"]), (10.074, ["web-5874c85c67-brl85"]),
      (10.076, []), (12.340, []), (12.342, ["web-5874c85c67-rz8qk"]),
      (60, ["web-5874c85c67-rz8qk"]),
    ] {
      #expect(moment(second, follower).owners(of: "10.244.1.40") == owners, "at \(second)")
    }
    #expect(moment(6, follower).owners(of: "fd00::40") == ["web-5874c85c67-brl85"])
    // Pods in their node's network have no address of their own.
    #expect(moment(0, follower).owners(of: "10.244.1.10") == [])
    #expect(moment(0, follower)[.pod, "agent-d4n6t"]?.addresses.allSatisfy(\.isShared) == true)
    #expect(moment(0, follower).owners(of: "10.96.107.55") == ["orders"])
  }

  @Test func labelsChangeWhenTheyDo() throws {
    let recordings = try Recording.all()
    guard !recordings.isEmpty else { return }
    let follower = Follower.replay(recordings)
    let pod = "orders-5bdd4948fd-g7kqw"
    let before = moment(5.363, follower)[.pod, pod]
    let after = moment(5.364, follower)[.pod, pod]
    #expect(before?.value(of: "k8s.label.tier") == nil)
    #expect(before?.value(of: "k8s.label.team") == "back")
    #expect(after?.value(of: "k8s.label.tier") == "gold")
    #expect(after?.value(of: "k8s.env.STAGE") == "prod")
    #expect(after?.value(of: "k8s.annotation.release") == "2026.11")
    #expect(after?.ports == [.init(transport: .tcp, port: 8080)])
    let service = moment(9.869, follower)[.service, "web"]
    #expect(moment(9.868, follower)[.service, "web"]?.attributes != service?.attributes)
    #expect(service?.attributes.contains { $0.name.hasPrefix("k8s.annotation.") } == true)
  }

  @Test func aRollingUpdateMakesPodsOfAnotherReplicaSet() throws {
    let recordings = try Recording.all()
    guard !recordings.isEmpty else { return }
    let follower = Follower.replay(recordings)
    #expect(moment(6.451, follower)[.replicaSet, "orders-849f54f479"] == nil)
    #expect(
      moment(9.8, follower).chain(.pod, "orders-849f54f479-9xhqb")
        == ["orders-849f54f479", "shop", "node2", "orders", "?", "z2", "r1"])
    #expect(moment(9.8, follower).owners(of: "10.244.1.60") == ["orders-849f54f479-9xhqb"])
    let fresh = moment(60, follower)[.pod, "orders-849f54f479-9xhqb"]
    #expect(fresh?.value(of: "k8s.env.STAGE") != "prod")
    #expect(
      moment(12.5, follower).chain(.pod, "once-bqtsj").prefix(2) == ["once", "shop"])
    #expect(moment(12.5, follower)[.pod, "once-bqtsj"]?.parents.first?.kind == .job)
  }

  @Test func whatWasRemovedIsGone() throws {
    let recordings = try Recording.all()
    guard !recordings.isEmpty else { return }
    let follower = Follower.replay(recordings)
    #expect(moment(14.7, follower).names(of: .node) == ["node1", "node2", "node3"])
    #expect(moment(14.72, follower).names(of: .node) == ["node1", "node2"])
    #expect(moment(14.78, follower)[.service, "web"]?.parents.last?.kind == .ingress)
    #expect(moment(14.8, follower)[.service, "web"]?.parents.map(\.kind) == [.namespace])
    #expect(moment(14.8, follower).names(of: .ingress) == [])
    // The namespace that was deleted waits for its pod until the end of the recording.
    #expect(moment(12.4, follower)[.namespace, "temp"] == nil)
    #expect(moment(69, follower)[.namespace, "temp"] != nil)
  }

  @Test func whatTagsDoNotNeedIsNotTold() throws {
    let recordings = try Recording.all()
    guard !recordings.isEmpty else { return }
    let follower = Follower.replay(recordings)
    let nodes = follower.changes.filter {
      $0.kind == .node && $0.time > Recording.start
    }
    #expect(nodes.count == 1)
    let deployments = follower.changes.filter {
      $0.kind == .deployment && $0.time > Recording.time(20)
    }
    #expect(deployments.isEmpty)
  }

  @Test func endpointsOfAServiceFollowItsPods() throws {
    let recordings = try Recording.all()
    guard !recordings.isEmpty else { return }
    let follower = Follower.replay(recordings)
    func addresses(_ second: Double) -> [String] {
      moment(second, follower)[.service, "web"]?.endpoints.map { "\($0.address):\($0.port)" } ?? []
    }
    #expect(addresses(0).count == 3)
    #expect(addresses(5.25).contains("10.244.1.40:8080"))
    #expect(!addresses(10.2).contains("10.244.1.40:8080"))
    // The pod that has the address next never becomes ready.
    #expect(!addresses(12.35).contains("10.244.1.40:8080"))
    let service = moment(0, follower)[.service, "db"]
    #expect(service?.addresses == [])
    #expect(
      service?.endpoints.map { $0.target?.id } == [
        "010dc45d-dffa-4173-92f2-bfd152875877", "96c67c10-adbe-42eb-8258-d534ee44b7db",
      ])
    #expect(
      moment(0, follower)[.service, "orders"]?.ports
        == [.init(transport: .tcp, port: 8080, nodePort: 31750)])
  }

  @Test(arguments: [UInt64(1), 2, 3]) func whereTheStreamIsCutMakesNoDifference(seed: UInt64) throws
  {
    let recordings = try Recording.all()
    guard !recordings.isEmpty else { return }
    let whole = Follower.replay(recordings)
    var random = SeededGenerator(seed: seed)
    let cut = Follower.replay(recordings) { follower, recording, index in
      let line = recording.lines[index]
      var rest = line.bytes[...]
      while !rest.isEmpty {
        let piece = rest.prefix(1 + random.roll(700))
        rest = rest.dropFirst(piece.count)
        follower.receive(recording.kind, Array(piece), at: Recording.time(line.second))
      }
    }
    #expect(cut.changes == whole.changes, "seed \(seed)")
  }

  @Test func pagesAddUpToTheList() throws {
    guard let folder = Recording.folder else { return }
    let data = try Data(contentsOf: folder.appending(path: "pods.pages.json"))
    let pages = try #require(try JSONSerialization.jsonObject(with: data) as? [Any])
    var paged = Follower()
    for page in pages {
      let body = try JSONSerialization.data(withJSONObject: page)
      if let request = paged.watches[.pod]?.request, case .list(let path) = request {
        #expect(path.contains("limit=500&continue=eyJ2Ijo"))
      }
      paged.list(.pod, Array(body), at: Recording.start)
    }
    var whole = Follower()
    whole.list(.pod, try Recording(.pod, in: folder).list, at: Recording.start)
    #expect(paged.changes == whole.changes)
    #expect(paged.cluster.count(of: .pod) == 11)
    #expect(
      whole.watches[.pod]?.request
        == .watch(
          path: "/api/v1/pods?watch=1&allowWatchBookmarks=true&timeoutSeconds=300"
            + "&resourceVersion=381"))
  }

  /// Objects lose members at random, or have them replaced: the others are read all the same.
  @Test(arguments: [UInt64(11), 12, 13, 14]) func missingMembersNeverFailTheWhole(seed: UInt64)
    throws
  {
    var random = SeededGenerator(seed: seed)
    for recording in try Recording.all() {
      let whole = try JSONSerialization.jsonObject(with: Data(recording.list))
      for _ in 0..<20 {
        guard var list = thinned(whole, &random) as? [String: Any] else { continue }
        list["metadata"] = ["resourceVersion": "7"]
        if !(list["items"] is [Any]) { list["items"] = [] }
        let body = try JSONSerialization.data(withJSONObject: list)
        var follower = Follower()
        follower.list(recording.kind, Array(body), at: Recording.start)
        #expect(follower.watches[recording.kind]?.state == .opening, "\(recording.kind) \(seed)")
      }
    }
  }

  private func thinned(_ value: Any, _ random: inout SeededGenerator) -> Any {
    if random.roll(60) == 0 { return [NSNull(), 7, "x", [1], ["a": 1]][random.roll(5)] }
    if let object = value as? [String: Any] {
      var kept: [String: Any] = [:]
      for (key, value) in object.sorted(by: { $0.key < $1.key }) where random.roll(20) != 0 {
        kept[key] = thinned(value, &random)
      }
      return kept
    }
    guard let list = value as? [Any] else { return value }
    return list.map { thinned($0, &random) }
  }

  /// A list that is cut anywhere is not half believed.
  @Test(arguments: [UInt64(21), 22]) func whatIsCutOrDamagedIsNotBelieved(seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    for recording in try Recording.all() {
      for _ in 0..<40 {
        var follower = Follower()
        follower.list(
          recording.kind, Array(recording.list.prefix(random.roll(recording.list.count - 2))),
          at: Recording.start)
        #expect(follower.changes.isEmpty, "\(recording.kind) \(seed)")
        guard case .waiting(.malformed, _) = follower.watches[recording.kind]?.state else {
          Issue.record("\(recording.kind) \(seed): a cut list was taken")
          return
        }
        var damaged = recording.list
        for _ in 0..<5 { damaged[random.roll(damaged.count)] = UInt8(random.roll(256)) }
        follower.list(recording.kind, damaged, at: Recording.start)
      }
    }
  }
}
