// SPDX-License-Identifier: Apache-2.0

import Telemetry
import TestSupport
import Testing

@testable import Flows

/// Whatever packets come, in whatever order.
@Suite struct FlowPropertyTests {
  static func limits() -> FlowTableLimits {
    var limits = FlowTableLimits()
    limits.flows = 60
    limits.flowRecordsPerSecond = 20
    limits.rollupPairs = 24
    limits.disorderedDirections = 4
    limits.echoFlows = 3
    limits.rememberedEnds = 16
    limits.domainBytes = 1_024
    return limits
  }

  /// Packets of a few ends, most of which make some sense.
  static func packet(_ random: inout SeededGenerator, at time: Int64) -> DecodedPacket {
    var packet = DecodedPacket()
    packet.time = Timestamp(nanoseconds: time)
    let ends = (UInt32.random(in: 0..<4, using: &random), UInt32.random(in: 0..<4, using: &random))
    packet.source = IPAddress(v4: 0x0a00_0000 | ends.0)
    packet.destination = IPAddress(v4: 0x0a00_0000 | ends.1)
    packet.sourcePort = UInt16.random(in: 79...82, using: &random)
    packet.destinationPort = UInt16.random(in: 79...82, using: &random)
    packet.interface = UInt32.random(in: 0..<3, using: &random)
    packet.transport = [.tcp, .tcp, .tcp, .tcp, .udp, .icmp, .icmpV6].randomElement(using: &random)!
    let usual: [UInt16] = [0x02, 0x12, 0x10, 0x10, 0x18, 0x18, 0x11, 0x04, 0x14]
    packet.flags.rawValue =
      Bool.random(using: &random)
      ? usual.randomElement(using: &random)! : UInt16.random(in: 0..<512, using: &random)
    let base: UInt32 = Bool.random(using: &random) ? .max - 20 : 1_000
    packet.sequence =
      Int.random(in: 0..<9, using: &random) == 0
      ? UInt32.random(in: 0...(.max), using: &random)
      : base &+ UInt32.random(in: 0..<60, using: &random)
    packet.acknowledgement = base &+ UInt32.random(in: 0..<60, using: &random)
    packet.window = UInt16.random(in: 0..<3, using: &random)
    packet.payloadLength = Int.random(in: 0..<20, using: &random)
    packet.frameLength = UInt32.random(in: 40..<90, using: &random)
    packet.icmpType = [0, 8, 3, 128, 129].randomElement(using: &random)!
    packet.icmpIdentifier = UInt16.random(in: 0..<3, using: &random)
    packet.icmpSequence = UInt16.random(in: 0..<5, using: &random)
    if Int.random(in: 0..<6, using: &random) == 0 {
      packet.tunnel.tier = 1
      packet.tunnel.type = .vxlan
    }
    if Int.random(in: 0..<40, using: &random) == 0 {
      packet.options.realAddress = IPAddress(v4: 0x0102_0304)
    }
    packet.isLaterFragment = Int.random(in: 0..<20, using: &random) == 0
    return packet
  }

  static func step(_ random: inout SeededGenerator) -> Int64 {
    switch Int.random(in: 0..<400, using: &random) {
    case 0: Int64.random(in: 0..<400_000_000_000, using: &random)
    case 1: Int64.random(in: -100_000_000_000..<0, using: &random)
    case 2..<60: Int64.random(in: -1_500_000_000..<3_000_000_000, using: &random)
    default: Int64.random(in: 0..<30_000_000, using: &random)
    }
  }

  @Test(arguments: 1...24 as ClosedRange<UInt64>) func nothingIsLost(_ seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    var limits = Self.limits()
    if seed % 2 == 0 { limits.flowRecordsPerSecond = nil }
    if seed % 3 == 0 { limits.rollupPairs = 4_096 }
    var run = FlowRun(limits)
    for index in 0..<3 {
      _ = run.table.addInterface(
        InterfaceDescription(
          name: "eth\(index)", addresses: [IPAddress(v4: 0x0a00_0001)], forwards: index == 1,
          isHere: index != 2))
    }
    var time: Int64 = 1_700_000_000_000_000_000
    for _ in 0..<3_000 {
      time += Self.step(&random)
      guard let hit = run.feed(Self.packet(&random, at: time)) else { continue }
      if !run.table.isOpen(hit.slot) { continue }
      switch Int.random(in: 0..<12, using: &random) {
      case 0:
        run.table.learnDirection(
          slot: hit.slot, firstIsClient: Bool.random(using: &random),
          score: UInt8.random(in: 0...255, using: &random))
      case 1:
        run.table.learnProtocol(
          slot: hit.slot, .init(rawValue: 20), domain: random.bytes(count: 300).span)
      case 2:
        run.table.countCall(
          slot: hit.slot, CallCount(isRequest: true, isResponse: true, duration: 5),
          at: Timestamp(nanoseconds: time))
      default: break
      }
    }
    run.finish()
    Self.expectBalance(&run, limits, seed: seed)
  }

