// SPDX-License-Identifier: Apache-2.0

import Bytes
import Telemetry

/// Writing URLs without the values that ``PrivacyRules`` hides.
extension FieldBuffer {
  /// A path and query, and what calls are grouped by: the path by its kind.
  struct Resource {
    var text: Text
    var endpoint: Text
  }

  /// Copies the path and query at `range`: `/pay?token=?&step=?`.
  mutating func append(resource source: Span<UInt8>, at range: Range<Int>) -> Resource {
    let mark = self.mark
    let path = range.lowerBound..<Self.pathEnd(source, range)
    let isMasked = push(resource: source, range, path)
    let text = finish(from: mark)
    let isPath = !path.isEmpty && source[path.lowerBound] == slash
    guard isMasked || isPath && !Self.isItsOwnKind(source, path) else {
      return Resource(text: text, endpoint: Self.beginning(of: text, source, path))
    }
    return Resource(
      text: text,
      endpoint: isMasked ? endpoint(ofMasked: source, path) : endpoint(of: source, path))
  }

  /// The path at the beginning of a resource, without a slash at its end.
  private static func beginning(
    of text: Text, _ source: Span<UInt8>, _ path: Range<Int>
  ) -> Text {
    let hasEnd = path.count > 1 && source[path.upperBound - 1] == slash
    let length = min(UInt32(truncatingIfNeeded: path.count - (hasEnd ? 1 : 0)), text.length)
    return length == 0 ? .empty : Text(offset: text.offset, length: length)
  }

  /// Pushes the path and query at `range`; whether something of the path is hidden.
  private mutating func push(
    resource source: Span<UInt8>, _ range: Range<Int>, _ path: Range<Int>
  ) -> Bool {
    let mark = self.mark
    guard privacy.urlValues != .show else {
      push(source.clipped(range))
      return false
    }
    var isMasked = false
    if privacy.hasNoAddedNames, URLPath.isPlain(source, path) {
      push(source.clipped(path))
    } else {
      isMasked = push(path: source, path)
    }
    push(query: source, path.upperBound..<range.upperBound, from: mark)
    return isMasked
  }

  /// Where `?` or `#` ends the path.
  @inline(__always)
  private static func pathEnd(_ source: Span<UInt8>, _ range: Range<Int>) -> Int {
    let end =
      source.firstIndex(of: question, from: range.lowerBound, to: range.upperBound)
      ?? range.upperBound
    return source.firstIndex(of: hash, from: range.lowerBound, to: end) ?? end
  }

  /// Pushes the path; whether something of it is hidden.
  private mutating func push(path source: Span<UInt8>, _ path: Range<Int>) -> Bool {
    let mark = self.mark
    var isMasked = false
    var walk = URLPath(source, path)
    var position = path.lowerBound
    while self.mark - mark <= Self.textLimit, let (segment, isSecret) = walk.next(privacy) {
      if segment.lowerBound > position { push(slash) }
      position = segment.upperBound
      if push(segment: source, segment, isSecret: isSecret) { isMasked = true }
    }
    return isMasked
  }

  /// The segments that are neither empty nor `.`, by their kind.
  private mutating func endpoint(of source: Span<UInt8>, _ path: Range<Int>) -> Text {
    let mark = self.mark
    var segments = 0
    var start = path.lowerBound
    while start < path.upperBound, self.mark - mark < Self.textLimit {
      if source[start] == slash { start += 1 }
      let end =
        source.firstIndex(of: slash, from: start, to: path.upperBound) ?? path.upperBound
      if begins(source, start..<end, &segments) {
        push(kindOf: source.clipped(from: start, to: end))
      }
      start = end
    }
    if segments == 0 { push(slash) }
    return finish(from: mark)
  }

  /// The same of a path with values that are hidden.
  private mutating func endpoint(ofMasked source: Span<UInt8>, _ path: Range<Int>) -> Text {
    let mark = self.mark
    var walk = URLPath(source, path)
    var segments = 0
    while self.mark - mark < Self.textLimit, let (segment, isSecret) = walk.next(privacy) {
      guard begins(source, segment, &segments) else { continue }
      if isSecret || hides(source, segment) {
        _ = push(segment: source, segment, isSecret: isSecret)
      } else {
        push(kindOf: source.clipped(segment))
      }
    }
    if segments == 0 { push(slash) }
    return finish(from: mark)
  }

  /// Pushes what stands in front of a segment; false for one that is not told.
  private mutating func begins(
    _ source: Span<UInt8>, _ segment: Range<Int>, _ segments: inout Int
  ) -> Bool {
    let isDot = segment.count == 1 && source[segment.lowerBound] == UInt8(ascii: ".")
    guard !segment.isEmpty, !isDot, segments <= Self.mostSegments else { return false }
    segments += 1
    push(slash)
    guard segments > Self.mostSegments else { return true }
    push("**")
    return false
  }

