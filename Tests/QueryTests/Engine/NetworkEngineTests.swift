// SPDX-License-Identifier: Apache-2.0

import Query
import Storage
import Telemetry
import Testing

/// Statements over flows that the real engine runs, on rows whose answers were worked out by hand.
@Suite(.serialized) struct NetworkEngineTests {
  private static let start = EngineFixture.start

  static let cases: [EngineTests.Case] = [
    // Two minutes of 1,000 and 3,000 bytes, in 10 and 30 packets; two of the packets were repeats.
    .init(
      "SELECT Sum(byte), Max(byte), Avg(bpp), Avg(retrans_ratio), Avg(rtt), Max(rtt) "
        + "FROM network_map WHERE auto_service_1 = 'nginx'",
      [[.int(4_000), .int(3_000), .int(100), .int(5), .int(250), .int(900)]]),
    // A level is added over rows and averaged over time.
    .init("SELECT Max(flow_load), Avg(flow_load) FROM network_map", [[.int(7), .int(5)]]),
    .init(
      "SELECT Sum(tcp_establish_fail), Avg(tcp_establish_fail_ratio) FROM network_map "
        + "WHERE auto_service_1 = 'nginx'", [[.int(1), .int(25)]]),
    .init(
      """
      SELECT time(time, 60) AS toi, server_port, Sum(byte) FROM network_map
      GROUP BY toi, server_port ORDER BY toi, server_port SLIMIT 1
      """,
      [
        [.int(Int64(start)), .int(80), .int(1_000)],
        [.int(Int64(start) + 60), .int(80), .int(3_000)],
      ]),
    .init(
      """
      SELECT server_port, Sum(byte) FROM network_map GROUP BY server_port
      ORDER BY server_port SLIMIT 1 SORDER BY Sum(byte)
      """, [[.int(443), .int(500)]]),
    .init(
      "SELECT DISTINCT server_port FROM network_map ORDER BY server_port",
      [[.int(80)], [.int(443)]]),
    // A flow that only UDP's silence ended is no failure.
    .init(
      "SELECT Sum(byte), Sum(tcp_timeout), Sum(tcp_transfer_fail), Sum(new_flow), Sum(closed_flow) "
        + "FROM l4_flow_log", [[.int(330), .int(1), .int(2), .int(1), .int(3)]]),
    .init(
      "SELECT Enum(close_type), mac_0, ip_0 FROM l4_flow_log WHERE tcp_flags_bit = 'RST' "
        + "AND mac = '02:42:AC:11:00:02'",
      [[.string("Server RST"), .string("02:42:ac:11:00:02"), .string("10.0.0.5")]]),
    .init("SELECT Count(row) FROM l4_flow_log WHERE tcp_flags_bit_1 != 'RST'", [[.int(3)]]),
    .init(
      "SHOW enum role values",
      [
        [.string("0"), .string("Client")], [.string("1"), .string("Server")],
        [.string("2"), .string("Local")], [.string("3"), .string("Rest")],
      ]),
  ]

  @Test func answersAreThoseWorkedOutByHand() async throws {
    try await EngineFixture.with { fixture in
      try await load(fixture.engine)
      for entry in Self.cases {
        do {
          let rows = try await fixture.rows(entry.query)
          #expect(rows == entry.rows, "\(entry.query)")
        } catch {
          Issue.record("\(entry.query)\n\(error)")
        }
      }
    }
  }

  private func load(_ engine: EmbeddedEngine) async throws {
    var metrics = ColumnBatch(.networkMapMinute)
    func add(_ minute: UInt32, port: UInt64, bytes: UInt64, load: UInt64, tagSet: UInt64) {
      let isWeb = tagSet == 1
      metrics.appendRow([
        "time": .time(Self.start + minute * 60), "server_port": .number(port),
        "tag_set_id_1": .number(tagSet), "byte": .number(bytes), "packet": .number(bytes / 100),
        "retrans": .number(isWeb ? 1 : 0), "flow_load": .number(load),
        "rtt_sum": .number(isWeb ? 500 : 0), "rtt_count": .number(isWeb ? 2 : 0),
        "rtt_max": .number(isWeb ? 300 + UInt64(minute) * 600 : 0),
        "tcp_establish_fail": .number(isWeb ? UInt64(minute) : 0),
        "closed_flow": .number(isWeb ? 2 : 0),
      ])
    }
    add(0, port: 80, bytes: 1_000, load: 2, tagSet: 1)
    add(0, port: 443, bytes: 500, load: 1, tagSet: 3)
    add(1, port: 80, bytes: 3_000, load: 7, tagSet: 1)
    try await engine.insert(metrics, token: "network")

    var flows = ColumnBatch(.flowLog)
    let rows: [(transport: UInt64, closeType: UInt64, bytes: UInt64, flags: UInt64)] = [
      (6, 2, 100, 0x14), (6, 3, 10, 0x10), (17, 3, 200, 0), (6, 5, 20, 0x10),
    ]
    for (index, row) in rows.enumerated() {
      flows.appendRow([
        "time": .time(Self.start), "_id": .number(UInt64(index)),
        "protocol": .number(row.transport), "close_type": .number(row.closeType),
        "byte_tx": .number(row.bytes / 2), "byte_rx": .number(row.bytes / 2),
        "tcp_flags_bit_1": .number(row.flags), "ip_0": .address("10.0.0.5"),
        "mac_0": .number(0x0242_ac11_0002), "is_new_flow": .number(index == 0 ? 1 : 0),
      ])
    }
    try await engine.insert(flows, token: "flows")
  }
}
