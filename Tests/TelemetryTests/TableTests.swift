// SPDX-License-Identifier: Apache-2.0

import Telemetry
import Testing

@Suite struct TableTests {
  struct Stored: Sendable, CustomTestStringConvertible {
    var table: TableDeclaration
    var version: UInt32
    var digest: UInt64

    var testDescription: String { table.qualifiedName }
  }

  /// What stores were made with: another column, type or order is another version of the table.
  @Test(arguments: [
    Stored(table: .callLog, version: 3, digest: 0x47c3_d0e4_56be_903c),
    Stored(table: .flowLog, version: 2, digest: 0xaa12_e9db_462d_4252),
    Stored(table: .applicationSecond, version: 2, digest: 0xf2bd_8fd1_9f83_5db1),
    Stored(table: .applicationMinute, version: 2, digest: 0xf2bd_8fd1_9f83_5db1),
    Stored(table: .applicationMapSecond, version: 2, digest: 0x9675_9ae4_98e1_4295),
    Stored(table: .applicationMapMinute, version: 2, digest: 0x9675_9ae4_98e1_4295),
    Stored(table: .networkSecond, version: 2, digest: 0x611a_7582_a56a_3ee8),
    Stored(table: .networkMinute, version: 2, digest: 0x611a_7582_a56a_3ee8),
    Stored(table: .networkMapSecond, version: 2, digest: 0x3947_6465_1941_e10a),
    Stored(table: .networkMapMinute, version: 2, digest: 0x3947_6465_1941_e10a),
    Stored(table: .longMetrics[0], version: 1, digest: 0xf2bd_8fd1_9f83_5db1),
    Stored(table: .longMetrics[1], version: 1, digest: 0x9675_9ae4_98e1_4295),
    Stored(table: .longMetrics[6], version: 1, digest: 0x611a_7582_a56a_3ee8),
    Stored(table: .longMetrics[7], version: 1, digest: 0x3947_6465_1941_e10a),
    Stored(table: .lossLedger, version: 2, digest: 0xff26_adf4_4b67_11fb),
  ])
  func columnsChangeWithTheVersion(stored: Stored) {
    var digest: UInt64 = 0xcbf2_9ce4_8422_2325
    for column in stored.table.columns {
      let text = "\(column.name) \(column.type) \(column.codec) \(column.index);"
      for byte in text.utf8 { digest = (digest ^ UInt64(byte)) &* 0x100_0000_01b3 }
    }
    let shown = String(digest, radix: 16)
    #expect(stored.table.version == stored.version)
    #expect(digest == stored.digest, "\(stored.table.qualifiedName) is 0x\(shown)")
  }

  /// A figure is named once, and is a column of every table of its record.
  @Test func figuresAreColumns() {
    expect(FlowRecord.self, in: [.flowLog])
    expect(
      CallMetric.self,
      in: [.applicationSecond, .applicationMinute, .applicationMapSecond, .applicationMapMinute])
    expect(
      NetworkMetric.self,
      in: [.networkSecond, .networkMinute, .networkMapSecond, .networkMapMinute])
  }

  private func expect<Record: Metered>(_: Record.Type, in tables: [TableDeclaration]) {
    let names = Record.figureNames
    #expect(Set(names).count == names.count)
    #expect(names.count <= FigureValues.capacity)
    for table in tables {
      #expect(table.columns.map(\.name).suffix(names.count) == names[...], "\(table.name)")
    }
  }

  /// Values come in the order of the names, each from a field of its own.
  @Test func valuesStandInTheOrderOfTheNames() {
    var flow = FlowRecord.zero
    flow.figures.sent.bytes = 7
    flow.figures.roundTrip.take(3)
    flow.figures.roundTrip.take(6)
    flow.figures.clientIdle.take(9)
    flow.figures.parseFailures = 5
    #expect(
      shown(&flow) == [
        "byte_tx": 7, "rtt": 4, "cit_sum": 9, "cit_count": 1, "cit_max": 9, "l7_parse_failed": 5,
      ])
    var metric = NetworkMetric.zero
    metric.figures.sentRetransmissions = .max
    metric.figures.receivedRetransmissions = 1
    metric.flowLoad = 2
    metric.closes.count(.serverRefused)
    #expect(
      shown(&metric) == [
        "retrans": 1 << 32, "retrans_tx": 1 << 32 - 1, "retrans_rx": 1, "flow_load": 2,
        "server_reset": 1, "server_establish_fail": 1, "tcp_establish_fail": 1, "tcp_rst_fail": 1,
      ])
  }

  /// The figures that are not zero.
  private func shown<Record: Metered>(_ record: inout Record) -> [String: UInt64] {
    var values = FigureValues()
    record.collectFigures(into: &values)
    let names = Record.figureNames
    var shown: [String: UInt64] = [:]
    for index in 0..<values.count where values.values[index] != 0 {
      shown[names[index]] = values.values[index]
    }
    return shown
  }
}
