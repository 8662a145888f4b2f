// SPDX-License-Identifier: Apache-2.0

import Query
import Storage
import Telemetry
import Testing

/// Where the tags of a row come from.
@Suite struct EndsTests {
  @Test func theEndsOfARowSayWhatTheyAreAndByWhatTheyAreKnown() async throws {
    try await EngineFixture.with { fixture in
      var tags = TagFixture()
      tags.addResource(101, kind: 10, name: "pod-a", attributes: [("k8s.label.app", "it's")])
      tags.addResource(103, kind: 170, name: "shop")
      tags.addSet(
        21, ["pod": 101, "pod_ns": 103, "auto_service": 101, "auto_instance": 101, "tag_source": 9])
      tags.addSet(25, ["tag_source": 128])
      try await tags.store(in: fixture.engine, token: "ends")
      for (table, client) in [(TableDeclaration.callLog, 21), (.flowLog, 0)]
        as [(TableDeclaration, UInt64)]
      {
        var rows = ColumnBatch(table)
        rows.appendRow([
          "time": .time(EngineFixture.start), "agent_id": .number(7),
          "_id": .number(UInt64(EngineFixture.start) << 32 + client + 1),
          "observation_point": .text("c"), "ip_0": .address("10.0.0.1"),
          "ip_1": .address("10.0.0.2"), "server_port": .number(80), "tag_set_id_0": .number(client),
          "tag_set_id_1": .number(25),
        ])
        try await fixture.engine.insert(rows, token: "ends")
      }
      func ends(_ counter: UInt64) async throws -> ToldEnds? {
        try await fixture.service.ends(
          of: UInt64(EngineFixture.start) << 32 + counter, directory: FixedDirectory())
      }
      let call = try #require(try await ends(22))
      #expect(call.agent == 7)
      #expect(call.client.sources == ["Process", "Address"])
      #expect(call.client.service == "pod-a")
      #expect(call.client.resources.map(\.tag) == ["pod", "pod_ns"])
      #expect(call.client.resources.map(\.kind) == ["Pod", "K8s Namespace"])
      #expect(
        call.client.resources.first?.attributes == [.init(name: "k8s.label.app", value: "it's")])
      #expect(call.server.sources == ["Unclear"])
      #expect(call.server.resources == [])
      #expect(call.server.service == "10.0.0.2")
      #expect(call.server.port == 80)
      let flow = try #require(try await ends(1))
      #expect(flow.client.tagSet == 0)
      #expect(flow.client.sources == [])
      #expect(try await ends(99) == nil)
    }
  }
}
