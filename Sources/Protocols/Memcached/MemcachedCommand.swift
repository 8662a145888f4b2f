// SPDX-License-Identifier: Apache-2.0

import Bytes

/// A command of the text protocol, as its line says it.
struct MemcachedCommand {
  /// What follows a command's name, and how it is answered.
  enum Form {
    /// `key flags exptime bytes [cas] [noreply]`, and that many bytes.
    case storage
    /// Keys, behind a time or not.
    case retrieval, timedRetrieval
    /// A key, perhaps a number, perhaps `noreply`.
    case keyed
    /// A key and flags; behind `ms` a length, and that many bytes.
    case meta, metaStorage
    /// Words that are not looked at.
    case plain
    /// Nobody answers it.
    case silent
  }

  struct Verb {
    var name: StaticString
    var form: Form
    /// Words behind the name, at least and at most.
    var least: Int
    var most: Int
  }

  private(set) var verb: Verb
  private(set) var name: Range<Int>
  /// The first key; empty when there is none.
  private(set) var key: Range<Int> = 0..<0
  private(set) var keyCount = 0
  /// Bytes that follow the line, and the end of line behind them.
  private(set) var payload = 0
  /// Whether no answer comes when all goes well.
  private(set) var isQuiet = false
  /// Whether it is all as the protocol demands; the server answers with an error when not.
  private(set) var isWellFormed = true

  /// Nil when the line begins with no command.
  init?(_ bytes: Span<UInt8>, _ line: TextLine) {
    var words = TextWords(line.text)
    guard let name = words.next(in: bytes), name.lowerBound == line.text.lowerBound,
      let verb = Self.named(bytes, name)
    else { return nil }
    self.verb = verb
    self.name = name
    var count = 0
    while let word = words.next(in: bytes) {
      take(word, count, in: bytes)
      count += 1
    }
    if count < verb.least || count > verb.most { isWellFormed = false }
    if !isWellFormed { payload = 0 }
  }

  /// Server's bound for an item: `-I`, at most 1 GiB.
  private static let largestItem = 1 << 30
  private static let longestKey = 250

  private mutating func take(_ word: Range<Int>, _ place: Int, in bytes: Span<UInt8>) {
    switch verb.form {
    case .retrieval: addKey(word, in: bytes)
    case .timedRetrieval:
      if place == 0 { demandNumber(word, in: bytes) } else { addKey(word, in: bytes) }
    case .storage:
      if place == 0 { addKey(word, in: bytes) }
      if place == 1 || place == 2 { demandNumber(word, in: bytes) }
      if place == 3 { takeLength(word, in: bytes) }
      if place >= 4 {
        if bytes.equals("noreply", at: word) {
          isQuiet = true
        } else {
          demandNumber(word, in: bytes)
        }
      }
    case .keyed:
      if place == 0 {
        addKey(word, in: bytes)
      } else if bytes.equals("noreply", at: word) {
        isQuiet = true
      } else {
        demandNumber(word, in: bytes)
      }
    case .meta, .metaStorage:
      if place == 0 {
        addKey(word, in: bytes)
      } else if place == 1, verb.form == .metaStorage {
        takeLength(word, in: bytes)
      } else if word.count == 1, bytes[word.lowerBound] == UInt8(ascii: "q") {
        isQuiet = true
      }
    case .plain: if bytes.equals("noreply", at: word) { isQuiet = true }
    case .silent: break
    }
  }

  private mutating func addKey(_ word: Range<Int>, in bytes: Span<UInt8>) {
    if keyCount == 0 { key = word }
    keyCount += 1
    if word.count > Self.longestKey { isWellFormed = false }
    for index in word where bytes[index] < 0x20 || bytes[index] == 0x7f { isWellFormed = false }
  }

  private mutating func takeLength(_ word: Range<Int>, in bytes: Span<UInt8>) {
    guard let length = bytes.decimal(at: word), length <= Self.largestItem else {
      isWellFormed = false
      return
    }
    payload = length + 2
  }

  /// A time may be negative.
  private mutating func demandNumber(_ word: Range<Int>, in bytes: Span<UInt8>) {
    let hasSign = bytes[word.lowerBound] == UInt8(ascii: "-")
    let digits = word.dropFirst(hasSign ? 1 : 0)
    if digits.isEmpty || digits.count > 20 { isWellFormed = false }
    for index in digits where bytes[index] &- 0x30 >= 10 { isWellFormed = false }
  }

  static func named(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Verb? {
    for verb in verbs where bytes.equals(verb.name, at: range) { return verb }
    return nil
  }

  /// Whether a command's name begins with these bytes.
  static func mayBegin(with bytes: Span<UInt8>) -> Bool {
    verbs.contains { bytes.count <= $0.name.utf8CodeUnitCount && bytes.hasPrefix($0.name, at: 0) }
  }

  private static let anyNumber = 1 << 16

  /// Often used ones first.
  private static let verbs: [Verb] = [
    Verb(name: "get", form: .retrieval, least: 1, most: anyNumber),
    Verb(name: "set", form: .storage, least: 4, most: 5),
    Verb(name: "gets", form: .retrieval, least: 1, most: anyNumber),
    Verb(name: "delete", form: .keyed, least: 1, most: 3),
    Verb(name: "incr", form: .keyed, least: 2, most: 3),
    Verb(name: "add", form: .storage, least: 4, most: 5),
    Verb(name: "mg", form: .meta, least: 1, most: 64),
    Verb(name: "ms", form: .metaStorage, least: 2, most: 64),
    Verb(name: "md", form: .meta, least: 1, most: 64),
    Verb(name: "ma", form: .meta, least: 1, most: 64),
    Verb(name: "mn", form: .plain, least: 0, most: 0),
    Verb(name: "me", form: .meta, least: 1, most: 64),
    Verb(name: "cas", form: .storage, least: 5, most: 6),
    Verb(name: "touch", form: .keyed, least: 2, most: 3),
    Verb(name: "gat", form: .timedRetrieval, least: 2, most: anyNumber),
    Verb(name: "gats", form: .timedRetrieval, least: 2, most: anyNumber),
    Verb(name: "replace", form: .storage, least: 4, most: 5),
    Verb(name: "append", form: .storage, least: 4, most: 5),
    Verb(name: "prepend", form: .storage, least: 4, most: 5),
    Verb(name: "decr", form: .keyed, least: 2, most: 3),
    Verb(name: "version", form: .plain, least: 0, most: 0),
    Verb(name: "stats", form: .plain, least: 0, most: 4),
    Verb(name: "flush_all", form: .plain, least: 0, most: 2),
    Verb(name: "verbosity", form: .plain, least: 0, most: 2),
    Verb(name: "quit", form: .silent, least: 0, most: 0),
    Verb(name: "shutdown", form: .silent, least: 0, most: 1),
    Verb(name: "cache_memlimit", form: .plain, least: 1, most: 2),
    Verb(name: "slabs", form: .plain, least: 1, most: 4),
    Verb(name: "lru", form: .plain, least: 1, most: 5),
    Verb(name: "lru_crawler", form: .plain, least: 1, most: 4),
    Verb(name: "watch", form: .plain, least: 0, most: 8),
    Verb(name: "refresh_certs", form: .plain, least: 0, most: 0),
    Verb(name: "extstore", form: .plain, least: 1, most: 4),
  ]
}
