// SPDX-License-Identifier: Apache-2.0

extension IPAddress: CustomStringConvertible {
  /// Dotted decimal for IPv4, RFC 5952 canonical text for IPv6.
  @usableFromInline
  package var description: String {
    if isV4 {
      return "\(v4 >> 24).\(v4 >> 16 & 0xff).\(v4 >> 8 & 0xff).\(v4 & 0xff)"
    }
    let groups = (0..<8).map { group($0) }
    let (start, length) = Self.longestZeroRun(groups)
    guard length >= 2 else {
      return groups.map { String($0, radix: 16) }.joined(separator: ":")
    }
    let head = groups[..<start].map { String($0, radix: 16) }.joined(separator: ":")
    let tail = groups[(start + length)...].map { String($0, radix: 16) }.joined(separator: ":")
    return head + "::" + tail
  }

  private func group(_ index: Int) -> UInt16 {
    let word = index < 4 ? high : low
    return UInt16(truncatingIfNeeded: word >> UInt64(48 - (index & 3) * 16))
  }

  /// The leftmost of the longest runs of zero groups (RFC 5952 section 4.2.3).
  private static func longestZeroRun(_ groups: [UInt16]) -> (start: Int, length: Int) {
    var best = (start: 0, length: 0)
    var run = (start: 0, length: 0)
    for (index, group) in groups.enumerated() {
      guard group == 0 else {
        run = (index + 1, 0)
        continue
      }
      run.length += 1
      if run.length > best.length { best = run }
    }
    return best
  }

  /// Reads dotted decimal or RFC 4291 section 2.2 text; nil for anything else.
  package init?(_ text: String) {
    let bytes = Array(text.utf8)
    guard bytes.count <= 45 else { return nil }
    if bytes.contains(UInt8(ascii: ":")) {
      guard let groups = Self.parseGroups(text) else { return nil }
      self.init(
        high: groups[0..<4].reduce(0) { $0 << 16 | UInt64($1) },
        low: groups[4..<8].reduce(0) { $0 << 16 | UInt64($1) })
    } else {
      guard let v4 = Self.parseV4(text) else { return nil }
      self.init(v4: v4)
    }
  }

  private static func parseV4(_ text: some StringProtocol) -> UInt32? {
    let parts = text.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count == 4 else { return nil }
    var value: UInt32 = 0
    for part in parts {
      guard part.utf8.count <= 3, part.utf8.allSatisfy({ (48...57).contains($0) }),
        let byte = UInt8(part)
      else { return nil }
      value = value << 8 | UInt32(byte)
    }
    return value
  }

  private static func parseGroups(_ text: String) -> [UInt16]? {
    let halves = splitAtGap(text)
    guard halves.count <= 2, let head = parseRun(halves[0]) else { return nil }
    guard halves.count == 2 else { return head.count == 8 ? head : nil }
    guard let tail = parseRun(halves[1]), head.count + tail.count <= 7 else { return nil }
    return head + Array(repeating: 0, count: 8 - head.count - tail.count) + tail
  }

  /// The text before and after each `::`.
  private static func splitAtGap(_ text: String) -> [Substring] {
    var parts: [Substring] = []
    var start = text.startIndex
    var index = text.startIndex
    while index < text.endIndex {
      let next = text.index(after: index)
      if text[index] == ":", next < text.endIndex, text[next] == ":" {
        parts.append(text[start..<index])
        start = text.index(after: next)
        index = start
      } else {
        index = next
      }
    }
    parts.append(text[start...])
    return parts
  }

  private static func parseRun(_ text: Substring) -> [UInt16]? {
    guard !text.isEmpty else { return [] }
    var groups: [UInt16] = []
    let parts = text.split(separator: ":", omittingEmptySubsequences: false)
    for (index, part) in parts.enumerated() {
      if index == parts.count - 1, part.contains(".") {
        guard let v4 = parseV4(part) else { return nil }
        groups += [UInt16(v4 >> 16), UInt16(v4 & 0xffff)]
      } else {
        guard (1...4).contains(part.utf8.count), let group = UInt16(part, radix: 16) else {
          return nil
        }
        groups.append(group)
      }
    }
    return groups
  }
}
