// SPDX-License-Identifier: Apache-2.0

/// Cuts a statement into tokens, without copying and whatever its bytes are.
///
/// A token that the end of the bytes cuts (an open string, an open comment) reaches to the end.
struct SQLScanner: ~Escapable {
  enum Kind {
    case word, quotedName, literal, comment, space, open, close, dot, semicolon, other
  }

  private let bytes: Span<UInt8>
  private let dialect: SQLDialect
  /// Where the next token begins.
  private(set) var position = 0
  /// Whether the scanner is inside MySQL's `/*! ... */`, whose content is executed.
  private var isInExecutableComment = false
  private var lastKind: Kind = .space
  /// Whether a string goes on that began with `E'`: `E'a'` and `'b'` on the next line are one.
  private var continuesEscapes = false

  @_lifetime(copy bytes)
  init(_ bytes: Span<UInt8>, dialect: SQLDialect) {
    self.bytes = bytes
    self.dialect = dialect
  }

  /// Reads one token, which begins at the ``position`` before and ends at the one after; nil at the
  /// end.
  @_lifetime(self: copy self)
  @inline(__always)
  mutating func next() -> Kind? {
    guard position < bytes.count else { return nil }
    lastKind = scan()
    if lastKind != .space, lastKind != .comment, lastKind != .literal { continuesEscapes = false }
    return lastKind
  }

  /// Passes over words, blanks, commas and `=`, which most of a statement is made of, up to any other
  /// token, and up to what may be FROM or SELECT if those are looked for.
  ///
  /// - Returns: where the last of them ended that was no blank; nil when there was none.
  @_lifetime(self: copy self)
  mutating func passPlain(untilVerb: Bool) -> Int? {
    guard !dialect.isCassandra else { return nil }
    var index = position
    var end: Int?
    while index < bytes.count {
      let byte = bytes[index]
      if byte == 0x20 || byte == 0x2c || byte == 0x3d {
        index &+= 1
        lastKind = byte == 0x20 ? .space : .other
        if byte != 0x20 { end = index }
        continue
      }
      guard SQLScanner.beginsWord(byte) else { break }
      let start = index
      index &+= 1
      while index < bytes.count, SQLScanner.continuesWord(bytes[index]) { index &+= 1 }
      let (count, letter) = (index &- start, byte | 0x20)
      // One letter may belong to a string behind it.
      if count == 1 || untilVerb && (count == 4 && letter == 0x66 || count == 6 && letter == 0x73) {
        index = start
        break
      }
      lastKind = .word
      end = index
    }
    position = index
    if end != nil { continuesEscapes = false }
    return end
  }

  @_lifetime(self: copy self)
  @inline(__always)
  private mutating func scan() -> Kind {
    let byte = bytes[position]
    if dialect.isCassandra, let end = endOfUUID() {
      position = end
      return .literal
    }
    if SQLScanner.beginsWord(byte) { return scanWord() }
    return scanOther(byte)
  }

  @_lifetime(self: copy self)
  private mutating func scanOther(_ byte: UInt8) -> Kind {
    if byte >= 0x30 && byte <= 0x39 { return scanNumber() }
    switch byte {
    case 0x20, 0x09, 0x0a, 0x0d, 0x0c, 0x00:
      var end = position + 1
      while end < bytes.count, bytes[end] <= 0x20 { end &+= 1 }
      position = end
      return .space
    case 0x27:  // '
      return scanString(continuesEscapes ? .escape : dialect.backslash)
    case 0x22:  // "
      _ = scanString(dialect.hasQuotedNames ? .byte : dialect.backslash)
      return dialect.hasQuotedNames ? .quotedName : .literal
    case 0x60 where dialect.family == .mySQL:  // `
      _ = scanString(.byte)
      return .quotedName
    case 0x5b where dialect.family == .transactSQL:  // [
      scanBrackets()
      return .quotedName
    case 0x24 where dialect.family == .postgreSQL:  // $
      return scanDollar()
    case 0x2f where dialect.isCassandra && peek(1) == 0x2f:
      while position < bytes.count, bytes[position] != 0x0a { position += 1 }
      return .comment
    case 0x2f, 0x2d, 0x23, 0x2a:  // / - # *
      return scanCommentOrOperator(byte)
    case 0x2e:  // .
      let digitFollows = peek(1).map { $0 >= 0x30 && $0 <= 0x39 } ?? false
      if digitFollows && lastKind != .word && lastKind != .quotedName { return scanNumber() }
      position += 1
      return .dot
    default:
      position += 1
      switch byte {
      case 0x28: return .open
      case 0x29: return .close
      case 0x3b: return .semicolon
      default: return .other
      }
    }
  }

  /// Where an UUID ends that begins here, be it behind the view's end.
  private func endOfUUID() -> Int? {
    for offset in 0..<36 {
      guard let byte = peek(offset) else { return offset > 8 ? bytes.count : nil }
      let isDash = offset == 8 || offset == 13 || offset == 18 || offset == 23
      let isDigit = byte &- 0x30 < 10 || (byte | 0x20) &- 0x61 < 6
      guard isDash ? byte == 0x2d : isDigit else { return nil }
    }
    return position + 36
  }

  private func peek(_ distance: Int) -> UInt8? {
    position + distance < bytes.count ? bytes[position + distance] : nil
  }

