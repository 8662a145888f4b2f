// SPDX-License-Identifier: Apache-2.0

/// Walks the packets of one response to its end.
///
/// No capability of the connection needs to be known: whether an EOF packet stands behind the column
/// definitions (CLIENT_DEPRECATE_EOF) is seen from the packet that stands there, which is 5 bytes
/// long if it is one and at least 7 if it ends the rows.
struct MySQLResponse {
  enum Extent: Equatable {
    /// May lie past the view.
    case end(Int)
    /// The packets go on where the view ends.
    case unseen
    /// A file is asked for (LOAD DATA LOCAL): the packet ends here, the response comes later.
    case localFile(Int)
    case malformed(Int)
  }

  struct Failure: Equatable {
    var code: UInt16
    var message: Range<Int>
  }

  private enum PacketStart {
    case visible(body: Int, length: Int, end: Int)
    case hidden
  }

  private static let moreResults: UInt16 = 0x0008
  private static let cursorExists: UInt16 = 0x0040

  private(set) var failure: Failure?
  private(set) var affectedRows: UInt64?
  /// Of a prepared statement.
  private(set) var statementID: UInt32?
  /// Where the next packet begins.
  private var position = 0

  mutating func read(
    _ bytes: Span<UInt8>, to command: MySQLCommand, hasLegacyEOF: Bool?
  ) -> Extent {
    switch command {
    case .query, .statementExecute, .processInfo, .statementBulkExecute:
      return readResults(bytes)
    case .statementPrepare: return readPrepared(bytes, hasLegacyEOF: hasLegacyEOF)
    case .statementFetch, .fieldList: return readRows(bytes)
    case .login, .changeUser: return readAuthentication(bytes)
    default: return readSingle(bytes, command)
    }
  }

  /// The next packet that is no report of progress: MariaDB sends those during long statements, as an
  /// error of code 0xffff
  /// (https://mariadb.com/kb/en/err_packet/).
  private mutating func packet(_ bytes: Span<UInt8>) -> PacketStart {
    while true {
      guard position + 5 <= bytes.count else { return .hidden }
      let length = bytes.littleEndian24(at: position)
      let body = position + 4
      guard bytes[body] == 0xff, length >= 3 else {
        return .visible(body: body, length: length, end: body + length)
      }
      guard body + 3 <= bytes.count else { return .hidden }
      guard bytes.littleEndian16(at: body + 1) == .max else {
        return .visible(body: body, length: length, end: body + length)
      }
      position = body + length
    }
  }

  private mutating func readSingle(_ bytes: Span<UInt8>, _ command: MySQLCommand) -> Extent {
    guard case .visible(let body, let length, let end) = packet(bytes) else { return .unseen }
    if command == .statistics { return .end(end) }
    switch bytes[body] {
    case 0x00: return takeOK(bytes, body, length) == nil ? .unseen : .end(end)
    case 0xff: return takeFailure(bytes, body, end)
    case 0xfe: return .end(end)
    default: return .malformed(body)
    }
  }

  /// The packets between the login and its OK or ERR are the methods' own.
  private mutating func readAuthentication(_ bytes: Span<UInt8>) -> Extent {
    guard case .visible(let body, let length, let end) = packet(bytes) else { return .unseen }
    switch bytes[body] {
    case 0x00: return takeOK(bytes, body, length) == nil ? .unseen : .end(end)
    case 0xff: return takeFailure(bytes, body, end)
    default: return .localFile(end)
    }
  }

  private mutating func readResults(_ bytes: Span<UInt8>) -> Extent {
    while true {
      guard case .visible(let body, let length, let end) = packet(bytes) else { return .unseen }
      switch bytes[body] {
      case 0x00:
        guard let status = takeOK(bytes, body, length) else { return .unseen }
        if status & Self.moreResults == 0 { return .end(end) }
        position = end
      case 0xff: return takeFailure(bytes, body, end)
      case 0xfb: return .localFile(end)
      default:
        guard let columns = Self.lengthEncoded(bytes, body) else {
          return body + 9 > bytes.count ? .unseen : .malformed(body)
        }
        let prefix = columns.next - body
        guard columns.value <= 1 << 16, length == prefix || length == prefix + 1 else {
          return .malformed(body)
        }
        // MariaDB says in one more byte whether definitions follow (metadata caching).
        if length == prefix + 1, columns.next >= bytes.count { return .unseen }
        let hasDefinitions = length == prefix || bytes[columns.next] != 0
        position = end
        guard skipPackets(bytes, hasDefinitions ? Int(columns.value) : 0) else { return .unseen }
        switch readSet(bytes) {
        case .done(let status, let end):
          if status & Self.moreResults == 0 { return .end(end) }
          position = end
        case .stop(let extent): return extent
        }
      }
    }
  }

  private enum SetEnd {
    case done(status: UInt16, end: Int)
    case stop(Extent)
  }

