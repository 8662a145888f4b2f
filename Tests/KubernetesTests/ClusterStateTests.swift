// SPDX-License-Identifier: Apache-2.0

import Foundation
import Telemetry
import Testing

@testable import Kubernetes

@Suite struct ClusterStateTests {
  private func time(_ second: Double) -> Timestamp { Fixture.time(second) }

  private func watching(_ pods: [String]) -> Follower {
    var follower = Follower()
    follower.list(.pod, Fixture.list(pods, version: 10), at: time(0))
    follower.open(.pod, at: time(0))
    return follower
  }

  @Test func aPodThatHasEndedHasNoAddress() {
    var follower = watching([Fixture.pod("a", version: 1, address: "10.0.0.1")])
    follower.receive(
      .pod,
      Fixture.event(
        "MODIFIED", Fixture.pod("a", version: 2, address: "10.0.0.1", phase: "Succeeded")),
      at: time(3))
    #expect(Moment(follower.changes, at: time(2)).owners(of: "10.0.0.1") == ["a"])
    #expect(Moment(follower.changes, at: time(3)).owners(of: "10.0.0.1") == [])
    #expect(Moment(follower.changes, at: time(3))[.pod, "a"] != nil)
  }

  @Test func aContainerThatIsStartedAgainIsAnother() {
    var follower = watching([Fixture.pod("a", version: 1, container: "c1")])
    follower.receive(
      .pod, Fixture.event("MODIFIED", Fixture.pod("a", version: 2, container: "c2")), at: time(3))
    follower.receive(
      .pod, Fixture.event("DELETED", Fixture.pod("a", version: 3, container: "c2")), at: time(4))
    let containers = follower.changes.compactMap { change -> String? in
      switch change {
      case .seen(let report) where report.identity.kind == .container: "+" + report.identity.id
      case .gone(let identity, _) where identity.kind == .container: "-" + identity.id
      default: nil
      }
    }
    #expect(containers == ["+c1", "+c2", "-c1", "-c2"])
  }

  /// The API has more kinds of workloads than anybody asks for.
  @Test func aWorkloadOfAKindThatIsNotAskedForIsKnownByItsPods() {
    let owner = Fixture.owner("Rollout", "r")
    var follower = watching([
      Fixture.pod("a", version: 1, owner: owner), Fixture.pod("b", version: 1, owner: owner),
    ])
    let known = Moment(follower.changes, at: time(0))
    #expect(known.chain(.pod, "a").first == "r")
    #expect(known[.workload, "r"]?.value(of: "k8s.kind") == "Rollout")
    follower.receive(.pod, Fixture.event("DELETED", Fixture.pod("a", version: 2)), at: time(1))
    #expect(Moment(follower.changes, at: time(1)).names(of: .workload) == ["r"])
    follower.receive(.pod, Fixture.event("DELETED", Fixture.pod("b", version: 2)), at: time(2))
    #expect(Moment(follower.changes, at: time(2)).names(of: .workload) == [])
  }

