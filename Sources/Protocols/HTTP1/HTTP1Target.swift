// SPDX-License-Identifier: Apache-2.0

import Bytes
import Telemetry

/// The target of a request, taken apart: RFC 9112 section 3.2.
struct HTTP1Target {
  /// The authority of an absolute target (`http://host/path`) or of CONNECT; empty otherwise.
  var authority: Range<Int>
  /// Path and query.
  var resource: Range<Int>

  init(_ bytes: Span<UInt8>, _ target: Range<Int>, isConnect: Bool) {
    authority = target.lowerBound..<target.lowerBound
    resource = target
    // Of one that the capture cuts, nobody knows whether it is a user's name and password.
    let isCut = target.upperBound == bytes.count
    if isConnect {
      authority = isCut ? authority : Self.withoutUser(bytes, target)
      resource = authority
      return
    }
    guard !target.isEmpty, bytes[target.lowerBound] != Self.slash,
      let colon = bytes.firstIndex(
        of: UInt8(ascii: ":"), from: target.lowerBound,
        to: min(target.lowerBound + 8, target.upperBound)),
      colon + 2 < target.upperBound, bytes[colon + 1] == Self.slash, bytes[colon + 2] == Self.slash
    else { return }
    let start = colon + 3
    let end = bytes.firstIndex(of: Self.slash, from: start, to: target.upperBound)
    if end != nil || !isCut {
      authority = Self.withoutUser(bytes, start..<(end ?? target.upperBound))
    }
    resource = (end ?? target.upperBound)..<target.upperBound
  }

  /// An authority without the name and password of a user, RFC 9110 section 4.2.4.
  private static func withoutUser(_ bytes: Span<UInt8>, _ authority: Range<Int>) -> Range<Int> {
    var host = authority
    while let at = bytes.firstIndex(
      of: UInt8(ascii: "@"), from: host.lowerBound, to: host.upperBound)
    {
      host = (at + 1)..<host.upperBound
    }
    return host
  }

  /// The first two segments of the path that are neither empty nor `.`, as `/one/two`: what calls are
  /// grouped by. `resource` is where `bytes` at ``resource`` were copied to; an endpoint that is its
  /// beginning, as most are, is not copied again.
  static func endpoint(
    _ bytes: Span<UInt8>, _ range: Range<Int>, copiedTo resource: Text,
    into fields: inout FieldBuffer
  ) -> Text {
    guard !range.isEmpty, bytes[range.lowerBound] == slash else {
      return beginning(of: resource, query(bytes, range, range.lowerBound) - range.lowerBound)
    }
    var index = range.lowerBound
    var segments = 0
    while segments < 2 {
      // At a slash: the segment after it.
      let start = index + 1
      var end = start
      while end < range.upperBound, !isSegmentEnd(bytes[end]) { end += 1 }
      let isDot = end == start + 1 && bytes[start] == UInt8(ascii: ".")
      let isLast = end == range.upperBound || bytes[end] != slash
      if end == start || isDot {
        if isLast, segments > 0 || !isDot && start == range.lowerBound + 1 {
          // Nothing follows `/`, or `/one/`.
          return beginning(of: resource, segments > 0 ? index - range.lowerBound : 1)
        }
        return normalized(bytes, range, into: &fields)
      }
      segments += 1
      index = end
      if isLast { break }
    }
    return beginning(of: resource, index - range.lowerBound)
  }

  /// The endpoint of a path with segments that do not count.
  private static func normalized(
    _ bytes: Span<UInt8>, _ range: Range<Int>, into fields: inout FieldBuffer
  ) -> Text {
    let mark = fields.mark
    let end = query(bytes, range, range.lowerBound)
    var start = range.lowerBound
    var segments = 0
    while start < end, segments < 2 {
      let next = bytes.firstIndex(of: slash, from: start, to: end) ?? end
      let isDot = next == start + 1 && bytes[start] == UInt8(ascii: ".")
      if next > start, !isDot {
        fields.push(slash)
        fields.push(bytes.clipped(from: start, to: next))
        segments += 1
      }
      start = next + 1
    }
    if segments == 0 { fields.push(slash) }
    return fields.finish(from: mark)
  }

  /// Where the path ends: at `?`, `#` or the end.
  private static func query(_ bytes: Span<UInt8>, _ range: Range<Int>, _ start: Int) -> Int {
    var index = start
    while index < range.upperBound, bytes[index] != UInt8(ascii: "?"),
      bytes[index] != UInt8(ascii: "#")
    {
      index += 1
    }
    return index
  }

  private static func beginning(of text: Text, _ count: Int) -> Text {
    let length = min(count, Int(text.length))
    return length <= 0
      ? .empty : Text(offset: text.offset, length: UInt32(truncatingIfNeeded: length))
  }

  @inline(__always)
  private static func isSegmentEnd(_ byte: UInt8) -> Bool {
    byte == slash || byte == UInt8(ascii: "?") || byte == UInt8(ascii: "#")
  }

  private static let slash = UInt8(ascii: "/")
}
