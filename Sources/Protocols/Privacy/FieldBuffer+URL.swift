// SPDX-License-Identifier: Apache-2.0

import Bytes
import Telemetry

/// Writing URLs without the values that ``PrivacyRules`` hides.
extension FieldBuffer {
  /// A path and query, and the path's first two segments if values of it had to be hidden.
  struct Resource {
    var text: Text
    /// What calls are grouped by; nil when the path is as it was sent.
    var endpoint: Text?
  }

  /// Copies the path and query at `range`: `/pay?token=?&step=?`.
  mutating func append(resource source: Span<UInt8>, at range: Range<Int>) -> Resource {
    let mark = self.mark
    let maskedPath = push(resource: source, range)
    let text = finish(from: mark)
    return Resource(text: text, endpoint: maskedPath.map { endpoint(of: source, $0) })
  }

  /// Pushes the path and query at `range`; where the path lies if something of it is hidden.
  private mutating func push(resource source: Span<UInt8>, _ range: Range<Int>) -> Range<Int>? {
    let mark = self.mark
    guard privacy.urlValues != .show else {
      push(source.clipped(range))
      return nil
    }
    let pathEnd = Self.pathEnd(source, range)
    let path = range.lowerBound..<pathEnd
    var isMasked = false
    if privacy.hasNoAddedNames, URLPath.isPlain(source, path) {
      push(source.clipped(path))
    } else {
      isMasked = push(path: source, path)
    }
    push(query: source, pathEnd..<range.upperBound, from: mark)
    return isMasked ? path : nil
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

  /// The first two segments that are neither empty nor `.`, values hidden.
  private mutating func endpoint(of source: Span<UInt8>, _ path: Range<Int>) -> Text {
    let mark = self.mark
    var walk = URLPath(source, path)
    var segments = 0
    while segments < 2, let (segment, isSecret) = walk.next(privacy) {
      let isDot = segment.count == 1 && source[segment.lowerBound] == UInt8(ascii: ".")
      guard !segment.isEmpty, !isDot else { continue }
      push(slash)
      _ = push(segment: source, segment, isSecret: isSecret)
      segments += 1
    }
    return finish(from: mark)
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
    _ = push(resource: source, authorityEnd..<range.upperBound)
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
