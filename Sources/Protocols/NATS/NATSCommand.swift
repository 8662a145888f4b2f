// SPDX-License-Identifier: Apache-2.0

import Bytes

/// What a line says, and what follows it.
struct NATSCommand {
  enum Verb {
    case info, connect, publish, publishHeaders, subscribe, unsubscribe, message, messageHeaders
    case ping, pong, ok, error

    /// Nil when it is none.
    init?(_ bytes: Span<UInt8>, _ word: Range<Int>) {
      guard let found = Verb.words.first(where: { bytes.equals($0.name, at: word) }) else {
        return nil
      }
      self = found.verb
    }

    var name: StaticString {
      Verb.words.first { $0.verb == self }?.name ?? "PING"
    }

    /// The only side that says it; nil when both do.
    var sender: Side? {
      switch self {
      case .connect, .publish, .publishHeaders, .subscribe, .unsubscribe: .client
      case .info, .message, .messageHeaders, .ok, .error: .server
      case .ping, .pong: nil
      }
    }

    static let words: [(name: StaticString, verb: Verb)] = [
      ("MSG", .message), ("PUB", .publish), ("HMSG", .messageHeaders), ("HPUB", .publishHeaders),
      ("+OK", .ok), ("PING", .ping), ("PONG", .pong), ("SUB", .subscribe),
      ("UNSUB", .unsubscribe), ("INFO", .info), ("CONNECT", .connect), ("-ERR", .error),
    ]
  }

  let verb: Verb
  private(set) var subject = 0..<0
  private(set) var reply = 0..<0
  private(set) var queue = 0..<0
  private(set) var subscription = 0..<0
  /// What stands behind the verb of a line that has no fields.
  private(set) var rest: Range<Int>
  /// Bytes of headers, and of them and the payload, behind the line.
  private(set) var headers = 0
  private(set) var total = 0

  private static let largest = 1 << 30

  /// Whether what is sent follows the line.
  var hasPayload: Bool {
    switch verb {
    case .publish, .publishHeaders, .message, .messageHeaders: true
    default: false
    }
  }

  /// Nil when the line is none of the protocol's.
  init?(_ bytes: Span<UInt8>, _ line: TextLine) {
    var words = TextWords(line.text)
    guard let word = words.next(in: bytes), word.lowerBound == line.text.lowerBound,
      let verb = Verb(bytes, word)
    else { return nil }
    self.verb = verb
    rest = words.rest
    switch verb {
    case .ping, .pong, .ok: guard words.next(in: bytes) == nil else { return nil }
    case .error: break
    case .info, .connect:
      guard let json = words.next(in: bytes), bytes[json.lowerBound] == UInt8(ascii: "{") else {
        return nil
      }
    default: guard readFields(words, bytes) else { return nil }
    }
  }

  /// Up to five words, of which the ones in the middle may be missing.
  private mutating func readFields(_ start: TextWords, _ bytes: Span<UInt8>) -> Bool {
    var words = start
    var fields: [5 of Range<Int>] = InlineArray(repeating: 0..<0)
    var count = 0
    while let word = words.next(in: bytes) {
      guard count < 5 else { return false }
      fields[count] = word
      count += 1
    }
    let isWithHeaders = verb == .publishHeaders || verb == .messageHeaders
    let sizes = isWithHeaders ? 2 : 1
    switch verb {
    case .subscribe:
      guard count == 2 || count == 3 else { return false }
      subject = fields[0]
      if count == 3 { queue = fields[1] }
      subscription = fields[count - 1]
      return true
    case .unsubscribe:
      guard count == 1 || (count == 2 && bytes.decimal(at: fields[1]) != nil) else { return false }
      subscription = fields[0]
      return true
    default: break
    }
    let hasSubscription = verb == .message || verb == .messageHeaders
    let names = hasSubscription ? 2 : 1
    guard count == names + sizes || count == names + sizes + 1 else { return false }
    subject = fields[0]
    if hasSubscription { subscription = fields[1] }
    if count > names + sizes { reply = fields[names] }
    guard let last = bytes.decimal(at: fields[count - 1]), last <= Self.largest else {
      return false
    }
    total = last
    if isWithHeaders {
      guard let first = bytes.decimal(at: fields[count - 2]), first <= last else { return false }
      headers = first
    }
    return isSubject(bytes)
  }

  private func isSubject(_ bytes: Span<UInt8>) -> Bool {
    for index in subject where bytes[index] < 0x20 || bytes[index] == 0x7f { return false }
    return true
  }

  /// Whether a word of the protocol begins with these bytes.
  static func mayBegin(with bytes: Span<UInt8>) -> Bool {
    Verb.words.contains {
      bytes.count <= $0.name.utf8CodeUnitCount && bytes.hasPrefix($0.name, at: 0)
    }
  }
}