  @_lifetime(self: copy self)
  @inline(__always)
  private mutating func scanWord() -> Kind {
    let start = position
    var end = start + 1
    while end < bytes.count, SQLScanner.continuesWord(bytes[end]) { end &+= 1 }
    position = end
    guard end == start + 1, peek(0) == 0x27 else { return .word }
    // x'1f', b'01', n'text', e'text\n': the letter belongs to the literal.
    switch bytes[start] | 0x20 {
    case 0x78, 0x62, 0x6e: return scanString(dialect.backslash)
    case 0x65 where dialect.family == .postgreSQL:
      continuesEscapes = true
      return scanString(.escape)
    default: return .word
    }
  }

  /// Digits, a fraction, an exponent with its sign, or hexadecimal: whatever hangs together.
  @_lifetime(self: copy self)
  private mutating func scanNumber() -> Kind {
    var end = position + 1
    while end < bytes.count {
      let byte = bytes[end]
      let isSign = byte == 0x2b || byte == 0x2d
      let follows = SQLScanner.continuesWord(byte) || byte == 0x2e
      guard follows || (isSign && bytes[end - 1] | 0x20 == 0x65) else { break }
      end &+= 1
    }
    position = end
    return .literal
  }

  /// A run in the quotes that stand at ``position``; a doubled quote does not end it.
  @_lifetime(self: copy self)
  private mutating func scanString(_ backslash: SQLDialect.Backslash) -> Kind {
    let quote = bytes[position]
    position += 1
    while position < bytes.count {
      let byte = bytes[position]
      position += 1
      if byte == quote {
        guard peek(0) == quote else { return .literal }
        position += 1
      } else if byte == 0x5c && backslash != .byte {
        if backslash == .unknown, peek(0) == quote { position = bytes.count }
        position = min(position + 1, bytes.count)
      }
    }
    return .literal
  }

  /// A name in `[` and `]`, of which a doubled one does not end it.
  @_lifetime(self: copy self)
  private mutating func scanBrackets() {
    position += 1
    while position < bytes.count {
      let byte = bytes[position]
      position += 1
      guard byte == 0x5d else { continue }
      guard peek(0) == 0x5d else { return }
      position += 1
    }
  }

  /// `$1`, or `$tag$ ... $tag$`.
  @_lifetime(self: copy self)
  private mutating func scanDollar() -> Kind {
    let start = position
    position += 1
    while let byte = peek(0), SQLScanner.continuesWord(byte), byte != 0x24 { position += 1 }
    let isParameter = position > start + 1 && bytes[start + 1] <= 0x39
    guard peek(0) == 0x24, !isParameter else { return .other }
    position += 1
    let tag = start..<position
    while position < bytes.count {
      guard let dollar = bytes.position(of: 0x24, from: position) else { break }
      guard dollar + tag.count <= bytes.count else { break }
      var isSame = true
      for offset in 0..<tag.count where bytes[dollar + offset] != bytes[start + offset] {
        isSame = false
        break
      }
      if isSame {
        position = dollar + tag.count
        return .literal
      }
      position = dollar + 1
    }
    position = bytes.count
    return .literal
  }

  @_lifetime(self: copy self)
  private mutating func scanCommentOrOperator(_ byte: UInt8) -> Kind {
    let next = peek(1)
    if byte == 0x2f && next == 0x2a {
      if dialect.family == .mySQL && (peek(2) == 0x21 || (peek(2) == 0x4d && peek(3) == 0x21)) {
        return enterExecutableComment()
      }
      return scanBlockComment()
    }
    if byte == 0x2a && next == 0x2f && isInExecutableComment {
      isInExecutableComment = false
      position += 2
      return .comment
    }
    // MySQL wants a space behind `--`, or `a--1` would be a comment.
    let isDashes = byte == 0x2d && next == 0x2d
    let isDashComment = isDashes && (dialect.family != .mySQL || (peek(2) ?? 0x20) <= 0x20)
    if isDashComment || (byte == 0x23 && dialect.family == .mySQL) {
      position = bytes.position(of: 0x0a, from: position) ?? bytes.count
      return .comment
    }
    position += 1
    return .other
  }

  /// Passes `/*!40101 `, or MariaDB's `/*M!100100 `: what follows is part of the statement.
  @_lifetime(self: copy self)
  private mutating func enterExecutableComment() -> Kind {
    isInExecutableComment = true
    position += peek(2) == 0x21 ? 3 : 4
    while let byte = peek(0), byte >= 0x30, byte <= 0x39 { position += 1 }
    return .comment
  }

  @_lifetime(self: copy self)
  private mutating func scanBlockComment() -> Kind {
    position += 2
    var depth = 1
    while position < bytes.count {
      if bytes[position] == 0x2a && peek(1) == 0x2f {
        position += 2
        depth -= 1
        if depth == 0 { return .comment }
      } else if dialect.family != .mySQL && bytes[position] == 0x2f && peek(1) == 0x2a {
        position += 2
        depth += 1
      } else {
        position += 1
      }
    }
    return .comment
  }

  @inline(__always)
  static func beginsWord(_ byte: UInt8) -> Bool {
    let lower = byte | 0x20
    return (lower >= 0x61 && lower <= 0x7a) || byte == 0x5f || byte >= 0x80
  }

  @inline(__always)
  static func continuesWord(_ byte: UInt8) -> Bool {
    beginsWord(byte) || (byte >= 0x30 && byte <= 0x39) || byte == 0x24
  }
}