  @Test func aNodeIsNoWorkloadOfItsOwnPods() {
    let follower = watching([
      Fixture.pod("a", version: 1, owner: Fixture.owner("Node", "n1"))
    ])
    #expect(
      Moment(follower.changes, at: time(0))[.pod, "a"]?.parents.map(\.kind)
        == [.namespace, .node])
  }

  @Test func theFirstListSaysThatItIsComplete() {
    let follower = watching([Fixture.pod("a", version: 1)])
    let complete = follower.changes.filter { if case .complete = $0 { true } else { false } }
    #expect(
      complete.map(\.kind) == [.pod, .container, .workload, .replicationController, .cloneSet])
    #expect(complete.allSatisfy { $0.time == time(0) })
  }

  @Test func objectsBeyondTheBoundAreCountedAndNothingIsCalledComplete() {
    var limits = ClusterState.Limits()
    limits.objects = 1
    var follower = Follower()
    follower.cluster = ClusterState(id: "c1", name: "test", limits: limits)
    follower.list(
      .pod, Fixture.list([Fixture.pod("a", version: 1), Fixture.pod("b", version: 1)], version: 9),
      at: time(0))
    #expect(follower.cluster.refused == 1)
    #expect(follower.changes.count == 1)
  }

  @Test func secretsAndManifestsAreNotTaken() {
    let pod = """
      {"metadata":{"name":"a","namespace":"n","uid":"u","annotations":{"a":"1",\
      "kubectl.kubernetes.io/last-applied-configuration":"{}","long":"\
      \(String(repeating: "x", count: 257))"}},"spec":{"containers":[{"env":[\
      {"name":"DB_PASSWORD","value":"p"},{"name":"API_KEY","value":"k"},{"name":"token","value":"t"},\
      {"name":"STAGE","value":"prod"},{"name":"FROM","valueFrom":{"secretKeyRef":{"name":"s"}}}]}]}}
      """
    let follower = watching([pod])
    #expect(
      Moment(follower.changes, at: time(0))[.pod, "a"]?.attributes
        == [.init("k8s.annotation.a", "1"), .init("k8s.env.STAGE", "prod")])
    #expect(follower.cluster.leftOut == 2)
  }

  private func namespace(_ uid: String, version: Int) -> String {
    #"{"metadata":{"name":"x","uid":"\#(uid)","resourceVersion":"\#(version)"}}"#
  }

  /// Whatever refers to a namespace or a node does so by its name.
  @Test func aNamespaceThatIsMadeAnewIsTheSameOne() {
    var follower = Follower()
    follower.list(.namespace, Fixture.list([namespace("u1", version: 1)], version: 2), at: time(0))
    follower.fail(.namespace, .tooOld)
    follower.list(.namespace, Fixture.list([namespace("u2", version: 3)], version: 4), at: time(9))
    #expect(Moment(follower.changes, at: time(10)).names(of: .namespace) == ["x"])
    #expect(!follower.changes.contains { if case .gone = $0 { true } else { false } })
  }

  /// Slices, ingresses and services come in any order, and a service may be made anew meanwhile.
  @Test func aServiceHasWhatBelongsToItInAnyOrder() {
    let slice = """
      {"metadata":{"name":"s-1","namespace":"n","uid":"sl","labels":{"kubernetes.io/service-name":"s"}},\
      "endpoints":[{"addresses":["10.0.0.9"]},{"addresses":["10.0.0.8"],"conditions":{"serving":false}}],\
      "ports":[{"port":53,"protocol":"UDP"}]}
      """
    let ingress = """
      {"metadata":{"name":"i","namespace":"n","uid":"in"},"spec":{"defaultBackend":{"service":\
      {"name":"s"}}},"status":{"loadBalancer":{"ingress":[{"ip":"192.0.2.7"},{"hostname":"h"}]}}}
      """
    let service = """
      {"metadata":{"name":"s","namespace":"n","uid":"sv"},"spec":{"clusterIP":"10.96.0.9",\
      "clusterIPs":["10.96.0.9","fd00::9"],"externalIPs":["192.0.2.8"],"ports":[{"port":53,"protocol":"UDP"}]}}
      """
    var follower = Follower()
    for (kind, object) in [
      (KubernetesKind.ingress, ingress), (.endpointSlice, slice), (.service, service),
    ] {
      follower.list(kind, Fixture.list([object], version: 1), at: time(0))
      follower.open(kind, at: time(0))
    }
    let report = Moment(follower.changes, at: time(0))[.service, "s"]
    #expect(report?.parents.map(\.kind) == [.namespace, .ingress])
    #expect(
      report?.addresses.map { "\($0.address)" } == ["10.96.0.9", "fd00::9", "192.0.2.8"])
    #expect(report?.endpoints.map { "\($0.address) \($0.port)" } == ["10.0.0.9 53"])
    #expect(Moment(follower.changes, at: time(0)).owners(of: "192.0.2.7") == ["i"])

    follower.receive(.service, Fixture.event("DELETED", service), at: time(1))
    follower.receive(.endpointSlice, Fixture.event("DELETED", slice), at: time(2))
    follower.receive(
      .service,
      Fixture.event("ADDED", service.replacingOccurrences(of: #""sv""#, with: #""sv2""#)),
      at: time(3))
    let fresh = Moment(follower.changes, at: time(3))[.service, "s"]
    #expect(fresh?.identity.id == "sv2")
    #expect(fresh?.endpoints == [])
    #expect(fresh?.parents.count == 2)
  }
}
