// SPDX-License-Identifier: Apache-2.0

import Telemetry
import Testing

@testable import Wire

/// Changes of resources, and who is to watch for them.
@Suite struct ResourceTests {
  private func returned(_ frame: Frame) throws -> Frame? {
    var encoder = FrameEncoder()
    var decoder = FrameDecoder()
    let bytes = try encoder.encode(frame)
    decoder.append(bytes.span)
    return try decoder.next()
  }

  private func hello(_ cluster: String) -> Hello {
    Hello(
      identity: AgentIdentity(machineID: "m", instanceHigh: 1, instanceLow: 2), bootID: "",
      hostname: "h", agentVersion: "1", protocols: [], cluster: cluster)
  }

  @Test func aClusterAndAnOrderComeBack() throws {
    #expect(try returned(.hello(hello("10.96.0.1:443/abc"))) == .hello(hello("10.96.0.1:443/abc")))
    for isOn in [true, false] {
      let order = Frame.order(Order(.watchCluster, isOn: isOn))
      #expect(try returned(order) == order)
    }
    let later = Frame.order(Order(Order.Task(rawValue: 9), isOn: true))
    #expect(try returned(later) == later)
  }

  /// What an agent without a cluster says is what agents before said.
  @Test func anAgentWithoutAClusterSaysNothingOfIt() throws {
    var encoder = FrameEncoder()
    let plain = try encoder.encode(.hello(hello("")))
    let named = try encoder.encode(.hello(hello("c")))
    #expect(named.count == plain.count + 4)
    #expect(named.dropFirst(8).starts(with: plain.dropFirst(8)))
  }

  @Test func aChangeIsLaidOutAsItIsWrittenDown() throws {
    var batch = RecordBatch()
    batch.resourcesTold = Timestamp(nanoseconds: 3)
    batch.resources = [
      .gone(
        ResourceIdentity(.pod, in: ResourceScope(.cluster, "c"), id: "u"),
        since: Timestamp(nanoseconds: -1))
    ]
    var writer = WireWriter()
    batch.write(to: &writer)
    // Section, length, told, count; gone, pod, cluster "c", "u", since.
    #expect(
      writer.bytes
        == [11, 10, 0, 0, 0, 6, 1, 1, 10, 3, 1, UInt8(ascii: "c"), 1, UInt8(ascii: "u"), 1])
    var again = RecordBatch()
    try again.read(from: writer.bytes.span)
    #expect(again == batch)
  }

  @Test(
    arguments: [
      ("another kind of change", [11, 3, 0, 0, 0, 0, 1, 9]),
      ("an unknown scope", [11, 9, 0, 0, 0, 0, 1, 1, 10, 77, 0, 1, 117, 1]),
      ("more changes than bytes", [11, 3, 0, 0, 0, 0, 99, 1]),
      ("cut off", [11, 5, 0, 0, 0, 0, 1, 1, 10, 3]),
    ] as [(String, [UInt8])]) func damageIsRefused(what: String, section: [UInt8])
  {
    var batch = RecordBatch()
    #expect(throws: WireError.self, "\(what)") { try batch.read(from: section.span) }
  }
}