  /// Whether something of a segment is hidden that is no secret as a whole.
  private func hides(_ source: Span<UInt8>, _ segment: Range<Int>) -> Bool {
    userEnd(source, segment) != nil || shownPart(source, segment) < segment.upperBound
      || source.firstIndex(
        of: UInt8(ascii: ";"), from: segment.lowerBound, to: segment.upperBound) != nil
  }

  /// Pushes a segment: `a`, `token=?`, `a;jsessionid=?`, `?@host`. Whether something is hidden.
  private mutating func push(
    segment source: Span<UInt8>, _ segment: Range<Int>, isSecret: Bool
  ) -> Bool {
    let parameters =
      source.firstIndex(
        of: UInt8(ascii: ";"), from: segment.lowerBound, to: segment.upperBound)
      ?? segment.upperBound
    var name = segment.lowerBound..<parameters
    var isMasked = isSecret
    if isSecret {
      push(question)
    } else {
      if let user = userEnd(source, name) {
        push(question)
        name = user..<name.upperBound
        isMasked = true
      }
      let shown = shownPart(source, name)
      push(source.clipped(from: name.lowerBound, to: shown))
      if shown < name.upperBound {
        push(question)
        isMasked = true
      }
    }
    guard parameters < segment.upperBound else { return isMasked }
    push(UInt8(ascii: ";"))
    push(pairs: source, (parameters + 1)..<segment.upperBound)
    return true
  }

  /// Where `@` stands behind `user:password`.
  private func userEnd(_ source: Span<UInt8>, _ range: Range<Int>) -> Int? {
    guard
      let colon = source.firstIndex(
        of: UInt8(ascii: ":"), from: range.lowerBound, to: range.upperBound)
    else { return nil }
    var last: Int?
    for index in colon..<range.upperBound where source[index] == UInt8(ascii: "@") { last = index }
    return last
  }

  /// Where the value begins that a segment such as `token=...` or `api-key:...` holds; the segment's end
  /// when it holds none.
  private func shownPart(_ source: Span<UInt8>, _ range: Range<Int>) -> Int {
    for index in range {
      let byte = source[index]
      var next = index + 1
      if byte == UInt8(ascii: "%"), index + 3 <= range.upperBound,
        source[index + 1] == UInt8(ascii: "3"),
        source[index + 2] | 0x20 == UInt8(ascii: "d") || source[index + 2] | 0x20 == 0x61
      {
        next = index + 3
      } else if byte != UInt8(ascii: "=") && byte != UInt8(ascii: ":") {
        continue
      }
      let name = range.lowerBound..<index
      if privacy.isSecret(source, name, inPath: true) || isBot(source, name) { return next }
    }
    return range.upperBound
  }

  /// `bot123456`, behind which Telegram's clients put their secret.
  private func isBot(_ source: Span<UInt8>, _ name: Range<Int>) -> Bool {
    guard name.count > 5, source.hasPrefix("bot", at: name.lowerBound) else { return false }
    for index in (name.lowerBound + 3)..<name.upperBound where source[index] &- 0x30 > 9 {
      return false
    }
    return true
  }

  /// Pushes `?key=?&key=?#key=?`.
  private mutating func push(query source: Span<UInt8>, _ range: Range<Int>, from mark: Int) {
    var start = range.lowerBound
    while start < range.upperBound, self.mark - mark <= Self.textLimit {
      let isFragment = source[start] == hash
      push(source[start])
      start += 1
      let end =
        source.firstIndex(of: hash, from: start, to: range.upperBound) ?? range.upperBound
      // A fragment is a query, or a place on the page, which no server is told of.
      if isFragment,
        source.firstIndex(of: UInt8(ascii: "="), from: start, to: end) == nil, start < end
      {
        push(question)
      } else {
        push(pairs: source, start..<end)
      }
      start = end
    }
  }

  /// Pushes `key=?&key=?`.
  mutating func push(pairs source: Span<UInt8>, _ range: Range<Int>) {
    var start = range.lowerBound
    while start < range.upperBound, count < Self.capacity {
      if privacy.urlValues == .mask, let equals = plainKey(source, start..<range.upperBound) {
        push(source.clipped(from: start, to: equals + 1))
        start = pushHiddenValue(source, (equals + 1)..<range.upperBound)
        continue
      }
      var end = start
      var equals: Int?
      while end < range.upperBound {
        let byte = source[end]
        if byte == UInt8(ascii: "&") || byte == UInt8(ascii: ";") { break }
        if byte == UInt8(ascii: "="), equals == nil { equals = end }
        end += 1
      }
      push(pair: source, start..<end, equals: equals)
      if end < range.upperBound { push(source[end]) }
      start = end + 1
    }
  }

