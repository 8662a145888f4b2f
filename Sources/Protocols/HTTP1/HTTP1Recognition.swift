// SPDX-License-Identifier: Apache-2.0

import Bytes

/// Tells HTTP/1 by the first line of a request, or of a response.
///
/// Stricter than what is read once it is known: a request that is not recognised, in whatever
/// respect it is unusual, is understood by the response that it gets.
enum HTTP1Recognition {
  /// Words longer than this are no methods that are recognised.
  private static let methodLimit = 64

  static func recognize(_ bytes: Span<UInt8>, context: RecognitionContext) -> Recognition {
    guard bytes.count > 0 else { return .undecided }
    switch ProxyHeader(bytes) {
    case .none: break
    case .undecided: return .undecided
    case .bytes(let count):
      guard count < bytes.count else { return .undecided }
      return recognizeLine(bytes.extracting(droppingFirst: count), context: context)
    }
    return recognizeLine(bytes, context: context)
  }

  /// Whether bytes of which nothing is known begin with a usual method: then they are the beginning of
  /// a request, and not what is left over of a body.
  static func beginsWithMethod(_ bytes: Span<UInt8>) -> Bool {
    var start = 0
    while start < bytes.count, bytes[start] == 0x0A || bytes[start] == 0x0D { start += 1 }
    return start == bytes.count || method(bytes.extracting(droppingFirst: start)) != nil
  }

  private static func recognizeLine(
    _ bytes: Span<UInt8>, context: RecognitionContext
  ) -> Recognition {
    // Empty lines before a message are to be ignored, RFC 9112 section 2.2.
    var start = 0
    while start < bytes.count, bytes[start] == 0x0A || bytes[start] == 0x0D { start += 1 }
    guard start < bytes.count else { return start < 64 ? .undecided : .no }
    let line = bytes.extracting(droppingFirst: start)
    let answer = response(line)
    return answer == .no && context.side != .server ? request(line, context: context) : answer
  }

  private static func request(_ bytes: Span<UInt8>, context: RecognitionContext) -> Recognition {
    guard bytes[0] | 0x20 &- 0x61 < 26 else { return .no }
    let line = HTTP1RequestLine(bytes, to: bytes.count)
    guard line.method.count <= methodLimit, line.form == .usual else { return .no }
    if line.end != nil, method(bytes) == nil, isEndOfMethod(bytes, line.method.count) { return .no }
    if line.end != nil {
      // Version 2 begins like a request of a version that is none: RFC 9113 section 3.4.
      let major = bytes[line.version.lowerBound]
      return major <= UInt8(ascii: "1") ? .yes(sentBy: .client) : .no
    }
    // The line may go on behind the capture's end: a path that long after a word is a target.
    let start = line.target.lowerBound
    guard context.isTruncated, bytes.count >= 64, start < bytes.count else { return .undecided }
    let isPath = bytes[start] == UInt8(ascii: "/") || method(bytes) != nil
    return isPath ? .yes(sentBy: .client) : .undecided
  }

  /// `HTTP/1.x NNN`, alone or followed by a space or the line's end.
  private static func response(_ bytes: Span<UInt8>) -> Recognition {
    guard HTTP1Version.isPrefix(bytes, count: min(bytes.count, 8)) else { return .no }
    if bytes.count > 8, !HTTP1Version.isBlank(bytes[8]) { return .no }
    var start = 9
    while start < bytes.count, HTTP1Version.isBlank(bytes[start]) { start += 1 }
    for index in start..<max(start, min(start + 3, bytes.count))
    where bytes[index] &- 0x30 > 9 { return .no }
    guard bytes.count >= start + 4 else { return .undecided }
    return [0x20, 0x09, 0x0D, 0x0A].contains(bytes[start + 3]) ? .yes(sentBy: .server) : .no
  }

  /// The length of the usual method that `bytes` begin with, 0 when they end before that is decided,
  /// nil when there is none.
  private static func method(_ bytes: Span<UInt8>) -> Int? {
    let word = bytes.word(at: 0)
    var canBecomeOne = false
    for name in methods {
      let count = min(bytes.count, 8, name.count)
      let mask = count == 8 ? UInt64.max : (1 << UInt64(count * 8)) &- 1
      guard word & mask == name.word & mask else { continue }
      if bytes.count <= name.count {
        canBecomeOne = true
      } else if bytes[name.count] == UInt8(ascii: " "), name.hasTail(bytes) {
        return name.count
      }
    }
    return canBecomeOne ? 0 : nil
  }

  /// Whether the first `count` bytes are the end of a usual method, whose beginning was not seen.
  private static func isEndOfMethod(_ bytes: Span<UInt8>, _ count: Int) -> Bool {
    guard count <= 8 else { return false }
    let word = bytes.word(at: 0) & (UInt64.max >> UInt64(64 - 8 * count))
    for name in methods where count < name.count && name.end(count) == word { return true }
    return false
  }

  /// A method's name: its first eight bytes as a word, and the rest.
  private struct Name {
    let word: UInt64
    let tail: StaticString
    let count: Int

    init(_ head: StaticString, _ tail: StaticString = "") {
      word = HeaderName.word(head, 0)
      self.tail = tail
      count = head.utf8CodeUnitCount + tail.utf8CodeUnitCount
    }

    /// The last `count` bytes of the first eight, as a word; 0 when there are not so many.
    func end(_ count: Int) -> UInt64 {
      let length = min(self.count, 8)
      return count > length ? 0 : word >> UInt64(8 * (length - count))
    }

    func hasTail(_ bytes: Span<UInt8>) -> Bool {
      tail.utf8CodeUnitCount == 0
        || HeaderName.word(tail, 0) == bytes.word(at: 8)
          & (UInt64.max >> UInt64(64 - 8 * tail.utf8CodeUnitCount))
    }
  }

  /// RFC 9110 section 9, RFC 5789, RFC 4918 (WebDAV) and the others of the IANA registry that are
  /// in use; `WRAPPED` and `EXTENSION-METHOD` are the oldest drafts'.
  private static let methods: [Name] = [
    Name("GET"), Name("POST"), Name("PUT"), Name("DELETE"), Name("HEAD"), Name("OPTIONS"),
    Name("PATCH"), Name("CONNECT"), Name("TRACE"), Name("LINK"), Name("UNLINK"), Name("COPY"),
    Name("MOVE"), Name("LOCK"), Name("UNLOCK"), Name("MKCOL"), Name("PROPFIND"),
    Name("PROPPATC", "H"), Name("REPORT"), Name("SEARCH"), Name("PURGE"), Name("QUERY"),
    Name("WRAPPED"), Name("EXTENSIO", "N-METHOD"),
  ]
}
