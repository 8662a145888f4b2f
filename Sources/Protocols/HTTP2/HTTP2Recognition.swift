// SPDX-License-Identifier: Apache-2.0

import Bytes

/// Tells HTTP/2 by what the client says first, or by frames that fit together. Many protocols begin with a
/// length in the same place, so one frame is believed only if it says a thing or two of HTTP.
enum HTTP2Recognition {
  /// Frames without a meaning of their own that make one together.
  private static let enough = 2

  static func recognize(_ bytes: Span<UInt8>, context: RecognitionContext) -> Recognition {
    guard bytes.count > 0 else { return .undecided }
    if bytes[0] == UInt8(ascii: "P") {
      let isPreface = context.side != .server && preface(bytes)
      guard isPreface else { return .no }
      return bytes.count >= 24 ? .yes(sentBy: .client) : .undecided
    }
    return frames(bytes, side: context.side, isTruncated: context.isTruncated)
  }

  /// Whether `bytes` are the client's preface, or as much of it as there is room for.
  static func preface(_ bytes: Span<UInt8>) -> Bool {
    HTTP2Frame.preface.withUTF8Buffer { preface in
      for index in 0..<min(bytes.count, preface.count)
      where bytes[index] != (unsafe preface[index]) { return false }
      return true
    }
  }

  /// Whether `bytes` are frames, from the head of one on.
  static func frames(
    _ bytes: Span<UInt8>, side: Side?, isTruncated: Bool
  ) -> Recognition {
    var offset = 0
    var meaningless = 0
    while offset < bytes.count {
      guard bytes.count - offset >= HTTP2Frame.headSize else {
        return mayBeHead(bytes, offset) ? .undecided : .no
      }
      let frame = HTTP2Frame(bytes, at: offset)
      guard mayBeHead(bytes, offset), isUsual(frame) else { return .no }
      let end = offset + frame.total
      let isWhole = end <= bytes.count
      let body = bytes.clipped(from: offset + HTTP2Frame.headSize, to: end)
      switch frame.kind {
      case .headers:
        guard let sender = headers(frame, body, isCut: !isWhole) else { return .no }
        if case .known(let sentBy) = sender, isWhole || isTruncated {
          return side == nil || sentBy == side ? .yes(sentBy: sentBy) : .no
        }
      case .settings:
        guard let isSaid = settings(body, isCut: !isWhole) else { return .no }
        if isSaid, isWhole { return .yes(sentBy: nil) }
      case .windowUpdate where isWhole:
        guard bytes.word(at: offset + 9) & 0xffff_ff7f != 0 else { return .no }
      case .data where !isWhole && meaningless == 0: return .no
      default: break
      }
      guard isWhole else { return .undecided }
      if frame.kind != .data { meaningless += 1 }
      if meaningless >= enough { return .yes(sentBy: nil) }
      offset = end
    }
    return .undecided
  }

  /// Whether as much of a frame's head as there is may be one, as far as bytes tell by themselves.
  private static func mayBeHead(_ bytes: Span<UInt8>, _ offset: Int) -> Bool {
    for (place, most) in [(0, 0), (3, 9), (4, 0x2d), (5, 0x7f)] as [(Int, UInt8)]
    where offset + place < bytes.count && bytes[offset + place] > most { return false }
    return true
  }

  /// Whether a frame is one that everybody sends.
  private static func isUsual(_ frame: HTTP2Frame) -> Bool {
    guard frame.fault == nil, let kind = frame.kind else { return false }
    let flags: UInt8 =
      switch kind {
      case .data: 0x09
      case .headers: 0x2d
      case .pushPromise: 0x0c
      case .settings, .ping: 0x01
      case .continuation: 0x04
      case .priority, .reset, .goAway, .windowUpdate: 0
      }
    return frame.flags & ~flags == 0 && frame.length < 65_536
      && (kind != .goAway || frame.length <= 1_024) && (kind != .headers || frame.length > 0)
  }

  /// Whether a setting is among these, RFC 9113 section 6.5.2; nil when they are none.
  private static func settings(_ body: Span<UInt8>, isCut: Bool) -> Bool? {
    guard body.count <= 192 else { return nil }
    var known = 0
    var offset = 0
    while offset + 6 <= body.count {
      let number = Int(body[offset]) << 8 | Int(body[offset + 1])
      let value = UInt32(truncatingIfNeeded: body.word(at: offset + 2)).byteSwapped
      switch number {
      case 1, 3, 6, 9: known += 1
      case 2, 8:
        guard value <= 1 else { return nil }
        known += 1
      case 4:
        guard value <= 0x7fff_ffff else { return nil }
        known += 1
      case 5:
        guard (16_384..<(1 << 24)).contains(value) else { return nil }
        known += 1
      default: break
      }
      offset += 6
    }
    return known > 0
  }

  /// What a header block says of itself.
  enum Sender {
    case unknown
    case known(Side)
  }

  /// Whose the fields are that the body of a HEADERS frame begins with; nil when it is none.
  private static func headers(_ frame: HTTP2Frame, _ body: Span<UInt8>, isCut: Bool) -> Sender? {
    guard let block = HTTP2Block.fragment(of: frame, in: body, isCut: isCut) else { return nil }
    var reader = HPACKReader(body.clipped(block))
    var side: Side?
    var found = 0
    while !reader.isAtEnd {
      do throws(HPACKFault) {
        guard let number = try outline(&reader) else { return nil }
        guard number > 0, number <= 14 else { continue }
        let sender: Side = HPACKStaticTable.isOfRequest(number) ? .client : .server
        guard side == nil || side == sender else { return nil }
        side = sender
        found += 1
      } catch {
        // Of one that goes on behind the frame, or the view, not all can be looked at.
        guard error == .cut, isCut || !frame.endsHeaders else { return nil }
        break
      }
    }
    // A response has one field of that kind, a request three or more.
    guard let side, found >= (side == .client ? 2 : 1), side == .client || found == 1 else {
      return .unknown
    }
    return .known(side)
  }

  /// Moves over a field; its number or its name's, 0 for a name that is spelled out; nil when it is none.
  @_lifetime(reader: copy reader)
  private static func outline(_ reader: inout HPACKReader) throws(HPACKFault) -> Int? {
    let form = HPACKForm(reader.first)
    let number = try reader.number(bits: form.bits)
    switch form {
    case .tableSize: return 0
    case .indexed:
      return number > 0 && number <= 2_048 ? number : nil
    case .literal:
      guard number <= 2_048 else { return nil }
      if number == 0 {
        let name = try reader.text()
        guard !name.range.isEmpty, name.range.count <= 256 else { return nil }
        if !name.isCoded {
          for index in name.range where reader.bytes[index] <= 0x20 || reader.bytes[index] > 0x7e {
            return nil
          }
        }
      }
      _ = try reader.text()
      return number
    }
  }
}
