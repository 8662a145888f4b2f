// SPDX-License-Identifier: Apache-2.0

import Telemetry
import Testing

struct ResourceTests {
  @Test(
    "a kind keeps its stored number",
    arguments: [
      (ResourceKind.internet, 0), (.cloudHost, 1), (.host, 6), (.pod, 10), (.service, 11),
      (.node, 14), (.workload, 101), (.cluster, 103), (.businessService, 104), (.process, 120),
      (.deployment, 130), (.statefulSet, 131), (.replicationController, 132), (.daemonSet, 133),
      (.replicaSet, 134), (.cloneSet, 135), (.job, 160), (.cronJob, 161), (.namespace, 170),
      (.container, 171), (.ingress, 172), (.configMap, 173), (.region, 180),
      (.availabilityZone, 181), (.vpc, 182), (.subnet, 183), (.address, 255),
    ] as [(ResourceKind, UInt8)])
  func numbers(kind: ResourceKind, number: UInt8) {
    #expect(kind.rawValue == number)
    #expect(ResourceKind.names.contains { $0.kind == kind && $0.name == kind.name })
  }

  @Test func everyKindHasOneNumberAndOneName() {
    let kinds = ResourceKind.names
    #expect(Set(kinds.map(\.kind)).count == kinds.count)
    #expect(Set(kinds.map(\.name)).count == kinds.count)
    #expect(kinds.map(\.kind.rawValue) == kinds.map(\.kind.rawValue).sorted())
    #expect(ResourceKind(rawValue: 99).name == "kind 99")
  }

  @Test(
    "an owner's kind is a workload's",
    arguments: [
      ("Deployment", ResourceKind.deployment), ("ReplicaSet", .replicaSet), ("Job", .job),
      ("CronJob", .cronJob), ("Rollout", .workload), ("", .workload),
    ] as [(String, ResourceKind)])
  func workload(name: String, kind: ResourceKind) {
    #expect(ResourceKind(kubernetesWorkload: name) == kind)
    #expect(kind.isWorkload)
  }

  @Test func onlyWhatMakesPodsIsAWorkload() {
    for kind in [ResourceKind.pod, .service, .node, .namespace, .host, .process] {
      #expect(!kind.isWorkload)
    }
  }

  @Test func theSameIdInAnotherClusterIsAnotherResource() {
    let first = ResourceIdentity(.pod, in: ResourceScope(.cluster, "a"), id: "1")
    let second = ResourceIdentity(.pod, in: ResourceScope(.cluster, "b"), id: "1")
    #expect(first != second)
    #expect(first != ResourceIdentity(.node, in: first.scope, id: "1"))
  }

  @Test func aScopeKeepsItsStoredNumber() {
    #expect(ResourceScope.Kind.allCases.map(\.rawValue) == [0, 1, 2, 3, 4, 5])
    #expect(ResourceScope.everywhere == ResourceScope(.everywhere, ""))
  }

  @Test func aReportTellsAnAttributeByName() {
    let pod = ResourceIdentity(.pod, in: ResourceScope(.cluster, "c"), id: "uid")
    let report = ResourceReport(
      pod, name: "web-0", attributes: [.init("k8s.label.app", "web"), .init("k8s.label.x", "")],
      validFrom: Timestamp(nanoseconds: 5))
    #expect(report.value(of: "k8s.label.app") == "web")
    #expect(report.value(of: "k8s.label.x")?.isEmpty == true)
    #expect(report.value(of: "k8s.label.tier") == nil)
  }

  @Test func aChangeTellsItsKindAndTime() {
    let scope = ResourceScope(.cluster, "c")
    let node = ResourceIdentity(.node, in: scope, id: "uid")
    let time = Timestamp(nanoseconds: 7)
    let changes: [ResourceChange] = [
      .seen(ResourceReport(node, name: "n", validFrom: time)), .gone(node, since: time),
      .complete(.node, scope, since: time),
    ]
    for change in changes {
      #expect(change.kind == .node)
      #expect(change.time == time)
    }
  }
}
