// SPDX-License-Identifier: Apache-2.0

import Telemetry
import TestSupport
import Testing
import Wire

@Suite struct RoundTripTests {
  @Test(arguments: UInt64(1)...40) func anyBatchComesBackAsItWas(seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    var encoder = FrameEncoder()
    var decoder = FrameDecoder()
    for sequence in 0..<UInt64(5) {
      var batch = random.batch(rows: 30)
      random.addDetails(to: &batch)
      let frame = Frame.batch(sequence: sequence, batch)
      let bytes = try encoder.encode(frame)
      decoder.append(bytes.span)
      let answer = try decoder.next()
      #expect(answer == frame, "seed \(seed)")
      let nothing = try decoder.next()
      #expect(nothing == nil)
    }
  }

  /// A connection delivers bytes as it likes.
  @Test(arguments: [1, 2, 3, 7, 64, 1 << 20]) func framesDoNotDependOnTheChunks(size: Int) throws {
    var random = SeededGenerator(seed: 4)
    var encoder = FrameEncoder()
    let frames = Frame.samples(&random)
    var bytes: [UInt8] = []
    for frame in frames { bytes += try encoder.encode(frame) }
    var decoder = FrameDecoder()
    var answers: [Frame] = []
    for start in stride(from: 0, to: bytes.count, by: size) {
      let end = min(start + size, bytes.count)
      decoder.append(bytes.span.extracting(start..<end))
      while let frame = try decoder.next() { answers.append(frame) }
    }
    #expect(answers == frames)
  }

  @Test func aBatchTellsItsRecordsWithoutBeingRead() throws {
    var random = SeededGenerator(seed: 5)
    let batch = random.batch(rows: 50)
    var encoder = FrameEncoder()
    var splitter = FrameSplitter()
    let bytes = try encoder.encode(batch, sequence: 12)
    splitter.append(bytes.span)
    let frame = try splitter.next()
    #expect(frame?.batchHead == BatchHead(sequence: 12, records: UInt32(batch.recordCount)))
  }

  /// What has no length has no place either: the offset of an empty text does not travel.
  @Test func anEmptyTextIsEmptyWhereverItPointed() throws {
    var batch = RecordBatch()
    _ = batch.append("abc")
    var call = CallRecord(
      client: CallEnd(address: .unspecified, port: 0),
      server: CallEnd(address: .unspecified, port: 0), start: Timestamp(seconds: 1),
      end: Timestamp(seconds: 1))
    call.texts.endpoint = Text(offset: 2, length: 0)
    batch.calls.append(call)
    var encoder = FrameEncoder()
    var decoder = FrameDecoder()
    let bytes = try encoder.encode(batch, sequence: 1)
    decoder.append(bytes.span)
    guard case .batch(_, let answer)? = try decoder.next() else {
      Issue.record("no batch")
      return
    }
    #expect(answer.calls[0].texts.endpoint == .empty)
  }

  /// A repair takes three bytes for one, and a cut may fall into a character: neither may make what
  /// was read differ from what is sent on.
  @Test(arguments: [("", 0xff, 4_096), ("x\u{20ac}", 0x80, 4_000)] as [(String, UInt8, Int)])
  func aRepairedStringIsReadTheSameAgain(start: String, byte: UInt8, count: Int) throws {
    let bytes = Array(start.utf8) + [UInt8](repeating: byte, count: count)
    let payload = [7, 0, 0, 0, 0, 0, 0, 0, 1] + varint(bytes.count) + bytes
    let length = UInt32(payload.count + 4)
    let head = (0..<4).map { UInt8(truncatingIfNeeded: length >> UInt32($0 * 8)) }
    var decoder = FrameDecoder()
    decoder.append((head + [5, 1, 0, 0] + payload).span)
    let frame = try #require(try decoder.next())
    var encoder = FrameEncoder()
    let again = try encoder.encode(frame)
    decoder.append(again.span)
    let answer = try decoder.next()
    #expect(answer == frame)
  }

  @Test func aLongStringIsCutBetweenCharacters() throws {
    let text = String(repeating: "\u{20ac}", count: 2_000)
    var encoder = FrameEncoder()
    var decoder = FrameDecoder()
    let bytes = try encoder.encode(
      .reject(Reject(sequence: 1, code: .malformed, text: text)))
    decoder.append(bytes.span)
    let answer = try decoder.next()
    let cut = String(repeating: "\u{20ac}", count: 1_365)
    #expect(answer == .reject(Reject(sequence: 1, code: .malformed, text: cut)))
  }

  private func varint(_ value: Int) -> [UInt8] {
    [UInt8(value & 0x7f) | 0x80, UInt8(value >> 7)]
  }

  /// The bytes of rows never change under a version: agents and servers of any two builds meet.
  @Test func theLayoutOfVersionOneIsFixed() throws {
    var digest: UInt64 = 0xcbf2_9ce4_8422_2325
    for seed in UInt64(1)...20 {
      var random = SeededGenerator(seed: seed)
      var encoder = FrameEncoder(compressing: false)
      for frame in Frame.samples(&random) {
        for byte in try encoder.encode(frame) {
          digest = (digest ^ UInt64(byte)) &* 0x100_0000_01b3
        }
      }
    }
    #expect(digest == 0xf6de_131b_ed85_dd95)
  }

  /// Agents before these fields leave them out, and are understood.
  @Test(arguments: [0, 3] as [UInt64]) func crashesAreOptional(restarts: UInt64) throws {
    let crashes = AnnouncedCrashes(name: "HTTP", count: restarts, isSuspended: true)
    let hello = Hello(
      identity: AgentIdentity(machineID: "m", instanceHigh: 1, instanceLow: 2), bootID: "",
      hostname: "h", agentVersion: "0", protocols: [], restarts: restarts,
      crashes: restarts > 0 ? [crashes] : [])
    var encoder = FrameEncoder()
    var decoder = FrameDecoder()
    let bytes = try encoder.encode(.hello(hello))
    decoder.append(bytes.span)
    let answer = try decoder.next()
    #expect(answer == .hello(hello))
  }

  /// Servers before this field leave it out, and are understood.
  @Test(arguments: [nil, 0, 0xfeed_beef] as [UInt32?])
  func theChecksumOfTheLastBatchIsOptional(checksum: UInt32?) throws {
    let answer = HelloAck(accepted: true, agentID: 7, lastSequence: 99, lastChecksum: checksum)
    var encoder = FrameEncoder()
    var decoder = FrameDecoder()
    let bytes = try encoder.encode(.helloAck(answer))
    decoder.append(bytes.span)
    #expect(try decoder.next() == .helloAck(answer))
  }

  /// The worked examples of docs/formats/wire.md.
  @Test func theDocumentedExamplesAreWhatIsWritten() throws {
    var encoder = FrameEncoder()
    let ack = try encoder.encode(.ack(through: 258))
    #expect(ack == [12, 0, 0, 0, 4, 1, 0, 0, 2, 1, 0, 0, 0, 0, 0, 0])
    var batch = RecordBatch()
    batch.endedProcesses = [ProcessKey(pid: 300, startedAfterBoot: 5)]
    let head: [UInt8] = [25, 0, 0, 0, 3, 1, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]
    let bytes = try encoder.encode(batch, sequence: 7)
    #expect(bytes == head + [6, 4, 0, 0, 0, 1, 0xac, 2, 5])
  }
}
