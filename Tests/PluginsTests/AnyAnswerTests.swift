// SPDX-License-Identifier: Apache-2.0

import Flows
import Plugins
import Protocols
import Telemetry
import TestSupport
import Testing

/// A plugin may answer anything: here the bytes of a conversation are its answers.
@Suite struct AnyAnswerTests {
  private static let size = 584

  /// Says of any bytes that they are its own, and answers with them.
  private static let echo = PluginText(
    manifest: PluginText.frameManifest,
    body: """
      (func (export "metaflow_recognize") (result i32) (i32.const 3))
      (func (export "metaflow_read") (result i32)
        (memory.copy (i32.const \(PluginText.desk + 144)) (i32.const 8192) (i32.const \(size)))
        (i32.const 1))
      """)

  /// An answer that is not too unlikely: each field is often small, sometimes anything.
  private func answer(_ random: inout SeededGenerator) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: Self.size)
    func put(_ place: Int, _ value: UInt64, _ count: Int) {
      for index in 0..<count {
        bytes[place - 144 + index] = UInt8(truncatingIfNeeded: value >> UInt64(8 * index))
      }
    }
    func number(_ usual: Int) -> UInt64 {
      random.roll(20) == 0 ? random.next() : UInt64(random.roll(usual))
    }
    put(144, number(9), 4)
    put(148, number(3), 4)
    put(152, number(2) == 0 ? UInt64(Self.size) : number(2_000), 8)
    for place in [160, 168, 176, 184, 216] { put(place, number(4), 8) }
    for (place, usual) in [(192, 600), (196, 64), (200, 7), (204, 512), (208, 9), (212, 18)] {
      put(place, number(usual), 4)
    }
    for index in 0..<15 where random.roll(3) == 0 {
      put(224 + 8 * index, number(131_072), 4)
      put(228 + 8 * index, number(2_000), 4)
    }
    for index in 0..<64 where random.roll(2) == 0 { put(344 + 4 * index, number(131_072), 4) }
    return bytes
  }

  @Test(arguments: 0..<40 as Range<UInt64>)
  func noAnswerBreaksAPromise(seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    let kind = try #require(PluginProtocol(PluginSlot(try Self.echo.plugin())))
    for _ in 0..<50 {
      var driver = ParserDriver(kind)
      for _ in 0..<12 {
        let side = random.roll(2) == 0 ? Side.client : .server
        driver.feed(answer(&random), from: side, isFinal: random.roll(3) == 0)
        if random.roll(10) == 0 { driver.lose(from: side) }
      }
      // That it waits for what it asked for is its own affair: it is shown what there is.
      let broken = driver.violations.filter { $0 != "did with less than it wanted" }
      #expect(broken == [], "seed \(seed)")
    }
  }

  /// The same behind the engine, which has to go on with whatever comes of it.
  @Test(arguments: 0..<20 as Range<UInt64>)
  func noAnswerEndsThePipeline(seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    let kind = try #require(PluginProtocol(PluginSlot(try Self.echo.plugin())))
    var pipeline = FlowPipeline(protocols: builtInProtocols + [kind])
    var batch = RecordBatch()
    var places: [UInt32] = [1, 1]
    for number in 0..<400 {
      let direction = random.roll(2) == 0 ? SocketEvent.Direction.egress : .ingress
      let time = Timestamp(nanoseconds: Int64(number) * 1_000_000)
      let side = direction == .egress ? 0 : 1
      let event = SocketEvent(
        kind: .data, direction: direction, role: .server, socket: UInt64(1 + number / 40),
        transport: .tcp, networkNamespace: 1, local: IPAddress(v4: 0x0a00_0001), localPort: 7_000,
        remote: IPAddress(v4: 0x0a00_0002), remotePort: UInt16(10_000 + number / 40),
        process: ProcessKey(pid: 42, startedAfterBoot: 1_000), thread: 42,
        threadName: ThreadName(first: 0x78, second: 0), enter: time, exit: time,
        sequence: places[side], length: UInt32(Self.size))
      places[side] += UInt32(Self.size)
      pipeline.feed(event, payload: answer(&random).span)
    }
    _ = pipeline.flush(now: Timestamp(seconds: 400))
    pipeline.takeBatch(into: &batch)
    #expect(pipeline.pendingCount == 0, "seed \(seed)")
  }
}
