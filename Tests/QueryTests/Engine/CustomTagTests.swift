// SPDX-License-Identifier: Apache-2.0

import Query
import Storage
import Telemetry
import Testing

/// Labels, annotations and variables as tags, and by what an end was known.
@Suite struct CustomTagTests {
  /// A pod; another behind a service whose label goes before its own; a node; a pod without labels.
  private func load(_ fixture: EngineFixture) async throws {
    var tags = TagFixture()
    let label = "k8s.label.app.kubernetes.io/name"
    tags.addResource(
      101, kind: 10, name: "pod-a", attributes: [(label, "a"), ("k8s.env.ST'AGE", "x")])
    tags.addResource(102, kind: 10, name: "pod-b", attributes: [(label, "b")])
    tags.addResource(103, kind: 11, name: "door", attributes: [(label, "s")])
    tags.addResource(104, kind: 14, name: "node", attributes: [(label, "n")])
    tags.addResource(105, kind: 10, name: "pod-c")
    tags.addSet(21, ["pod": 101, "auto_service": 101, "tag_source": 1])
    tags.addSet(22, ["pod": 102, "pod_service": 103, "auto_service": 103, "tag_source": 9])
    tags.addSet(23, ["pod_node": 104, "auto_service": 104, "tag_source": 8])
    tags.addSet(24, ["pod": 105, "pod_node": 104, "auto_service": 105, "tag_source": 8])
    // Of two that had the address nobody knows more than that.
    tags.addSet(25, ["tag_source": 128])
    try await tags.store(in: fixture.engine, token: "custom")
    var metrics = ColumnBatch(.applicationMinute)
    var pairs = ColumnBatch(.applicationMapMinute)
    for number in UInt64(21)...25 {
      metrics.appendRow([
        "time": .time(EngineFixture.start + 9_000), "tag_set_id": .number(number),
        "ip": .address("10.0.0.\(number)"), "request": .number(number),
      ])
      pairs.appendRow([
        "time": .time(EngineFixture.start + 9_000), "tag_set_id_0": .number(number),
        "tag_set_id_1": .number(21), "request": .number(number),
      ])
    }
    try await fixture.engine.insert(metrics, token: "custom")
    try await fixture.engine.insert(pairs, token: "custom")
  }

  @Test func labelsFilterGroupAndShowWithoutADeclaration() async throws {
    try await EngineFixture.with { fixture in
      try await load(fixture)
      let only = "time = \(EngineFixture.start + 9_000)"
      let name = "`k8s.label.app.kubernetes.io/name`"
      func requests(_ condition: String) async throws -> Value? {
        try await fixture.rows(
          "SELECT Sum(request) FROM application WHERE \(only) AND \(condition)"
        )
        .first?.first
      }
      for (condition, sum) in [
        ("\(name) = 'a'", 21), ("\(name) = 's'", 22), ("\(name) = 'n'", 47), ("\(name) = ''", 25),
        ("\(name) != 'a'", 94), ("\(name) LIKE '*'", 115), ("\(name) REGEXP '^[as]$'", 43),
        ("`k8s.env.ST'AGE` = 'x'", 21), ("tag_source = 'Address'", 69),
        ("tag_source = 'Unclear'", 25), ("auto_service = '10.0.0.25'", 25),
      ] as [(String, Int64)] {
        #expect(try await requests(condition) == .int(sum), "\(condition)")
      }
      // No row has the label with the value that only its pod has: the service's goes before.
      #expect(try await requests("\(name) = 'b'") != .int(22))
      let groups = try await fixture.rows(
        "SELECT \(name), Sum(request) FROM application WHERE \(only) GROUP BY \(name) ORDER BY \(name)"
      )
      #expect(
        groups == [("", 25), ("a", 21), ("n", 47), ("s", 22)].map { [.string($0.0), .int($0.1)] })
      let services = try await fixture.rows(
        "SELECT auto_service, tag_source FROM application WHERE \(only) ORDER BY request")
      #expect(
        services == [
          [.string("pod-a"), .int(1)], [.string("door"), .int(9)], [.string("node"), .int(8)],
          [.string("pod-c"), .int(8)], [.string("10.0.0.25"), .int(128)],
        ])
    }
  }

  @Test func labelsHaveSidesAndTheirNamesAreListed() async throws {
    try await EngineFixture.with { fixture in
      try await load(fixture)
      let only = "time = \(EngineFixture.start + 9_000)"
      let name = "k8s.label.app.kubernetes.io/name"
      let sides = try await fixture.rows(
        "SELECT `\(name)_0`, `\(name)_1` FROM application_map WHERE \(only) ORDER BY request LIMIT 2"
      )
      #expect(sides == [["a", "a"], ["s", "a"]].map { $0.map { .string($0) } })
      let either = try await fixture.rows(
        "SELECT Count(row) FROM application_map WHERE \(only) AND `\(name)` = 'n'")
      #expect(either == [[.int(2)]])
      let names = try await fixture.rows("SHOW tag k8s.label values FROM application")
      #expect(names.map(\.first) == [.string(name)])
      let values = try await fixture.rows("SHOW tag `\(name)` values FROM application")
      #expect(values.map(\.first) == ["a", "b", "n", "s"].map { .string($0) })
    }
  }
}
