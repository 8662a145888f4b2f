// SPDX-License-Identifier: Apache-2.0

import CProbes
import Glibc
import Telemetry
import Testing

@testable import Capture

/// The ring is written by our own probes, but a newer agent may leave an older one's ring behind,
/// and nothing that is read may trap.
@Suite struct EventDecoderTests {
  private let decoder = EventDecoder(clock: KernelClock(CLOCK_MONOTONIC))

  /// Random bytes, then random bytes behind the first byte of every kind.
  @Test(arguments: [1, 2, 3] as [UInt64])
  func anyBytesAreDecodedOrRefused(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    for round in 0..<20_000 {
      let count = Int.random(in: 0...200, using: &random)
      var bytes = (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
      if count > 3, round % 2 == 0 {
        bytes[0] = UInt8(round / 2 % 7)
        bytes[1] &= 1
        bytes[2] %= 3
      }
      if case .socket(_, let captured) = unsafe decoder.decode(bytes.span.bytes) {
        #expect(captured <= count - EventDecoder.headerBytes)
      }
    }
  }

  @Test func aRecordShorterThanItsHeaderIsRefused() {
    for count in 0..<EventDecoder.headerBytes {
      let bytes = [UInt8](repeating: 0, count: count)
      guard case .malformed = unsafe decoder.decode(bytes.span.bytes) else {
        Issue.record("\(count) bytes were taken for an event")
        continue
      }
    }
  }

  /// A length that points behind the record would read the next one's bytes as payload.
  @Test func aPayloadBeyondTheRecordIsRefused() {
    var raw = mf_socket_event()
    raw.captured = 9
    var bytes = unsafe withUnsafeBytes(of: &raw) { unsafe Array($0) } + [1, 2, 3, 4, 5, 6, 7, 8]
    guard case .malformed = unsafe decoder.decode(bytes.span.bytes) else {
      Issue.record("nine bytes of eight were promised")
      return
    }
    bytes.append(9)
    guard case .socket(let event, 9) = unsafe decoder.decode(bytes.span.bytes) else {
      Issue.record("nine bytes of nine are a payload")
      return
    }
    #expect(event.kind == .data && event.direction == .egress && event.role == .unknown)
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
