// SPDX-License-Identifier: Apache-2.0

import Catalog
import Storage
import Telemetry
import TestSupport
import Testing
import Wire

@testable import Ingest

/// What a cluster's watcher told, in the rows of every table, with the real engine.
@Suite(.serialized) struct ClusterRowsTests {
  private static let scope = ResourceScope(.cluster, "c")
  private static let since = testTime + -3_600_000_000_000

  private func identity(_ kind: ResourceKind, _ id: String) -> ResourceIdentity {
    ResourceIdentity(kind, in: Self.scope, id: id)
  }

  private func pod(_ id: String, _ address: String, label: String) -> ResourceReport {
    ResourceReport(
      identity(.pod, id), name: id, parents: [identity(.namespace, "shop")],
      attributes: [.init("k8s.label.app", label)],
      addresses: [.init(IngestTests.address(address), in: Self.scope)], validFrom: Self.since)
  }

  /// Two pods, one of them behind a service.
  private func resources() -> RecordBatch {
    var batch = RecordBatch()
    var service = ResourceReport(
      identity(.service, "s"), name: "door", parents: [identity(.namespace, "shop")],
      validFrom: Self.since)
    service.endpoints = [
      .init(
        address: address("10.0.0.2"), transport: .tcp, port: 80, target: identity(.pod, "web"))
    ]
    batch.resources = [
      .seen(
        ResourceReport(identity(.namespace, "shop"), name: "shop", validFrom: Self.since)),
      .seen(pod("load", "10.0.0.1", label: "a")), .seen(pod("web", "10.0.0.2", label: "b")),
      .seen(service),
    ]
    batch.resourcesTold = testTime
    return batch
  }

  /// One of each kind of record that ends in a table.
  private func records() -> RecordBatch {
    var batch = RecordBatch()
    let client = CallEnd(address: address("10.0.0.1"), port: 40_000)
    let server = CallEnd(address: address("10.0.0.2"), port: 80)
    var call = CallRecord(client: client, server: server, start: testTime, end: testTime)
    call.observationPoint = .clientProcess
    batch.calls = [call]
    var flow = FlowRecord(
      transport: .tcp, client: FlowEnd(address: client.address, port: client.port),
      server: FlowEnd(address: server.address, port: 80), start: testTime, end: testTime)
    flow.observationPoint = .client
    batch.flows = [flow]
    for interval in [1, 60] as [UInt32] {
      batch.metrics.append(
        CallMetric(
          time: testTime, interval: interval, observationPoint: .clientProcess,
          signalSource: .eBPF, transport: .tcp, applicationProtocol: .init(rawValue: 20),
          client: CallEnd(address: client.address, port: 0), server: server))
      batch.networkMetrics.append(
        NetworkMetric(
          time: testTime, interval: interval, observationPoint: .client, transport: .tcp,
          client: CallEnd(address: client.address, port: 0), server: server))
    }
    return batch
  }

  private func agent(_ port: Int) throws -> AgentClient {
    let client = try AgentClient(port: port)
    var hello = AgentClient.hello(1)
    hello.cluster = "at shop"
    try client.send(.hello(hello))
    guard case .helloAck(let answer) = try client.receive(), answer.accepted,
      case .order = try client.receive()
    else { throw AgentClient.Closed() }
    return client
  }

  private static let tables = [
    "flow_log.l7_flow_log", "flow_log.l4_flow_log", "flow_metrics.`application_map.1s`",
    "flow_metrics.`application_map.1m`", "flow_metrics.`network_map.1s`",
    "flow_metrics.`network_map.1m`",
  ]

  private func names(_ engine: EmbeddedEngine, _ table: String) async throws -> [Value] {
    let columns = ["pod", "pod_ns", "pod_service", "auto_service"].flatMap { member in
      [0, 1].map {
        "dictGet('flow_tag.resource_map', 'name', dictGet('flow_tag.tag_set_map', '\(member)', "
          + "tag_set_id_\($0)))"
      }
    }
    return try await engine.query(
      "SELECT \(columns.joined(separator: ", ")) FROM \(table) ORDER BY time", limits: .init()
    ).table.rows.first ?? []
  }

