// SPDX-License-Identifier: Apache-2.0

import Bytes
import FoundationEssentials
import Yams

/// What is wrong with a configuration, and where.
package struct ConfigurationError: Error, Hashable, CustomStringConvertible {
  package var description: String

  package init(_ description: String) {
    self.description = description
  }
}

/// Hands out the values of a YAML file by dotted key, and complains about those nobody asked for.
///
/// A program reads each key once with its default, then calls ``finish()``. Maps nest, scalars and
/// lists of scalars are values; nothing else is allowed in the file.
package struct ConfigurationReader {
  private struct Entry {
    var values: [String]
    var isList: Bool
    var line: Int
  }

  /// The file's name, for messages.
  private let name: String
  private var entries: [String: Entry] = [:]
  private var known: Set<String> = []

  /// An empty file: every key has its default.
  package init() {
    name = "defaults"
  }

  package init(path: String) throws(ConfigurationError) {
    let text: String
    do {
      text = try String(contentsOfFile: path, encoding: .utf8)
    } catch {
      throw ConfigurationError("\(path) cannot be read: is it there, and a text file?")
    }
    try self.init(text: text, name: path)
  }

  package init(text: String, name: String) throws(ConfigurationError) {
    self.name = name
    let root: Node?
    do {
      root = try compose(yaml: text)
    } catch {
      throw ConfigurationError("\(name) is not YAML: \(error)")
    }
    guard let root else { return }
    try collect(root, prefix: "")
  }

  private mutating func collect(_ node: Node, prefix: String) throws(ConfigurationError) {
    let line = node.mark?.line ?? 0
    switch node {
    case .mapping(let mapping):
      for (key, value) in mapping {
        guard let part = key.string else {
          throw ConfigurationError("\(name):\(line): a key is not plain text")
        }
        try collect(value, prefix: prefix.isEmpty ? part : prefix + "." + part)
      }
    case .sequence(let sequence):
      let values = sequence.map(\.string)
      guard !values.contains(nil), !prefix.isEmpty else {
        throw ConfigurationError("\(name):\(line): '\(prefix)' may list plain values only")
      }
      entries[prefix] = Entry(values: values.compactMap { $0 }, isList: true, line: line)
    case .scalar(let scalar):
      // An empty file, or a section whose keys are all commented out.
      if prefix.isEmpty || (scalar.style == .plain && scalar.string.isEmpty) { return }
      entries[prefix] = Entry(values: [scalar.string], isList: false, line: line)
    case .alias:
      throw ConfigurationError("\(name):\(line): aliases are not supported")
    }
  }

  /// The value of `key` as `parse` reads it, or `fallback` where the file does not have it.
  ///
  /// - Parameter expected: what a right value looks like, for the message.
  package mutating func read<Value>(
    _ key: String, default fallback: Value, expected: String, _ parse: (String) -> Value?
  ) throws(ConfigurationError) -> Value {
    known.insert(key)
    guard let entry = entries[key] else { return fallback }
    guard !entry.isList, let value = parse(entry.values[0]) else {
      throw ConfigurationError(
        "\(name):\(entry.line): \(key) is '\(entry.values.joined(separator: ", "))'; "
          + "it must be \(expected)")
    }
    return value
  }

  package mutating func list(
    _ key: String, default fallback: [String]
  ) throws(ConfigurationError) -> [String] {
    known.insert(key)
    return entries[key]?.values ?? fallback
  }

  /// The values of a list as `parse` reads them, each by itself.
  ///
  /// - Parameter expected: what a right value looks like, for the message.
  package mutating func list<Value>(
    _ key: String, default fallback: [Value], expected: String, _ parse: (String) -> Value?
  ) throws(ConfigurationError) -> [Value] {
    known.insert(key)
    guard let entry = entries[key] else { return fallback }
    var values: [Value] = []
    for text in entry.values {
      guard let value = parse(text) else {
        throw fault(key, "has '\(text)'; it must be \(expected)")
      }
      values.append(value)
    }
    return values
  }

  /// What is wrong with the value of `key`, with its place.
  package func fault(_ key: String, _ text: String) -> ConfigurationError {
    ConfigurationError("\(name):\(entries[key]?.line ?? 0): \(key) \(text)")
  }

  /// What follows `key` and a dot in the file's keys, in the file's order: for maps whose names are the
  /// user's own.
  package func keys(below key: String) -> [String] {
    entries.filter { $0.key.hasPrefix(key + ".") }.sorted { $0.value.line < $1.value.line }
      .map { String($0.key.dropFirst(key.count + 1)) }
  }

  package mutating func string(
    _ key: String, default fallback: String
  ) throws(ConfigurationError) -> String {
    try read(key, default: fallback, expected: "text") { $0 }
  }

  package mutating func integer(
    _ key: String, default fallback: Int, in range: ClosedRange<Int>
  ) throws(ConfigurationError) -> Int {
    let expected = "a whole number from \(range.lowerBound) to \(range.upperBound)"
    return try read(key, default: fallback, expected: expected) { text in
      Int(text).flatMap { range.contains($0) ? $0 : nil }
    }
  }

  /// A number of bytes: `512 MiB`, `2GiB`, `4096`. Units are powers of 1,024.
  package mutating func bytes(
    _ key: String, default fallback: Int, atLeast least: Int = 0, atMost most: Int = .max
  ) throws(ConfigurationError) -> Int {
    let size = try read(
      key, default: fallback,
      expected: "a whole number with the unit B, KiB, MiB, GiB or TiB, such as 512 MiB", byteCount)
    guard size < least || size > most else { return size }
    let bound =
      size < least ? "at least \(Self.text(ofBytes: least))" : "at most \(Self.text(ofBytes: most))"
    throw fault(key, "is '\(entries[key]?.values.first ?? "")'; it must be \(bound)")
  }

  /// Such as `64 KiB`; of whole units only.
  private static func text(ofBytes count: Int) -> String {
    for (shift, unit) in [(30, "GiB"), (20, "MiB"), (10, "KiB")] where count >= 1 << shift {
      return "\(count >> shift) \(unit)"
    }
    return "\(count) B"
  }

  /// - Throws: for the first key of the file that was never read, with the nearest that there is.
  package func finish() throws(ConfigurationError) {
    let strange = entries.filter { !known.contains($0.key) }.min { $0.value.line < $1.value.line }
    guard let (key, entry) = strange else { return }
    let nearest = NearestNames.of(key, in: known).first
    throw ConfigurationError(
      "\(name):\(entry.line): there is no key '\(key)'; "
        + (nearest.map { "the nearest is '\($0)'" }
          ?? "those that there are stand in docs/configuration"))
  }
}

/// Reads `512 MiB`, `2GiB`, `4096`; nil for anything else, and for more than 2^62.
package func byteCount(_ text: String) -> Int? {
  let digits = text.prefix { $0.isASCII && $0.isNumber }
  let unit = text[digits.endIndex...].filter { $0 != " " }.lowercased()
  let shifts = ["": 0, "b": 0, "kib": 10, "mib": 20, "gib": 30, "tib": 40]
  guard let number = Int(digits), let shift = shifts[unit], number <= (1 << 62) >> shift else {
    return nil
  }
  return number << shift
}
