// SPDX-License-Identifier: Apache-2.0

import Bytes

/// Walks the packets of one response to its end, in as many pieces as it comes.
///
/// No capability of the connection needs to be known: whether an EOF packet stands behind the column
/// definitions (CLIENT_DEPRECATE_EOF) is seen from the packet that stands there, which is 5 bytes
/// long if it is one and at least 7 if it ends the rows.
struct MySQLResponse: Sendable {
  enum Extent: Equatable {
    /// The response ends here; may lie past the bytes.
    case end(Int)
    /// The packets go on; those before this place are passed.
    case unseen(Int)
    /// A file is asked for (LOAD DATA LOCAL), or more of a login: the packet ends here, the response
    /// comes later.
    case interruption(Int)
    case malformed(Int)
  }

  struct Failure: Equatable {
    var code: UInt16
    /// In the bytes that were walked over last.
    var message: Range<Int>
    /// Whether the SQLSTATE is 45000: the text is that of a SIGNAL.
    var isSignal = false
  }

  /// What the next packet is.
  private enum Phase: Sendable {
    /// The first of a result: OK, an error, or the number of columns.
    case result
    /// A definition of a column, and how many follow it.
    case definition(Int)
    /// Behind the definitions: perhaps an EOF.
    case rowsBegin
    case rows
    /// COM_STMT_PREPARE_OK, and the definitions behind it.
    case prepared
    case parameter(Int, columns: Int)
    case parametersEnd(columns: Int)
    case column(Int)
    case columnsEnd
    /// The only one.
    case single(isText: Bool)
    case authentication
    case over
  }

  private static let moreResults: UInt16 = 0x0008
  private static let cursorExists: UInt16 = 0x0040
  /// Bytes of a last packet that are looked at: a text is shorter than this.
  static let lastReach = 1_536

  private(set) var failure: Failure?
  private(set) var affectedRows: UInt64?
  /// Of a prepared statement.
  private(set) var statementID: UInt32?
  /// The server's status flags, as it last told them.
  private(set) var serverStatus: UInt16?
  private var phase: Phase
  private let hasLegacyEOF: Bool?
  /// Bytes of a packet that are still to be passed, and whether another continues it.
  private var left = 0
  private var isContinued = false

  init(to command: MySQLCommand, hasLegacyEOF: Bool?) {
    self.hasLegacyEOF = hasLegacyEOF
    switch command {
    case .query, .statementExecute, .processInfo, .statementBulkExecute: phase = .result
    case .statementPrepare: phase = .prepared
    case .statementFetch, .fieldList: phase = .rows
    case .login, .changeUser: phase = .authentication
    default: phase = .single(isText: command == .statistics)
    }
  }

  /// Walks on with `bytes`, which begin where the last ones were passed.
  mutating func advance(_ bytes: Span<UInt8>) -> Extent {
    failure = nil
    var index = min(left, bytes.count)
    left -= index
    while true {
      if case .over = phase { return .end(index + left) }
      if left > 0 { return .unseen(index) }
      guard index + 4 <= bytes.count else { return .unseen(index) }
      let length = bytes.littleEndian24(at: index)
      let body = index + 4
      let end = body + length
      switch take(bytes, index, length) {
      case .passed:
        isContinued = length == 0xff_ffff
        index = min(end, bytes.count)
        left = end - index
      case .hidden: return .unseen(index)
      case .last: return .end(end)
      case .interruption: return .interruption(end)
      case .malformed: return .malformed(body)
      }
    }
  }

  private enum Step {
    case passed, hidden, last, interruption, malformed
  }

  /// Takes the packet of `length` bytes whose header stands at `start`.
  private mutating func take(_ bytes: Span<UInt8>, _ start: Int, _ length: Int) -> Step {
    let body = start + 4
    // What continues a packet of 16 MiB, and what says nothing, is passed over unseen.
    if isContinued || length == 0xff_ffff { return .passed }
    switch phase {
    case .definition(let more):
      phase = more > 0 ? .definition(more - 1) : .rowsBegin
      return .passed
    case .parameter(let more, let columns):
      if more > 0 {
        phase = .parameter(more - 1, columns: columns)
      } else if columns == 0 {
        phase = hasLegacyEOF == true ? .columnsEnd : .over
      } else {
        phase =
          hasLegacyEOF == false ? .column(columns - 1) : .parametersEnd(columns: columns)
      }
      return .passed
    case .column(let more):
      phase = more > 0 ? .column(more - 1) : hasLegacyEOF == true ? .columnsEnd : .over
      return .passed
    case .columnsEnd:
      phase = .over
      return .passed
    default: break
    }
    guard length > 0 else { return .malformed }
    guard body < bytes.count else { return .hidden }
    // MariaDB tells of progress during long statements, as an error of code 0xffff
    // (https://mariadb.com/kb/en/err_packet/).
    if bytes[body] == 0xff {
      guard length >= 3 else { return .malformed }
      guard body + 3 <= bytes.count else { return .hidden }
      return bytes.littleEndian16(at: body + 1) == .max
        ? .passed : takeFailure(bytes, body, length)
    }
    switch phase {
    case .result: return takeResult(bytes, body, length)
    case .rowsBegin, .rows: return takeRow(bytes, body, length)
    case .prepared: return takePrepared(bytes, body, length)
    case .parametersEnd(let columns): return takeParametersEnd(bytes, start, length, columns)
    case .single(let isText):
      if isText || bytes[body] == 0xfe { return .last }
      return bytes[body] == 0x00 ? takeOK(bytes, body, length) : .malformed
    case .authentication:
      return bytes[body] == 0x00 ? takeOK(bytes, body, length) : .interruption
    case .definition, .parameter, .column, .columnsEnd, .over: return .passed
    }
  }

