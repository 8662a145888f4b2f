// SPDX-License-Identifier: Apache-2.0

import Bytes
import Telemetry

/// What a line of the server's begins with.
enum MemcachedAnswer {
  case value, metaValue, end, stored, notStored, exists, notFound, deleted, touched, ok, version
  case statistic, item, metaDone, metaEnd, metaNotStored, metaExists, metaNotFound, metaNothing
  case metaDebug, reset, busy, error, clientError, serverError

  /// Nil when the word is none of the server's.
  init?(_ bytes: Span<UInt8>, _ word: Range<Int>) {
    guard let found = Self.words.first(where: { bytes.equals($0.word, at: word) }) else {
      return nil
    }
    self = found.answer
  }

  /// Bytes of the value behind a line, without its end of line; nil when the line does not say it.
  static func length(of answer: Self, _ bytes: Span<UInt8>, _ line: Range<Int>) -> Int? {
    var words = TextWords(line)
    _ = words.next(in: bytes)
    if answer == .value {
      // VALUE key flags bytes [cas]
      guard words.next(in: bytes) != nil, let flags = words.next(in: bytes),
        bytes.decimal(at: flags) != nil
      else { return nil }
    }
    guard let word = words.next(in: bytes), let length = bytes.decimal(at: word),
      length <= largestItem
    else { return nil }
    return length
  }

  private static let largestItem = 1 << 30

  /// Whose fault it is, where it is one: what is not there, or was there already, is an answer.
  var status: ResponseStatus {
    switch self {
    case .error, .clientError: .clientError
    case .serverError, .busy: .serverError
    default: .ok
    }
  }

  /// Whether a word of the server's begins with these bytes.
  static func mayBegin(with bytes: Span<UInt8>) -> Bool {
    words.contains { bytes.count <= $0.word.utf8CodeUnitCount && bytes.hasPrefix($0.word, at: 0) }
  }

  private static let words: [(word: StaticString, answer: Self)] = [
    ("VALUE", .value), ("END", .end), ("STORED", .stored), ("HD", .metaDone), ("VA", .metaValue),
    ("EN", .metaEnd), ("NOT_STORED", .notStored), ("EXISTS", .exists), ("NOT_FOUND", .notFound),
    ("DELETED", .deleted), ("TOUCHED", .touched), ("OK", .ok), ("VERSION", .version),
    ("STAT", .statistic), ("ITEM", .item), ("NS", .metaNotStored), ("EX", .metaExists),
    ("NF", .metaNotFound), ("MN", .metaNothing), ("ME", .metaDebug), ("RESET", .reset),
    ("BUSY", .busy), ("ERROR", .error), ("CLIENT_ERROR", .clientError),
    ("SERVER_ERROR", .serverError),
  ]
}
