// SPDX-License-Identifier: Apache-2.0

import Bytes

/// Tells HTTP/1 by the first line of a request, or of a response.
enum HTTP1Recognition {
  static func recognize(_ bytes: Span<UInt8>, context: RecognitionContext) -> Recognition {
    guard bytes.count > 0 else { return .undecided }
    if let method = method(bytes) {
      return method == 0 ? .undecided : request(bytes, methodEnd: method, context: context)
    }
    return response(bytes)
  }

  /// The length of the known method that `bytes` begin with, 0 when they end before that is decided,
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

  private static func request(
    _ bytes: Span<UInt8>, methodEnd: Int, context: RecognitionContext
  ) -> Recognition {
    let start = methodEnd + 1
    guard start < bytes.count else { return .undecided }
    var index = start
    while index < bytes.count, bytes[index] > 0x20, bytes[index] != 0x7F { index += 1 }
    guard index > start else { return .no }
    if index < bytes.count {
      guard bytes[index] == UInt8(ascii: " ") else { return .no }
      let left = bytes.count - index - 1
      guard HTTP1Version.isPrefix(bytes.extracting(droppingFirst: index + 1), count: min(left, 8))
      else {
        return .no
      }
      guard left >= 8 else { return .undecided }
      let isEnded = left == 8 || bytes[index + 9] == 0x0D || bytes[index + 9] == 0x0A
      return isEnded ? .yes(sentBy: .client) : .no
    }
    // A target past the end of the capture: a path that long after a method is one.
    let isPath = bytes[start] == UInt8(ascii: "/")
    return context.isTruncated && isPath && bytes.count >= 64
      ? .yes(sentBy: .client) : .undecided
  }

  /// `HTTP/1.x NNN`, alone or followed by a space or the line's end.
  private static func response(_ bytes: Span<UInt8>) -> Recognition {
    guard HTTP1Version.isPrefix(bytes, count: min(bytes.count, 8)) else { return .no }
    if bytes.count > 8, bytes[8] != UInt8(ascii: " ") { return .no }
    for index in 9..<max(9, min(12, bytes.count)) where bytes[index] &- 0x30 > 9 { return .no }
    guard bytes.count >= 13 else { return .undecided }
    return [0x20, 0x0D, 0x0A].contains(bytes[12]) ? .yes(sentBy: .server) : .no
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
