// SPDX-License-Identifier: Apache-2.0

import Telemetry

/// The TCP options that flows look at (RFC 9293, 7323, 2018; TOA is kind 254, or 253).
struct TCPOptions {
  /// Shift count; nil when not offered.
  var windowScale: UInt8?
  /// 0 when not told.
  var maximumSegment: UInt16 = 0
  var permitsSelectiveAcknowledgement = false
  /// Blocks of the SACK option, 0 to 4, and the first of them.
  var selectiveBlocks: UInt8 = 0
  var firstBlock: (left: UInt32, right: UInt32) = (0, 0)
  /// Timestamp value and echo; 0, 0 when not there.
  var timestampValue: UInt32 = 0
  var timestampEcho: UInt32 = 0
  /// The client's address before translation, from a TOA option; unspecified when not there.
  var realAddress: IPAddress = .unspecified
  var realPort: UInt16 = 0
}

extension TCPOptions {
  /// Reads the options between two offsets; what is wrong with them ends the reading, not the packet.
  @inline(__always)
  mutating func read(_ bytes: Span<UInt8>, from start: Int, to end: Int) {
    if end &- start == 12 {
      // What nearly every segment has: two bytes of padding and the timestamps (RFC 7323 appendix A).
      let usual = HeaderBytes(bytes, at: start, count: 12)
      if usual.u32(0) == 0x0101_080a {
        timestampValue = usual.u32(4)
        timestampEcho = usual.u32(8)
        return
      }
    }
    readAll(bytes, from: start, to: end)
  }

  @inline(never)
  private mutating func readAll(_ bytes: Span<UInt8>, from start: Int, to end: Int) {
    var next = start
    while next < end {
      let kind = HeaderBytes(bytes, at: next, count: 1).u8(0)
      if kind == 0 { return }
      if kind == 1 {
        next += 1
        continue
      }
      guard next + 2 <= end else { return }
      let length = Int(HeaderBytes(bytes, at: next, count: 2).u8(1))
      guard length >= 2, next + length <= end else { return }
      take(HeaderBytes(bytes, at: next, count: length), kind, length)
      next += length
    }
  }

  @inline(__always)
  private mutating func take(_ option: borrowing HeaderBytes, _ kind: UInt8, _ length: Int) {
    switch (kind, length) {
    case (2, 4): maximumSegment = option.u16(2)
    // RFC 7323 section 2.3: a greater shift counts as 14.
    case (3, 3): windowScale = min(option.u8(2), 14)
    case (4, 2): permitsSelectiveAcknowledgement = true
    case (5, 10), (5, 18), (5, 26), (5, 34):
      selectiveBlocks = UInt8(length / 8)
      firstBlock = (option.u32(2), option.u32(6))
    case (8, 10):
      timestampValue = option.u32(2)
      timestampEcho = option.u32(6)
    // What balancers put in to tell the client's address; kinds that RFC 4727 leaves for experiments.
    case (253, 8), (254, 8):
      realPort = option.u16(2)
      realAddress.setV4(option.u32(4))
    case (253, 20), (254, 20):
      realPort = option.u16(2)
      realAddress.high = option.u64(4)
      realAddress.low = option.u64(12)
    default: break
    }
  }
}
