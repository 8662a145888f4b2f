// SPDX-License-Identifier: Apache-2.0

import Telemetry

/// What is read of one line before it is a record.
struct LineDraft<Record: Sendable>: Sendable {
  var record: Record
  /// Seconds, and microseconds, since 1970.
  var time: UInt64?
  var start: UInt64?
  var end: UInt64?
  /// Microseconds from request to response.
  var duration: UInt64?
  var attributeNames: [Text] = []
  var attributeValues: [Text] = []

  init(_ record: Record) {
    self.record = record
  }
}

/// How the value of one key gets into a record.
enum LineField<Record: Sendable>: Sendable {
  typealias Draft = LineDraft<Record>

  /// A whole number from 0 to `limit`.
  case number(limit: UInt64, @Sendable (inout Draft, UInt64) -> Void)
  /// A whole number of any sign that fits into so many bits.
  case signed(bits: Int, @Sendable (inout Draft, Int64) -> Void)
  /// A text that is kept.
  case text(@Sendable (inout Draft, Text) -> Void)
  case texts(@Sendable (inout Draft, [Text]) -> Void)
  /// A text that stands for a value; false when it does not. What is expected is said to the sender.
  case word(expected: String, @Sendable (inout Draft, String) -> Bool)
  /// A number, or one of these names for it.
  case name([String: UInt8], @Sendable (inout Draft, UInt8) -> Void)
  /// The same with the names of application protocols.
  case protocolName(@Sendable (inout Draft, ApplicationProtocol) -> Void)
  /// Follows from the others.
  case derived
}

/// The keys that the lines of one kind of record may have: the names of the stored columns, but for
/// those that only a server knows.
struct LineFields<Record: Sendable>: Sendable {
  typealias Draft = LineDraft<Record>
  typealias Path<Value> = any WritableKeyPath<Draft, Value> & Sendable

  private(set) var fields: [String: LineField<Record>] = [:]

  mutating func set(_ name: String, _ field: LineField<Record>) {
    fields[name] = field
  }

  mutating func number<Number>(_ name: String, _ path: Path<Number>)
  where Number: FixedWidthInteger & UnsignedInteger & SendableMetatype {
    set(name, .number(limit: UInt64(Number.max)) { $0[keyPath: path] = Number($1) })
  }

  mutating func number(_ name: String, orNull path: Path<UInt64?>, limit: UInt64 = .max) {
    set(name, .number(limit: limit) { $0[keyPath: path] = $1 })
  }

  mutating func signed(_ name: String, orNull path: Path<Int32?>) {
    set(name, .signed(bits: 32) { $0[keyPath: path] = Int32(truncatingIfNeeded: $1) })
  }

  mutating func signed(_ name: String, orNull path: Path<Int64?>) {
    set(name, .signed(bits: 64) { $0[keyPath: path] = $1 })
  }

  mutating func flag(_ name: String, _ path: Path<Bool>) {
    set(name, .number(limit: 1) { $0[keyPath: path] = $1 == 1 })
  }

  mutating func text(_ name: String, _ path: Path<Text>) {
    set(name, .text { $0[keyPath: path] = $1 })
  }

  mutating func address(_ name: String, _ path: Path<IPAddress>) {
    set(
      name,
      .word(expected: "an IPv4 or IPv6 address") { draft, text in
        guard let address = IPAddress(text) else { return false }
        draft[keyPath: path] = address
        return true
      })
  }

  mutating func linkAddress(_ name: String, _ path: Path<LinkAddress>) {
    set(
      name,
      .word(expected: "a link address such as 02:42:ac:11:00:02") { draft, text in
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 6, parts.allSatisfy({ $0.utf8.count == 2 }) else { return false }
        let bytes = parts.compactMap { UInt8($0, radix: 16) }
        guard bytes.count == 6 else { return false }
        draft[keyPath: path] = LinkAddress(bytes.reduce(0) { $0 << 8 | UInt64($1) })
        return true
      })
  }

  /// A name is kept as far as the kernel keeps one.
  mutating func threadName(_ name: String, _ path: Path<ThreadName>) {
    set(
      name,
      .word(expected: "the name of a thread") { draft, text in
        draft[keyPath: path] = ThreadName(text)
        return true
      })
  }

  /// An enumeration, by the names that its tag declares.
  mutating func name(_ tag: String, _ set: @escaping @Sendable (inout Draft, UInt8) -> Void) {
    let values = TagDeclaration.builtIn.first { $0.name == tag }?.values ?? []
    name(tag, values.map { ($0.name, UInt8(truncatingIfNeeded: $0.number)) }, set)
  }

  mutating func name(
    _ key: String, _ values: [(name: String, number: UInt8)],
    _ set: @escaping @Sendable (inout Draft, UInt8) -> Void
  ) {
    let numbers = Dictionary(
      values.map { ($0.name.lowercased(), $0.number) }, uniquingKeysWith: { first, _ in first })
    self.set(key, .name(numbers, set))
  }

  mutating func derived(_ names: String...) {
    for name in names { set(name, .derived) }
  }
}