  /// What follows the column definitions of one set: perhaps an EOF, the rows, and their end.
  private mutating func readSet(_ bytes: Span<UInt8>) -> SetEnd {
    guard case .visible(let body, let length, let end) = packet(bytes) else {
      return .stop(.unseen)
    }
    if bytes[body] == 0xfe && length == 5 {
      guard body + 5 <= bytes.count else { return .stop(.unseen) }
      let status = bytes.littleEndian16(at: body + 3)
      // The rows stay at the server until they are fetched.
      if status & Self.cursorExists != 0 { return .done(status: status, end: end) }
      position = end
    }
    return rows(bytes)
  }

  private mutating func readRows(_ bytes: Span<UInt8>) -> Extent {
    switch rows(bytes) {
    case .done(_, let end): return .end(end)
    case .stop(let extent): return extent
    }
  }

  private mutating func rows(_ bytes: Span<UInt8>) -> SetEnd {
    var isContinuation = false
    while true {
      guard case .visible(let body, let length, let end) = packet(bytes) else {
        return .stop(.unseen)
      }
      let isLongest = length == 0xff_ffff
      if !isContinuation && !isLongest {
        if bytes[body] == 0xff { return .stop(takeFailure(bytes, body, end)) }
        if bytes[body] == 0xfe {
          guard let status = Self.endStatus(bytes, body, length) else { return .stop(.unseen) }
          return .done(status: status, end: end)
        }
      }
      isContinuation = isLongest
      position = end
    }
  }

  /// The server status in an EOF packet or in the OK packet that stands in its place.
  private static func endStatus(_ bytes: Span<UInt8>, _ body: Int, _ length: Int) -> UInt16? {
    if length == 5 { return body + 5 <= bytes.count ? bytes.littleEndian16(at: body + 3) : nil }
    guard let rows = lengthEncoded(bytes, body + 1), let id = lengthEncoded(bytes, rows.next),
      id.next + 2 <= bytes.count
    else { return nil }
    return bytes.littleEndian16(at: id.next)
  }

  private mutating func skipPackets(_ bytes: Span<UInt8>, _ count: Int) -> Bool {
    for _ in 0..<count {
      guard position + 4 <= bytes.count else { return false }
      position += 4 + bytes.littleEndian24(at: position)
    }
    return true
  }

  /// COM_STMT_PREPARE_OK, then the definitions of parameters and of columns.
  private mutating func readPrepared(_ bytes: Span<UInt8>, hasLegacyEOF: Bool?) -> Extent {
    guard case .visible(let body, _, let end) = packet(bytes) else { return .unseen }
    if bytes[body] == 0xff { return takeFailure(bytes, body, end) }
    guard bytes[body] == 0x00 else { return .malformed(body) }
    guard body + 9 <= bytes.count else { return .unseen }
    statementID = bytes.littleEndian32(at: body + 1)
    let columns = Int(bytes.littleEndian16(at: body + 5))
    let parameters = Int(bytes.littleEndian16(at: body + 7))
    position = end
    for (count, isLast) in [(parameters, columns == 0), (columns, true)] where count > 0 {
      guard skipPackets(bytes, count) else { return .unseen }
      if hasLegacyEOF == true {
        guard skipPackets(bytes, 1) else { return .unseen }
      } else if hasLegacyEOF == nil && !isLast {
        // What stands behind the parameters tells whether there are EOF packets.
        guard case .visible(let body, let length, let end) = packet(bytes) else { return .unseen }
        if length == 5 && bytes[body] == 0xfe { position = end }
      }
    }
    return .end(position)
  }

  /// The server status of an OK packet; nil when it is not in view.
  private mutating func takeOK(_ bytes: Span<UInt8>, _ body: Int, _ length: Int) -> UInt16? {
    guard let rows = Self.lengthEncoded(bytes, body + 1),
      let id = Self.lengthEncoded(bytes, rows.next)
    else { return nil }
    affectedRows = (affectedRows ?? 0) &+ rows.value
    guard length >= 7 else { return 0 }
    return id.next + 2 <= bytes.count ? bytes.littleEndian16(at: id.next) : nil
  }

  private mutating func takeFailure(_ bytes: Span<UInt8>, _ body: Int, _ end: Int) -> Extent {
    guard body + 3 <= bytes.count else { return .unseen }
    var start = body + 3
    // '#' and five characters of SQLSTATE, but for errors before the login.
    if start < bytes.count, bytes[start] == 0x23 { start += 6 }
    let visible = min(end, bytes.count)
    failure = Failure(
      code: bytes.littleEndian16(at: body + 1), message: min(start, visible)..<visible)
    return .end(end)
  }

  /// A length-encoded integer (MySQL Internals, "Basic Types"); nil for what is none or not in view.
  static func lengthEncoded(_ bytes: Span<UInt8>, _ index: Int) -> (value: UInt64, next: Int)? {
    guard index < bytes.count else { return nil }
    let first = bytes[index]
    let size: Int
    switch first {
    case 0...0xfa: return (UInt64(first), index + 1)
    case 0xfc: size = 2
    case 0xfd: size = 3
    case 0xfe: size = 8
    default: return nil
    }
    guard index + size < bytes.count else { return nil }
    var value: UInt64 = 0
    for offset in 0..<size { value |= UInt64(bytes[index + 1 + offset]) << UInt64(8 * offset) }
    return (value, index + 1 + size)
  }
}
