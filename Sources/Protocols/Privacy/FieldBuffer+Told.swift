// SPDX-License-Identifier: Apache-2.0

import Bytes
package import Telemetry

/// Texts that an application's own instrumentation tells, under the rules for what agents see.
extension FieldBuffer {
  /// Copies a text without what says of itself that it is a secret.
  package mutating func append(toldText source: Span<UInt8>) -> Text {
    append(freeText: source, at: 0..<source.count)
  }

  /// Copies a path with its query, values hidden.
  package mutating func append(toldTarget source: Span<UInt8>) -> Text {
    append(resource: source, at: 0..<source.count).text
  }

  /// Copies a URL, or a path, values hidden.
  package mutating func append(toldURL source: Span<UInt8>) -> Text {
    append(url: source, at: Place(start: 0, end: source.count))
  }

  /// Copies what a database said went wrong, without the values that it likes to quote.
  package mutating func append(toldFault source: Span<UInt8>) -> Text {
    append(errorText: source, at: 0..<source.count, .valueForKey)
  }

  /// Copies a command of Redis, given as a line of words: of several lines, the first.
  package mutating func append(toldRedis lines: Span<UInt8>) -> Text {
    let source = lines.clipped(
      from: 0, to: lines.firstIndex(of: 0x0a, from: 0, to: lines.count) ?? lines.count)
    var words = RedisArguments(line: source)
    guard let name = words.next() else { return .empty }
    let mark = self.mark
    let command = RedisCommand.named(source, at: name)
    // A command that is not known may hold anything.
    let mask = command?.mask ?? .from(1)
    let hides = privacy.hidesRedisValues || command?.holdsPassword != false
    push(source.clipped(name))
    var argument = 0
    while let word = words.next(), self.mark - mark <= Self.textLimit {
      argument += 1
      push(0x20)
      guard hides, RedisCommand.hides(argument, of: mask, source, word) else {
        push(source.clipped(word))
        continue
      }
      push(UInt8(ascii: "?"))
      if case .from = mask { break }
    }
    return finish(from: mark)
  }

  /// Whether a text of that name is a secret, whatever it says.
  package func hides(_ name: Span<UInt8>) -> Bool {
    privacy.isSecret(name, 0..<name.count)
  }
}