  private mutating func takeResult(_ bytes: Span<UInt8>, _ body: Int, _ length: Int) -> Step {
    if bytes[body] == 0x00 { return takeOK(bytes, body, length) }
    if bytes[body] == 0xfb { return .interruption }
    guard let columns = Self.lengthEncoded(bytes, body) else {
      return body + 9 > bytes.count ? .hidden : .malformed
    }
    let prefix = columns.next - body
    guard columns.value > 0, columns.value <= 1 << 16, length == prefix || length == prefix + 1
    else { return .malformed }
    // MariaDB says in one more byte whether definitions follow (metadata caching).
    if length == prefix + 1, columns.next >= bytes.count { return .hidden }
    let hasDefinitions = length == prefix || bytes[columns.next] != 0
    phase = hasDefinitions ? .definition(Int(columns.value) - 1) : .rowsBegin
    return .passed
  }

  /// A row, or what ends the rows.
  private mutating func takeRow(_ bytes: Span<UInt8>, _ body: Int, _ length: Int) -> Step {
    guard bytes[body] == 0xfe else {
      phase = .rows
      return .passed
    }
    guard let status = Self.endStatus(bytes, body, length) else { return .hidden }
    serverStatus = status
    if case .rowsBegin = phase, length == 5, status & Self.cursorExists == 0 {
      phase = .rows
      return .passed
    }
    // Or the rows stay at the server until they are fetched.
    return finish(status)
  }

  /// One result is over; the server says whether another follows.
  private mutating func finish(_ status: UInt16) -> Step {
    if status & Self.moreResults == 0 { return .last }
    phase = .result
    return .passed
  }

  private mutating func takePrepared(_ bytes: Span<UInt8>, _ body: Int, _ length: Int) -> Step {
    guard bytes[body] == 0x00, length >= 9 else { return .malformed }
    guard body + 9 <= bytes.count else { return .hidden }
    statementID = bytes.littleEndian32(at: body + 1)
    let columns = Int(bytes.littleEndian16(at: body + 5))
    let parameters = Int(bytes.littleEndian16(at: body + 7))
    if parameters > 0 {
      phase = .parameter(parameters - 1, columns: columns)
    } else {
      phase = columns > 0 ? .column(columns - 1) : .over
    }
    return .passed
  }

  /// What stands behind the parameters tells whether there are EOF packets.
  private mutating func takeParametersEnd(
    _ bytes: Span<UInt8>, _ start: Int, _ length: Int, _ columns: Int
  ) -> Step {
    if length == 5 && bytes[start + 4] == 0xfe {
      phase = .column(columns - 1)
    } else {
      phase = columns > 1 ? .column(columns - 2) : .over
    }
    return .passed
  }

  /// The server status in an EOF packet or in the OK packet that stands in its place; nil when it is
  /// not in view.
  static func endStatus(_ bytes: Span<UInt8>, _ body: Int, _ length: Int) -> UInt16? {
    if length == 5 { return body + 5 <= bytes.count ? bytes.littleEndian16(at: body + 3) : nil }
    guard let rows = lengthEncoded(bytes, body + 1), let id = lengthEncoded(bytes, rows.next),
      id.next + 2 <= bytes.count
    else { return nil }
    return bytes.littleEndian16(at: id.next)
  }

  private mutating func takeOK(_ bytes: Span<UInt8>, _ body: Int, _ length: Int) -> Step {
    guard let rows = Self.lengthEncoded(bytes, body + 1),
      let id = Self.lengthEncoded(bytes, rows.next)
    else { return body + min(length, 20) > bytes.count ? .hidden : .malformed }
    var status: UInt16 = 0
    if length >= 7 {
      guard id.next + 2 <= bytes.count else { return .hidden }
      status = bytes.littleEndian16(at: id.next)
      serverStatus = status
    }
    affectedRows = (affectedRows ?? 0) &+ rows.value
    guard case .result = phase else { return .last }
    return finish(status)
  }

  private mutating func takeFailure(_ bytes: Span<UInt8>, _ body: Int, _ length: Int) -> Step {
    failure = Self.failure(bytes, body, length)
    return body + min(length, Self.lastReach) > bytes.count ? .hidden : .last
  }

  /// What an ERR packet says, as far as it is in view.
  static func failure(_ bytes: Span<UInt8>, _ body: Int, _ length: Int) -> Failure {
    var start = body + 3
    // '#' and five characters of SQLSTATE, but for errors before the login.
    let isSignal = start + 6 <= bytes.count && bytes.hasPrefix("#45000", at: start)
    if start < bytes.count, bytes[start] == 0x23 { start += 6 }
    let visible = min(body + length, bytes.count)
    return Failure(
      code: bytes.littleEndian16(at: body + 1), message: min(start, visible)..<visible,
      isSignal: isSignal)
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
