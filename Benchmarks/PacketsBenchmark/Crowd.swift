// SPDX-License-Identifier: Apache-2.0

import Flows
import Glibc
import Protocols
import Telemetry

/// Many conversations at once, each as quiet as most are: what one costs in memory, and what a packet
/// costs whose flow was not looked at for long.
///
/// Packets come at a fixed rate of their own time, round after round in the same random order; then
/// all flows fall silent.
struct Crowd: ~Copyable {
  enum Kind: String, CaseIterable {
    /// Datagrams one way to one server, of no known protocol.
    case datagrams
    /// Connections of as many clients to one server, which answers; of no known protocol.
    case connections
  }

  /// Packets a second.
  private static let rate: Int64 = 40_000
  /// In the first of them unknown protocols are looked for; the last are measured.
  private static let rounds = 24
  private static let measuredRounds = 6

  private let kind: Kind
  private var pipeline: PacketPipeline
  private var batch = RecordBatch()
  private var time: Int64 = 1_700_000_000_000_000_000
  private var flushed: Int64 = 0
  private var frame: [UInt8] = []
  private let before = Crowd.resident("VmRSS")
  /// Flow records, and what the ledger says was lost or left out.
  private(set) var reports = 0
  private(set) var lost: UInt64 = 0
  /// CPU time of a packet of the last rounds, nanoseconds.
  private(set) var cost = 0.0
  /// Memory that the flows took while they lived, and at most: MiB.
  private(set) var memory = 0.0
  private(set) var peak = 0.0

  init(_ kind: Kind, flows: Int) {
    self.kind = kind
    var limits = PacketLimits()
    limits.flows.flowRecordsPerSecond = 8_000
    limits.flows.flowsAtOnce = 8_192
    pipeline = PacketPipeline(limits: limits, protocols: builtInProtocols)
    _ = pipeline.addInterface(InterfaceDescription(name: "crowd"))
    let order = Self.shuffled(flows)
    if kind == .connections {
      for flow in order { for step in 0..<3 { send(flow, step) } }
    }
    var began = 0
    for round in 0..<Self.rounds {
      if round == Self.rounds - Self.measuredRounds { began = Self.now }
      for flow in order { send(flow, 3 + round) }
    }
    cost = Double(Self.now - began) / Double(Self.measuredRounds * flows)
    memory = Self.resident("VmRSS") - before
    while pipeline.flowCount > 0 {
      time += 100_000_000
      flush()
    }
    time += 10_000_000_000
    while !pipeline.finish(now: Timestamp(nanoseconds: time)) { take() }
    take()
    peak = Self.resident("VmHWM") - before
  }

  /// Sends the packet `step` of a flow's life: three of a handshake, then data.
  private mutating func send(_ flow: Int, _ step: Int) {
    time += 1_000_000_000 / Self.rate
    if time - flushed >= 500_000_000 { flush() }
    write(flow, step)
    let packet = CapturedPacket(
      time: Timestamp(nanoseconds: time), linkType: .raw, interface: 0,
      length: UInt32(frame.count))
    var bytes: [UInt8] = []
    swap(&bytes, &frame)
    pipeline.feed(packet, bytes: bytes.span)
    swap(&bytes, &frame)
  }

  private mutating func flush() {
    flushed = time
    while !pipeline.flush(now: Timestamp(nanoseconds: time)) { take() }
    take()
  }

  private mutating func take() {
    pipeline.takeBatch(into: &batch)
    reports += batch.flows.count
    for loss in batch.losses where loss.stage == .flows { lost += loss.dropped }
  }

  /// Makes `frame` an IPv4 packet of TCP or UDP with 20 bytes, or none in a handshake.
  private mutating func write(_ flow: Int, _ step: Int) {
    let isBack = kind == .connections && step % 2 == 1 && step != 2
    let client: [UInt8] = [10, 1, UInt8(flow / 50_000), kind == .datagrams ? 1 : UInt8(flow % 250)]
    let server: [UInt8] = [10, 200, 0, 1]
    let port = UInt16(1_024 + flow % 50_000)
    let ports = isBack ? [9_000, port] : [port, 9_000]
    let payload = kind == .datagrams || step > 2 ? 20 : 0
    let length = (kind == .datagrams ? 28 : 40) + payload
    frame.removeAll(keepingCapacity: true)
    frame += [0x45, 0, 0, UInt8(length), 0, 1, 0x40, 0, 64, kind == .datagrams ? 17 : 6, 0, 0]
    frame += isBack ? server + client : client + server
    for port in ports { append(UInt32(port), bytes: 2) }
    if kind == .datagrams {
      append(UInt32(8 + payload), bytes: 2)
      append(0, bytes: 2)
    } else {
      let said = UInt32(max(0, step - 3))
      let (asked, answered) = (1_000 + (said + 1) / 2 * 20, 5_000 + said / 2 * 20)
      append(isBack ? answered : asked, bytes: 4)
      append(isBack ? asked : answered, bytes: 4)
      let flags: UInt32 = step == 0 ? 0x02 : step == 1 ? 0x12 : step == 2 ? 0x10 : 0x18
      append(0x5000 | flags, bytes: 2)
      append(0x4000, bytes: 2)
      append(0, bytes: 4)
    }
    frame += repeatElement(0xfe, count: payload)
  }

  private mutating func append(_ number: UInt32, bytes count: UInt32) {
    for place in (0..<count).reversed() {
      frame.append(UInt8(truncatingIfNeeded: number >> (place * 8)))
    }
  }

  /// 0 to `count`, in an order that is the same every time (a linear congruence, the low bits left
  /// out).
  private static func shuffled(_ count: Int) -> [Int] {
    var order = Array(0..<count)
    var state: UInt64 = 0x2545_f491_4f6c_dd1d
    for index in order.indices.reversed() {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      order.swapAt(index, Int((state >> 33) % UInt64(index + 1)))
    }
    return order
  }

  /// A line of /proc/self/status, MiB.
  private static func resident(_ key: String) -> Double {
    for line in contents("/proc/self/status").split(separator: "\n") where line.hasPrefix(key) {
      return line.split { !$0.isNumber }.first.flatMap { Double($0) }.map { $0 / 1_024 } ?? 0
    }
    return 0
  }

  private static var now: Int {
    var time = timespec()
    unsafe clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    return time.tv_sec * 1_000_000_000 + time.tv_nsec
  }
}
