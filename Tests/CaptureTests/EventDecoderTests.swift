// SPDX-License-Identifier: Apache-2.0

import CProbes
import Glibc
import Telemetry
import Testing

@testable import Capture

/// The ring is written by our own probes, but a newer agent may leave an older one's ring behind,
/// and nothing that is read may trap.
@Suite struct EventDecoderTests {
  private var decoder = EventDecoder(clock: KernelClock(CLOCK_MONOTONIC))

  private static func bytes<Record>(_ record: Record) -> [UInt8] {
    var record = record
    return unsafe withUnsafeBytes(of: &record) { unsafe Array($0) }
  }

  private static func head(_ kind: mf_event_kind, thread: UInt32 = 7) -> mf_head {
    var head = mf_head()
    head.kind = UInt8(kind.rawValue)
    head.process = 5
    head.thread = thread
    return head
  }

  private static func facts(of socket: UInt64, port: UInt16) -> [UInt8] {
    var record = mf_socket_record()
    record.head = head(MF_EVENT_SOCKET)
    record.socket = socket
    record.facts.local_port = port
    return bytes(record)
  }

  private static func facts(ofThread thread: UInt32, start: UInt64) -> [UInt8] {
    var record = mf_thread_record()
    record.head = head(MF_EVENT_THREAD, thread: thread)
    record.facts.process_start = start
    return bytes(record)
  }

  private static func data(_ socket: UInt64, thread: UInt32 = 7) -> [UInt8] {
    var record = mf_data_event()
    record.head = head(MF_EVENT_DATA, thread: thread)
    record.socket = socket
    return bytes(record)
  }

  /// What a record is told as: a port and when the process began, or why not.
  private mutating func told(_ bytes: [UInt8], of stream: Int = 0) -> String {
    switch unsafe decoder.decode(bytes.span.bytes, of: stream) {
    case .socket(let event, _, _): "\(event.localPort) \(event.process.startedAfterBoot)"
    case .facts: "facts"
    case .unplaced(let socket): "unplaced \(socket)"
    case .malformed: "malformed"
    default: "other"
    }
  }

  /// Random bytes, then random bytes behind the head of every kind.
  @Test(arguments: [1, 2, 3] as [UInt64])
  mutating func anyBytesAreDecodedOrRefused(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    for round in 0..<20_000 {
      let count = Int.random(in: 0...300, using: &random)
      var bytes = (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
      if count > 63, round % 2 == 0 {
        bytes[4] = UInt8(round / 2 % 11)
        bytes[62] &= 1
        bytes[63] %= 3
      }
      if case .socket(_, let start, let captured) = unsafe decoder.decode(
        bytes.span.bytes, of: round % 3)
      {
        #expect(start + captured <= count)
      }
    }
  }

  @Test mutating func aRecordShorterThanItsHeaderIsRefused() {
    for kind in 0...9 {
      let least = kind == 0 ? EventDecoder.dataBytes : 56
      for count in 0..<least {
        var bytes = [UInt8](repeating: 0, count: count)
        if count > 4 { bytes[4] = UInt8(kind) }
        #expect(told(bytes) == "malformed", "\(count) bytes of kind \(kind)")
      }
    }
  }

  /// A length that points behind the record would read the next one's bytes as payload.
  @Test mutating func aPayloadBeyondTheRecordIsRefused() {
    var raw = mf_socket_event()
    raw.data.head = Self.head(MF_EVENT_WHOLE)
    raw.data.captured = 9
    var bytes = Self.bytes(raw) + [1, 2, 3, 4, 5, 6, 7, 8]
    #expect(told(bytes) == "malformed")
    bytes.append(9)
    guard
      case .socket(let event, EventDecoder.wholeBytes, 9) = unsafe decoder.decode(
        bytes.span.bytes, of: 0)
    else {
      Issue.record("nine bytes of nine are a payload")
      return
    }
    #expect(event.kind == .data && event.direction == .egress && event.role == .unknown)
  }

  /// Facts are of a socket and of a lane's thread; another's are none.
  @Test mutating func dataHasItsOwnFactsOrNone() {
    let other = UInt64(3 + MF_SLOTS.rawValue)
    #expect(told(Self.data(3)) == "unplaced 3")
    #expect(told(Self.facts(of: 3, port: 80)) == "facts")
    #expect(told(Self.data(3)) == "unplaced 3")
    #expect(told(Self.facts(ofThread: 7, start: 20_000_000)) == "facts")
    #expect(told(Self.data(3)) == "80 20")
    // Another lane, another thread, another socket of the same slot.
    #expect(told(Self.data(3), of: 1) == "unplaced 3")
    #expect(told(Self.data(3, thread: 8)) == "unplaced 3")
    #expect(told(Self.data(other)) == "unplaced \(other)")
    #expect(told(Self.facts(of: other, port: 81), of: 5) == "facts")
    #expect(told(Self.data(other)) == "81 20")
    #expect(told(Self.data(3)) == "unplaced 3")
    #expect(told(Self.facts(ofThread: 7, start: 90_000_000), of: 1) == "facts")
    #expect(told(Self.data(other), of: 1) == "81 90")
  }

  /// /proc tells the start in ticks of 10 ms, the kernel in nanoseconds.
  @Test(arguments: [0, 9_999_999, 10_000_000, 2_828_990_123_456] as [UInt64])
  func aProcessHasOneKeyWhereverItComesFrom(nanoseconds: UInt64) {
    let ticks = nanoseconds / 10_000_000
    #expect(
      ProcessStart.milliseconds(bootNanoseconds: nanoseconds)
        == ProcessStart.milliseconds(ticks: ticks))
  }
}

/// SplitMix64: small, and the same on every machine.
struct SeededGenerator: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) {
    state = seed
  }

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var word = state
    word = (word ^ word >> 30) &* 0xbf58_476d_1ce4_e5b9
    word = (word ^ word >> 27) &* 0x94d0_49bb_1331_11eb
    return word ^ word >> 31
  }
}
