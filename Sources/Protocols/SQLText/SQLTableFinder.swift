// SPDX-License-Identifier: Apache-2.0

/// Finds, token by token, what a statement does and to which table.
///
/// It is a guess made without a grammar: the outermost FROM decides for a query, and only the first
/// of several statements counts.
struct SQLTableFinder {
  private enum Seek {
    case verb, from, into, on, name, statement
    /// The next name is the table.
    case table
    /// The name was found; a dot may continue it.
    case rest
    case afterDot
    case done
  }

  private(set) var verb: StaticString?
  /// The table's name as it was sent, quotes and dots included. Empty when none was found.
  private(set) var table: Range<Int> = 0..<0

  private var seek = Seek.verb
  private var seekAfterTable = Seek.done
  private var depth = 0
  private var tableDepth = Int.max
  private var candidateDepth = 0
  /// A bit per depth of parentheses in which a SELECT was seen, so that the FROM of
  /// `EXTRACT(year FROM t)` is not taken for a query's.
  private var depthsWithSelect: UInt64 = 0

  /// What WITH and EXPLAIN stand before.
  private static let innerVerbs: [StaticString] = [
    "SELECT", "INSERT", "UPDATE", "DELETE", "REPLACE", "MERGE",
  ]

  var isDone: Bool { seek == .done }
  /// Whether nothing but FROM, SELECT and parentheses means anything.
  var seeksFrom: Bool { seek == .from }

  /// Whether only a table's name, or a part of it, can follow. Names of users, which other statements
  /// ask for, may be strings.
  var expectsTable: Bool {
    switch seek {
    case .table, .afterDot: true
    case .name: verb.map { $0.utf8CodeUnitCount >= 6 && Self.isChange($0) } ?? false
    default: false
    }
  }

  private static func isChange(_ verb: StaticString) -> Bool {
    verb.withUTF8Buffer { name in
      // INSERT, UPDATE, REPLACE.
      unsafe name[0] == 0x49 || name[0] == 0x55 && name[1] == 0x50
        || name[0] == 0x52 && name[2] == 0x50
    }
  }

  @inline(__always)
  mutating func take(_ kind: SQLScanner.Kind, _ bytes: Span<UInt8>, _ range: Range<Int>) {
    switch kind {
    case .space, .comment: return
    // Most of a query: what is neither FROM nor SELECT.
    case .word where seek == .from && range.count != 4 && range.count != 6: return
    case .literal, .other, .dot, .quotedName:
      if seek != .from { takeToken(kind, bytes, range) }
    default: takeToken(kind, bytes, range)
    }
  }

  private mutating func takeToken(
    _ kind: SQLScanner.Kind, _ bytes: Span<UInt8>, _ range: Range<Int>
  ) {
    switch kind {
    case .space, .comment: return
    case .word: takeWord(bytes, range)
    case .quotedName: takeName(range)
    case .dot: seek = seek == .rest ? .afterDot : seek
    case .open:
      leaveName()
      // The parenthesis of a FROM (SELECT ...), of UPDATE (t), or of (SELECT ...) UNION.
      if seek == .table { seek = .from }
      depth += 1
      depthsWithSelect &= ~bit(depth)
    case .close:
      leaveName()
      depth = max(0, depth - 1)
    case .semicolon:
      leaveName()
      if verb != nil { seek = .done }
    case .literal, .other:
      leaveName()
      if seek == .table || seek == .name { seek = .done }
    }
  }

  private func bit(_ depth: Int) -> UInt64 { depth < 64 ? 1 << UInt64(depth) : 0 }

  private mutating func leaveName() {
    if seek == .rest || seek == .afterDot { seek = seekAfterTable }
  }

  private mutating func takeName(_ range: Range<Int>) {
    switch seek {
    case .table, .name:
      table = range
      tableDepth = candidateDepth
      seekAfterTable = seek == .table ? .from : .done
      seek = .rest
    case .afterDot:
      table = table.lowerBound..<range.upperBound
      seek = .rest
    case .rest:
      leaveName()
    default:
      break
    }
  }

  private mutating func takeWord(_ bytes: Span<UInt8>, _ range: Range<Int>) {
    if seek == .afterDot { return takeName(range) }
    leaveName()
    switch seek {
    case .verb: takeVerb(bytes, range)
    case .from:
      if bytes.isWord("FROM", at: range) {
        guard depth < tableDepth, depthsWithSelect & bit(depth) != 0 else { return }
        candidateDepth = depth
        seek = .table
      } else if bytes.isWord("SELECT", at: range) {
        depthsWithSelect |= bit(depth)
      }
    case .into: seek = bytes.isWord("INTO", at: range) ? .name : .into
    case .on: seek = bytes.isWord("ON", at: range) ? .name : .on
    case .name:
      if bytes.isWord("INDEX", at: range) || bytes.isWord("UNIQUE", at: range) {
        seek = .on
      } else if !bytes.isWord(in: SQLVerb.fillers, at: range) {
        takeName(range)
      }
    case .table:
      if !bytes.isWord("ONLY", at: range) && !bytes.isWord("LATERAL", at: range) { takeName(range) }
    case .statement: takeInnerVerb(bytes, range)
    case .rest, .afterDot, .done: break
    }
  }

  private mutating func takeVerb(_ bytes: Span<UInt8>, _ range: Range<Int>) {
    guard let found = SQLVerb.named(bytes, at: range) else {
      seek = .done
      return
    }
    verb = found.name
    begin(found.target)
  }

  private mutating func begin(_ target: SQLVerb.Target) {
    switch target {
    case .from:
      seek = .from
      depthsWithSelect |= bit(depth)
    case .into: seek = .into
    case .name: seek = .name
    case .statement: seek = .statement
    case .none: seek = .done
    }
  }

  /// The verb of `WITH x AS (...) SELECT`, which names the whole; that of EXPLAIN does not.
  private mutating func takeInnerVerb(_ bytes: Span<UInt8>, _ range: Range<Int>) {
    guard depth == 0, let found = SQLVerb.named(bytes, at: range) else { return }
    let isStatement = bytes.isWord(in: Self.innerVerbs, at: range)
    guard isStatement else { return }
    if verb?.utf8CodeUnitCount == 4 { verb = found.name }
    begin(found.target)
  }
}