  static func expectBalance(_ run: inout FlowRun, _ limits: FlowTableLimits, seed: UInt64) {
    let tallies = run.table.takeTallies()
    #expect(tallies.flows.balances && tallies.rollup.balances, "seed \(seed)")
    #expect(run.table.count == 0 && run.table.gaps.count == 0, "seed \(seed)")
    #expect(run.table.echoes.count == 0 && run.table.extras.count == 0, "seed \(seed)")
    #expect(run.table.incidents.count == 0, "seed \(seed)")
    #expect(run.table.samples.count == 0 && run.table.rollup.pairs.count == 0, "seed \(seed)")
    let refused = tallies.flows.dropped.first { $0.reason == .flowTableFull }?.count ?? 0
    #expect(refused == UInt64(run.refused), "seed \(seed)")
    if limits.flowRecordsPerSecond == nil {
      var packets: UInt64 = 0
      var bytes: UInt64 = 0
      for record in run.batch.flows {
        packets += record.figures.sent.packets + record.figures.received.packets
        bytes += record.figures.sent.bytes + record.figures.received.bytes
      }
      #expect(packets == UInt64(run.fed - run.refused), "seed \(seed)")
      #expect(bytes == run.bytes, "seed \(seed)")
    }
    let rows = run.batch.networkMetrics
    let (seconds, minutes) = (rows.filter { $0.interval == 1 }, rows.filter { $0.interval == 60 })
    var (second, minute) = (FlowFigures(), FlowFigures())
    for row in seconds { second.add(row.figures) }
    for row in minutes { minute.add(row.figures) }
    #expect(second == minute, "seed \(seed)")
    let isWhole = limits.rollupPairs > 1_000
    if isWhole {
      #expect(
        second.sent.packets + second.received.packets == UInt64(run.fed - run.refused),
        "seed \(seed)")
    }
    for group in [seconds, minutes] {
      let begun = group.reduce(0) { $0 + $1.newFlows }
      let closed = group.reduce(0) { $0 + $1.closedFlows }
      // A flow that was reversed may find no room for its new pair.
      #expect(isWhole ? closed == begun : closed <= begun, "seed \(seed)")
      #expect(group.allSatisfy { $0.flowLoad >= $0.newFlows }, "seed \(seed)")
    }
  }

  /// With all addresses and ports exchanged, the records are the same with their ends exchanged, as
  /// long as packets tell who is the client.
  @Test(arguments: 1...8 as ClosedRange<UInt64>) func mirrored(_ seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    var run = FlowRun()
    var mirror = FlowRun()
    var time: Int64 = 1_700_000_000_000_000_000
    for _ in 0..<1_500 {
      time += Int64.random(in: 0..<3_000_000, using: &random)
      var packet = Self.packet(&random, at: time)
      packet.transport = .tcp
      // Ports of one class, so that they say nothing.
      packet.sourcePort += 40_000
      packet.destinationPort += 40_000
      run.feed(packet)
      swap(&packet.source, &packet.destination)
      swap(&packet.sourcePort, &packet.destinationPort)
      mirror.feed(packet)
    }
    run.finish()
    mirror.finish()
    #expect(run.batch.flows.count == mirror.batch.flows.count)
    for (one, other) in zip(run.batch.flows, mirror.batch.flows) where one.directionScore == 255 {
      #expect(one.closeType == other.closeType, "seed \(seed)")
      #expect(one.figures == other.figures, "seed \(seed)")
      #expect(one.client.flags == other.client.flags, "seed \(seed)")
    }
  }

  /// The same packets give the same records, byte for byte.
  @Test func repeatable() {
    func batch() -> RecordBatch {
      var random = SeededGenerator(seed: 99)
      var run = FlowRun(Self.limits())
      var time: Int64 = 1_700_000_000_000_000_000
      for _ in 0..<3_000 {
        time += Self.step(&random)
        run.feed(Self.packet(&random, at: time))
      }
      run.finish()
      return run.batch
    }
    #expect(batch() == batch())
  }

  /// Times at the ends of their range come from a hostile capture file.
  @Test func extremeTimes() {
    var run = FlowRun()
    for time in [0, .max, .min, 1_000, .max - 1, .min + 1, -1] as [Int64] {
      var packet = script("0 > S seq=1")[0]
      packet.time = Timestamp(nanoseconds: time)
      run.feed(packet)
      packet.flags = [.ack]
      run.feed(packet)
    }
    run.finish()
    #expect(run.table.count == 0)
    #expect(run.table.takeTallies().flows.balances)
  }

  /// Every capture there is, decoded, goes through.
  @Test func allCaptures() {
    for path in corpusCaptures("") {
      // One is of a format that only Capture reads.
      guard let frames = try? packets(inCaptureFile: path) else { continue }
      var decoder = PacketDecoder(limits: FragmentLimits())
      var run = FlowRun()
      for (captured, bytes) in frames {
        var packet = DecodedPacket()
        if decoder.decode(captured, bytes.span, into: &packet) == nil { run.feed(packet) }
      }
      run.finish()
      let tallies = run.table.takeTallies()
      #expect(tallies.flows.balances && tallies.rollup.balances, "\(path)")
      let packets = run.batch.flows.reduce(0) {
        $0 + $1.figures.sent.packets + $1.figures.received.packets
      }
      #expect(packets == UInt64(run.fed), "\(path)")
    }
  }
}