  @Test func everyTablesRowsHaveTheResourcesOfTheirTime() async throws {
    try await withEngine { engine, path in
      let catalog = try Catalog(path: path + "/catalog.sqlite")
      var configuration = IngestConfiguration(journalDirectory: path + "/journal")
      configuration.journal.segmentMilliseconds = 50
      try await withIngest(configuration, catalog: catalog, storage: engine) { ingest, port in
        let client = try agent(port)
        try client.send(.batch(sequence: 1, resources()))
        try client.send(.batch(sequence: 2, records()))
        try client.waitForAck(2)
        #expect(await eventually { ingest.statistics.store.passed == 6 })
        #expect(ingest.statistics.ingest.balances)
      }
      for table in Self.tables {
        #expect(
          try await names(engine, table)
            == ["load", "web", "shop", "shop", "", "door", "load", "door"].map { .string($0) },
          "\(table)")
      }
      try await tellAgain(engine, path)
      #expect(
        try await number(
          engine,
          """
          SELECT count() FROM flow_metrics.`application.1s` WHERE tag_set_id IN (SELECT number FROM
            flow_tag.tag_set WHERE pod IN (SELECT number FROM flow_tag.attribute
            WHERE name = 'k8s.label.app' AND value = 'a'))
          """) == 2)
    }
  }

  /// After a restart, before any watcher told anything: the same resources, by the same numbers.
  private func tellAgain(_ engine: EmbeddedEngine, _ path: String) async throws {
    let catalog = try Catalog(path: path + "/catalog.sqlite")
    var configuration = IngestConfiguration(journalDirectory: path + "/journal")
    configuration.journal.segmentMilliseconds = 50
    try await withIngest(configuration, catalog: catalog, storage: engine) { ingest, port in
      #expect(ingest.resources.tally.versions == 4)
      let client = try agent(port)
      try client.send(.batch(sequence: 3, records()))
      try client.waitForAck(3)
      #expect(await eventually { ingest.statistics.store.passed == 6 })
    }
    for table in Self.tables {
      #expect(try await number(engine, "SELECT count() FROM \(table)") == 2, "\(table)")
      #expect(
        try await number(engine, "SELECT uniqExact(tag_set_id_0, tag_set_id_1) FROM \(table)") == 1,
        "\(table)")
    }
  }

  /// The table of the version before, with a set in it.
  @Test func setsOfTheTableBeforeKeepWhatTheySay() async throws {
    try await withDirectory { path in
      let engine = try await EmbeddedEngine.start(
        directory: path + "/engine", installation: try .find(),
        settings: .init(memory: 1 << 30), logger: quietLogger)
      var old = TableDeclaration.tagSet
      let known = ["auto_service", "auto_instance", "host", "process", "container"]
      old.version = 1
      old.columns.removeAll {
        ![
          "number", "auto_service_id", "auto_service_type", "began", "sequence",
        ].contains($0.name) && !known.contains($0.name)
      }
      old.dictionary = DictionaryDeclaration(
        "flow_tag.tag_set_map", columns: known, largest: TableDeclaration.largestTagNumber)
      let fault: (any Error)?
      do {
        try await engine.migrate([old])
        var rows = ColumnBatch(old)
        for column in old.columns.indices {
          switch old.columns[column].type {
          case .uint8: rows.append(1 as UInt8, to: column)
          case .uint64: rows.append(1 as UInt64, to: column)
          default: rows.append(7 as UInt32, to: column)
          }
        }
        try await engine.insert(rows, token: "old")
        #expect(
          try await number(engine, "SELECT dictGet('flow_tag.tag_set_map', 'host', 7)") == 7)
        try await engine.migrate(TableDeclaration.tagTables)
        for (member, expected) in [("host", 7), ("pod", 0), ("tag_source", 0)] {
          #expect(
            try await number(engine, "SELECT dictGet('flow_tag.tag_set_map', '\(member)', 7)")
              == expected, "\(member)")
        }
        fault = nil
      } catch {
        fault = error
      }
      await engine.close()
      if let fault { throw fault }
    }
  }
}
