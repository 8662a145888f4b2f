// SPDX-License-Identifier: Apache-2.0

/// The type of a column of an answer, read from the engine's name of it.
indirect enum EngineType: Hashable, Sendable {
  case unsigned(bytes: Int)
  case signed(bytes: Int)
  case float32, float64
  case string
  case fixedString(Int)
  /// Days since the epoch, in two bytes without or four bytes with a sign.
  case date, date32
  case ipv4, ipv6, uuid
  /// Names by number; the number takes `bytes` bytes.
  case enumeration(bytes: Int, names: [Int: String])
  /// A type of which no value exists.
  case nothing
  case nullable(EngineType)
  /// Values of few kinds, which come as numbers of a list.
  case dictionary(EngineType)
  case array(EngineType)
  case tuple([EngineType])
  case map(EngineType, EngineType)

  /// - Throws: ``StorageError/unreadableAnswer(_:)`` for a type this program does not read.
  init(_ name: String) throws(StorageError) {
    guard let type = Self.parse(name[...], depth: 0) else {
      throw .unreadableAnswer("values of type \(name) are not supported")
    }
    self = type
  }

  private static let plain: [String: EngineType] = [
    "UInt8": .unsigned(bytes: 1), "UInt16": .unsigned(bytes: 2), "UInt32": .unsigned(bytes: 4),
    "UInt64": .unsigned(bytes: 8), "UInt128": .unsigned(bytes: 16), "Int8": .signed(bytes: 1),
    "Int16": .signed(bytes: 2), "Int32": .signed(bytes: 4), "Int64": .signed(bytes: 8),
    "Int128": .signed(bytes: 16), "Bool": .unsigned(bytes: 1), "Float32": .float32,
    "Float64": .float64, "String": .string, "Date": .date, "Date32": .date32, "IPv4": .ipv4,
    "IPv6": .ipv6, "UUID": .uuid, "Nothing": .nothing, "DateTime": .unsigned(bytes: 4),
  ]

  private static func parse(_ name: Substring, depth: Int) -> EngineType? {
    if let type = plain[String(name)] { return type }
    guard depth < 32, let open = name.firstIndex(of: "("), name.last == ")" else {
      return name.hasPrefix("Interval") ? .signed(bytes: 8) : nil
    }
    let inside = arguments(name[name.index(after: open)...].dropLast())
    func inner(_ index: Int) -> EngineType? {
      index < inside.count ? parse(inside[index], depth: depth + 1) : nil
    }
    switch name[..<open] {
    case "Nullable": return inner(0).map { .nullable($0) }
    case "LowCardinality": return inner(0).map { .dictionary($0) }
    case "Array": return inner(0).map { .array($0) }
    case "DateTime": return .unsigned(bytes: 4)
    case "DateTime64": return .signed(bytes: 8)
    case "FixedString": return Int(inside[0]).map { .fixedString($0) }
    case "Enum8": return enumeration(inside, bytes: 1)
    case "Enum16": return enumeration(inside, bytes: 2)
    case "SimpleAggregateFunction": return inner(1)
    case "Map":
      guard let key = inner(0), let value = inner(1) else { return nil }
      return .map(key, value)
    case "Tuple":
      let members = inside.compactMap { member(of: $0, depth: depth + 1) }
      return members.count == inside.count ? .tuple(members) : nil
    default: return nil
    }
  }

  /// A member of a tuple is a type, or a name and a type.
  private static func member(of text: Substring, depth: Int) -> EngineType? {
    if let type = parse(text, depth: depth) { return type }
    guard let space = text.firstIndex(of: " ") else { return nil }
    return parse(text[text.index(after: space)...], depth: depth)
  }

  /// Splits at the commas that stand in no parentheses and no quotes.
  private static func arguments(_ text: Substring) -> [Substring] {
    var parts: [Substring] = []
    var start = text.startIndex
    var depth = 0
    var quoted = false
    var escaped = false
    for index in text.indices {
      let character = text[index]
      if escaped {
        escaped = false
      } else if quoted {
        if character == "\\" { escaped = true } else if character == "'" { quoted = false }
      } else {
        switch character {
        case "'": quoted = true
        case "(": depth += 1
        case ")": depth -= 1
        case "," where depth == 0:
          parts.append(text[start..<index])
          start = text.index(after: index)
        default: break
        }
      }
    }
    parts.append(text[start...])
    return parts.map { $0.drop { $0 == " " } }
  }

  /// `'ok' = 0, 'error' = 1`.
  private static func enumeration(_ members: [Substring], bytes: Int) -> EngineType? {
    var names: [Int: String] = [:]
    for member in members {
      guard let equals = member.lastIndex(of: "="),
        let number = Int(member[member.index(after: equals)...].drop { $0 == " " })
      else { return nil }
      let name = member[..<equals].drop { $0 == " " }
      guard let close = name.lastIndex(of: "'"), name.first == "'", close > name.startIndex else {
        return nil
      }
      names[number] = unescaped(name[name.index(after: name.startIndex)..<close])
    }
    return .enumeration(bytes: bytes, names: names)
  }

  private static func unescaped(_ text: Substring) -> String {
    var result = ""
    var escaped = false
    for character in text {
      if character == "\\", !escaped {
        escaped = true
      } else {
        result.append(character)
        escaped = false
      }
    }
    return result
  }
}
