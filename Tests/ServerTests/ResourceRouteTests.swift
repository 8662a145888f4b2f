// SPDX-License-Identifier: Apache-2.0

import Catalog
import Foundation
import Ingest
import Telemetry
import Testing

@testable import Server

/// `GET /v1/resources`.
@Suite struct ResourceRouteTests {
  private let scope = ResourceScope(.cluster, "c1")

  private func report(
    _ kind: ResourceKind, _ name: String, since: Int64,
    _ change: (inout ResourceReport) -> Void = { _ in }
  ) -> ResourceChange {
    var report = ResourceReport(
      ResourceIdentity(kind, in: scope, id: "id-" + name), name: name,
      validFrom: Timestamp(seconds: since))
    change(&report)
    return .seen(report)
  }

  private func resources(_ answer: HTTPAnswer) -> [[String: Any]] {
    answer.json["resources"] as? [[String: Any]] ?? []
  }

  @Test func whatIsKnownIsToldAsOfASecond() async throws {
    try await RunningAPI.with(PatientStore()) { api in
      let space = ResourceIdentity(.namespace, in: scope, id: "id-shop")
      api.ingest.resources.learn(
        [
          report(.namespace, "shop", since: 1_800_000_000),
          report(.pod, "web", since: 1_800_000_100) { report in
            report.parents = [space]
            report.attributes = [.init("k8s.label.app", "a \"b\"")]
            report.addresses = [.init(IPAddress(v4: 0x0a00_0001), in: scope)]
          },
        ], told: Timestamp(seconds: 1_800_000_200), agent: 7)
      let all = try await api.get("/v1/resources?at=1800000150")
      #expect(all.status == 200)
      #expect(resources(all).map { $0["name"] as? String } == ["web", "shop"])
      let pod = try #require(resources(all).first)
      #expect(pod["kind"] as? String == "Pod")
      #expect(pod["since"] as? String == "2027-01-15T08:01:40Z")
      #expect(pod["addresses"] as? [String] == ["10.0.0.1"])
      #expect(
        (pod["parents"] as? [[String: String]]) == [["kind": "K8s Namespace", "name": "shop"]])
      #expect(
        (pod["attributes"] as? [[String: String]]) == [
          ["name": "k8s.label.app", "value": "a \"b\""]
        ]
      )
      for (query, count) in [
        ("at=1800000050", 1), ("at=1800000150&kind=pod", 1), ("at=1800000150&name=shop", 1),
        ("at=1800000150&address=10.0.0.1", 1), ("at=1800000150&address=10.0.0.2", 0),
        ("at=1800000150&cluster=c2", 0), ("at=1800000150&limit=1", 1), ("at=5", 0),
      ] {
        let answer = try await api.get("/v1/resources?" + query)
        #expect(resources(answer).count == count, "\(query)")
      }
    }
  }

  @Test(arguments: ["kind=Nothing", "address=x", "at=-1", "limit=0", "colour=red"])
  func aWrongParameterIsTold(query: String) async throws {
    try await RunningAPI.with(PatientStore()) { api in
      let answer = try await api.get("/v1/resources?" + query)
      #expect(answer.status == 400)
    }
  }
}
