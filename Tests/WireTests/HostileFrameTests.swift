// SPDX-License-Identifier: Apache-2.0

import Telemetry
import TestSupport
import Testing
import Wire

/// Every frame may come from anyone: no bytes trap, and none buy more memory than the limits say.
@Suite struct HostileFrameTests {
  /// Decodes as a server would; true unless the bytes were refused.
  @discardableResult
  private func decode(_ bytes: [UInt8]) throws(WireError) -> Int {
    var decoder = FrameDecoder()
    decoder.append(bytes.span)
    var frames = 0
    while let frame = try decoder.next() {
      frames += 1
      if case .batch(_, let batch) = frame { visit(batch) }
    }
    return frames
  }

  /// Touches what a server would touch.
  private func visit(_ batch: RecordBatch) {
    for call in batch.calls {
      var texts = call.texts
      texts.visit { _, place in _ = batch.bytes(place).count }
      _ = call.durationMicroseconds
    }
    for metric in batch.metrics { _ = batch.string(metric.endpoint) }
    for flow in batch.flows {
      _ = batch.string(flow.interfaceName)
      _ = batch.string(flow.requestDomain)
      _ = flow.closeType.status(flow.transport)
    }
    for metric in batch.networkMetrics { _ = metric.closes }
  }

  @Test(arguments: UInt64(1)...30) func mutatedFramesNeverTrap(seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    var encoder = FrameEncoder()
    for frame in Frame.samples(&random) {
      let bytes = try encoder.encode(frame)
      for _ in 0..<60 {
        var mutated = bytes
        for _ in 0...(random.next() % 4) {
          mutated[Int(random.next() % UInt64(mutated.count))] = random.integer()
        }
        do { try decode(mutated) } catch { #expect(!error.expected.description.isEmpty) }
      }
    }
  }

  /// zstd's own checks would catch most faults, so the sections are also attacked in the open.
  @Test(arguments: UInt64(1)...30) func mutatedRawBatchesNeverTrap(seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    for _ in 0..<40 {
      var batch = random.batch(rows: 3)
      random.addDetails(to: &batch)
      var bytes = try rawFrame(batch)
      for _ in 0...(random.next() % 4) {
        let index = 20 + Int(random.next() % UInt64(max(1, bytes.count - 20)))
        if index < bytes.count { bytes[index] = random.integer() }
      }
      do { try decode(bytes) } catch { #expect(error.offset >= 0) }
    }
  }

  @Test func everyTruncationIsRefusedOrWaits() throws {
    var random = SeededGenerator(seed: 9)
    let bytes = try rawFrame(random.batch(rows: 4))
    for count in 0..<bytes.count {
      #expect(try decode(Array(bytes[..<count])) == 0, "waits for more than \(count) bytes")
      guard count >= 20 else { continue }
      var cut = Array(bytes[..<count])
      setLength(&cut)
      // A cut between two sections leaves a smaller batch; any other is a fault.
      do { try decode(cut) } catch { #expect(error.fault == .truncated) }
    }
  }

  struct Refusal: Sendable, CustomTestStringConvertible {
    var name: String
    var bytes: [UInt8]
    var error: WireError
    var testDescription: String { name }
  }

  @Test(arguments: [
    Refusal(
      name: "a length below the head's", bytes: [3, 0, 0, 0],
      error: WireError(.malformed, at: 0, expected: "a frame length of at least 4")),
    Refusal(
      name: "an HTTP request", bytes: Array("GET / HTTP/1.1\r\n".utf8),
      error: WireError(.oversized, at: 0, expected: "a frame of at most 8 MiB")),
    Refusal(
      name: "a later frame version", bytes: [4, 0, 0, 0, 6, 9, 0, 0],
      error: WireError(.unsupported, at: 5, expected: "frame version 1")),
    Refusal(
      name: "an unknown encoding", bytes: [4, 0, 0, 0, 6, 1, 7, 0],
      error: WireError(.unsupported, at: 6, expected: "encoding 0 (raw) or 1 (zstd)")),
    Refusal(
      name: "an ack without its sequence", bytes: [5, 0, 0, 0, 4, 1, 0, 0, 1],
      error: WireError(.truncated, at: 0, expected: "a fixed-width integer")),
    Refusal(
      name: "a batch without its head", bytes: [5, 0, 0, 0, 3, 1, 0, 0, 1],
      error: WireError(.truncated, at: 0, expected: "a sequence number and a record count")),
    Refusal(
      name: "a compressed batch that is not zstd",
      bytes: [18, 0, 0, 0, 3, 1, 1, 0] + [UInt8](repeating: 0, count: 12) + [1, 2],
      error: WireError(
        .compression, at: 0, expected: "a zstd frame that tells its content's size")),
  ])
  func aBadFrameIsRefusedWithItsPlace(_ refusal: Refusal) {
    #expect(throws: refusal.error) { try decode(refusal.bytes) }
  }

  /// The magic number, a single-segment frame and a content size of 2^40.
  @Test func aCompressionBombIsRefusedBeforeItIsUnpacked() {
    let bomb: [UInt8] =
      [0x28, 0xb5, 0x2f, 0xfd, 0xe0, 0, 0, 0, 0, 0, 1, 0, 0] + [1, 0, 0]
    #expect(throws: WireError(.oversized, at: 0, expected: "a body of at most 32 MiB")) {
      try decode(batchFrame(encoding: 1, body: bomb))
    }
  }

  @Test func aRowCountIsNotBelieved() {
    let limit = WireError(.oversized, at: 10, expected: "a row count inside the limit")
    let bytes: [UInt8] = [2, 5, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0x0f]
    #expect(throws: limit) { try decode(batchFrame(encoding: 0, body: bytes)) }
    let few = WireError(.truncated, at: 7, expected: "as many rows as announced")
    #expect(throws: few) { try decode(batchFrame(encoding: 0, body: [2, 2, 0, 0, 0, 0xff, 0x01])) }
  }

  struct BadRow: Sendable {
    var section: UInt8
    var row: [UInt8]
    var error: WireError
  }

  /// A mask bit of no meaning is a row that this build does not read, in whatever section.
  @Test(arguments: [
    BadRow(
      section: 8, row: [0, 0, 0, 0x10, 0, 0, 0, 0],
      error: WireError(.malformed, at: 10, expected: "a known flow mask")),
    BadRow(
      section: 8, row: [0, 0, 0, 0, 0, 0, 0, 0x20],
      error: WireError(.malformed, at: 14, expected: "a known figure mask")),
    BadRow(
      section: 9, row: [0, 0x20, 0, 0, 0],
      error: WireError(.malformed, at: 8, expected: "a known network metric mask")),
    BadRow(
      section: 9, row: [0, 0x10, 0, 0, 0x10, 0, 0],
      error: WireError(.malformed, at: 11, expected: "a known mask of closes")),
  ])
  func anUnknownMaskIsRefused(_ bad: BadRow) {
    let body = [bad.section, UInt8(bad.row.count + 1), 0, 0, 0, 1] + bad.row
    #expect(throws: bad.error) { try decode(batchFrame(encoding: 0, body: body)) }
  }

  @Test func aTextOutsideTheBatchIsRefused() throws {
    var batch = RecordBatch()
    var call = CallRecord(
      client: CallEnd(address: .unspecified, port: 0),
      server: CallEnd(address: .unspecified, port: 0), start: Timestamp(seconds: 0),
      end: Timestamp(seconds: 0))
    call.texts.endpoint = Text(offset: 0, length: 4)
    batch.calls.append(call)
    let bytes = try rawFrame(batch)
    #expect(throws: WireError.self) { try decode(bytes) }
  }

  /// The rule that lets layouts grow: a section of a later version is stepped over.
  @Test func anUnknownSectionIsSkipped() throws {
    var random = SeededGenerator(seed: 12)
    let batch = random.batch(rows: 3)
    var bytes = try rawFrame(batch)
    bytes += [200, 3, 0, 0, 0, 1, 2, 3]
    setLength(&bytes)
    var decoder = FrameDecoder()
    decoder.append(bytes.span)
    let answer = try decoder.next()
    #expect(answer == .batch(sequence: 1, batch))
  }

  @Test func anUnknownFrameTypeIsPassedOver() throws {
    var decoder = FrameDecoder()
    let bytes: [UInt8] = [6, 0, 0, 0, 99, 1, 0, 0, 5, 5, 4, 0, 0, 0, 6, 1, 0, 0]
    decoder.append(bytes.span)
    let unknown = try decoder.next()
    #expect(unknown == .unknown(FrameType(rawValue: 99)))
    let ping = try decoder.next()
    #expect(ping == .ping)
  }

  @Test func aBatchBeyondTheRowLimitIsNotMade() {
    var batch = RecordBatch()
    batch.endedProcesses = Array(repeating: .unknown, count: WireLimits.processes + 1)
    expectTooLarge(batch)
    batch = RecordBatch()
    let end = FlowEnd(address: .unspecified, port: 0)
    let flow = FlowRecord(
      transport: .tcp, client: end, server: end, start: Timestamp(seconds: 0),
      end: Timestamp(seconds: 0))
    batch.flows = Array(repeating: flow, count: WireLimits.rows + 1)
    expectTooLarge(batch)
  }

  private func expectTooLarge(_ batch: RecordBatch) {
    #expect(throws: WireError(.oversized, at: 0, expected: "a batch inside the row limits")) {
      var encoder = FrameEncoder()
      _ = try encoder.encode(batch, sequence: 1)
    }
  }

  // MARK: Frames by hand

  private func batchFrame(encoding: UInt8, body: [UInt8]) -> [UInt8] {
    var bytes: [UInt8] = [0, 0, 0, 0, 3, 1, encoding, 0]
    bytes += [1, 0, 0, 0, 0, 0, 0, 0] + [0, 0, 0, 0] + body
    setLength(&bytes)
    return bytes
  }

  private func setLength(_ bytes: inout [UInt8]) {
    let length = UInt32(bytes.count - 4)
    for index in 0..<4 { bytes[index] = UInt8(truncatingIfNeeded: length >> UInt32(index * 8)) }
  }

  private func rawFrame(_ batch: RecordBatch) throws -> [UInt8] {
    var encoder = FrameEncoder(compressing: false)
    return try encoder.encode(batch, sequence: 1)
  }
}