  /// Where `=` stands behind a short plain name, as it nearly always does.
  @inline(__always)
  private func plainKey(_ source: Span<UInt8>, _ range: Range<Int>) -> Int? {
    let end = min(range.upperBound, range.lowerBound + 12)
    var index = range.lowerBound
    while index < end {
      let byte = source[index]
      guard (byte | 0x20) &- 0x61 < 26 || byte == 0x5f || byte == 0x2d || byte &- 0x30 < 10 else {
        return byte == UInt8(ascii: "=") ? index : nil
      }
      index += 1
    }
    return nil
  }

  /// Pushes `?` for a value, and what ends it; where the next key begins.
  private mutating func pushHiddenValue(_ source: Span<UInt8>, _ range: Range<Int>) -> Int {
    var end = range.lowerBound
    while end < range.upperBound, source[end] != UInt8(ascii: "&"), source[end] != UInt8(ascii: ";")
    {
      end += 1
    }
    if end > range.lowerBound { push(question) }
    if end < range.upperBound { push(source[end]) }
    return end + 1
  }

  private mutating func push(pair source: Span<UInt8>, _ range: Range<Int>, equals: Int?) {
    let key = range.lowerBound..<(equals ?? range.upperBound)
    let value = min((equals ?? range.upperBound) + 1, range.upperBound)..<range.upperBound
    let masksAll = privacy.urlValues == .mask
    guard !masksAll || isKey(source, key, isAlone: equals == nil) else {
      return push(question)
    }
    if isWebToken(source, key) { return push(question) }
    push(source.clipped(key))
    guard equals != nil else { return }
    push(UInt8(ascii: "="))
    guard !value.isEmpty else { return }
    if masksAll || privacy.isSecret(source, key) || isWebToken(source, value)
      || userEnd(source, value) != nil
    {
      push(question)
    } else {
      push(source.clipped(value))
    }
  }

  /// Whether the bytes look like the name of a value: what stands in front of `=`, or alone, may be the
  /// value itself, as in `/download?cGFzc3dvcmQ=`.
  private func isKey(_ source: Span<UInt8>, _ range: Range<Int>, isAlone: Bool) -> Bool {
    guard range.count <= 48 else { return false }
    var hasDigit = false
    var hasUpper = false
    var hasLower = false
    var hasWords = false
    for index in range {
      let byte = source[index]
      if byte &- 0x61 < 26 {
        hasLower = true
        continue
      }
      switch byte {
      case 0x30...0x39: hasDigit = true
      case 0x41...0x5a: hasUpper = true
      case 0x5f, 0x2d, 0x2e, 0x5b, 0x5d: hasWords = true
      case 0x24: continue
      case 0x25:  // %5B and %5D
        guard index + 3 <= range.upperBound, source[index + 1] == 0x35,
          source[index + 2] | 0x20 == 0x62 || source[index + 2] | 0x20 == 0x64
        else { return false }
      default: return false
      }
    }
    let isMixed = hasDigit && hasUpper && hasLower
    return range.count <= 20 ? !(isAlone && isMixed && range.count >= 12) : hasWords && !isMixed
  }

  /// Copies a whole URL, as a Referer is.
  mutating func append(url source: Span<UInt8>, at place: Place) -> Text {
    guard !place.isEmpty else { return .empty }
    let range = place.range
    guard
      let colon = source.firstIndex(
        of: UInt8(ascii: ":"), from: range.lowerBound, to: range.upperBound),
      colon + 2 < range.upperBound, source[colon + 1] == slash, source[colon + 2] == slash
    else { return append(resource: source, at: range).text }
    var start = colon + 3
    var authorityEnd = start
    while authorityEnd < range.upperBound, source[authorityEnd] != slash,
      source[authorityEnd] != question, source[authorityEnd] != hash
    {
      authorityEnd += 1
    }
    let mark = self.mark
    push(source.clipped(from: range.lowerBound, to: start))
    for index in start..<authorityEnd where source[index] == UInt8(ascii: "@") { start = index + 1 }
    push(source.clipped(from: start, to: authorityEnd))
    let rest = authorityEnd..<range.upperBound
    _ = push(resource: source, rest, rest.lowerBound..<Self.pathEnd(source, rest))
    return finish(from: mark)
  }

  /// Copies a host with its port, but not the user and password in front of it.
  mutating func append(authority source: Span<UInt8>, at range: Range<Int>) -> Text {
    var start = range.lowerBound
    while let at = source.firstIndex(of: UInt8(ascii: "@"), from: start, to: range.upperBound) {
      start = at + 1
    }
    return append(source.clipped(from: start, to: range.upperBound))
  }
}

private let slash = UInt8(ascii: "/")
private let question = UInt8(ascii: "?")
private let hash = UInt8(ascii: "#")
