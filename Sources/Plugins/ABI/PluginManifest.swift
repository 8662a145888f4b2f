// SPDX-License-Identifier: Apache-2.0

package import Protocols
import Telemetry

/// What a plugin says of itself, in lines of `key: value`.
package struct PluginManifest: Hashable, Sendable {
  package enum Kind: Hashable, Sendable {
    /// A protocol of its own, and the bytes its conversations begin with: a set for each place.
    case `protocol`(ProtocolDescriptor, openings: Openings)
    case hook(Hook)
    /// A module that was made for DeepFlow's agent, by the interface of that.
    case deepFlow(DeepFlowHooks)
  }

  /// A look at messages of other protocols.
  package struct Hook: Hashable, Sendable {
    /// Names of the protocols, or of what is spoken on their connections.
    package var protocols: [String]
    /// Header fields whose values it is told, where the protocol has such.
    package var headers: [String] = []
    /// Bytes of a message that it wants to see, where the settings allow that.
    package var payload = 0
  }

  /// Numbers that protocols of plugins may have.
  package static let numbers: ClosedRange<UInt8> = 230...249
  /// Bytes of the text at most.
  static let longest = 4_096

  package var name = ""
  package var version = ""
  package var kind: Kind

  /// Of a module that does not describe itself.
  init(name: String, _ hooks: DeepFlowHooks) {
    self.name = name
    version = "DeepFlow"
    kind = .deepFlow(hooks)
  }

  /// - Throws: the line that is wrong, and what it must be.
  package init(_ text: String) throws(PluginError) {
    var fields = try Fields(text)
    name = try fields.text("name", isNeeded: true)
    version = try fields.text("version", isNeeded: true)
    let kind = try fields.text("kind", isNeeded: true)
    switch kind {
    case "protocol": self.kind = try Self.readProtocol(&fields)
    case "hook": self.kind = try Self.readHook(&fields)
    default: throw fields.fault("kind", "protocol or hook")
    }
    try fields.finish()
  }

  private static func readProtocol(_ fields: inout Fields) throws(PluginError) -> Kind {
    let name = try fields.text("protocol", isNeeded: true)
    let numbers = "a number from \(Self.numbers.lowerBound) to \(Self.numbers.upperBound)"
    guard let number = UInt8(try fields.text("number", isNeeded: true)),
      Self.numbers.contains(number)
    else { throw fields.fault("number", numbers) }
    let transports = try fields.list("transport").map {
      $0 == "tcp" ? true : $0 == "udp" ? false : nil
    }
    guard !transports.contains(nil) else { throw fields.fault("transport", "tcp, udp or both") }
    let pairing = try fields.text("pairing")
    guard ["", "order", "identifier"].contains(pairing) else {
      throw fields.fault("pairing", "order or identifier")
    }
    let ports = try fields.list("ports").map { UInt16($0) ?? 0 }
    guard !ports.contains(0) else { throw fields.fault("ports", "numbers from 1 to 65535") }
    var descriptor = ProtocolDescriptor(
      number: ApplicationProtocol(rawValue: number), name: name,
      transports: transports.isEmpty ? [.tcp] : transports.map { $0 == true ? .tcp : .udp },
      pairing: pairing == "identifier" ? .identifier : .order, defaultPorts: ports)
    descriptor.onlyDefaultPorts = try fields.flag("only_ports")
    descriptor.responsesShowRequests = try fields.flag("responses_show_requests")
    descriptor.timeoutSeconds = UInt32(
      try fields.number("timeout", default: 120, in: 1...3_600))
    descriptor.sureness = UInt8(try fields.number("sureness", default: 100, in: 1...250))
    return .protocol(descriptor, openings: try openings(&fields))
  }

  /// Alternatives such as `00 .. 02 d0`, where two dots are any byte.
  private static func openings(_ fields: inout Fields) throws(PluginError) -> Openings {
    let patterns = try fields.text("opens").split(separator: "|")
    guard !patterns.isEmpty else { return Openings() }
    var sets = [[UInt8]?](repeating: [], count: Openings.places)
    for pattern in patterns {
      let parts = pattern.split(separator: " ")
      guard (1...Openings.places).contains(parts.count) else {
        throw fields.fault("opens", "1 to \(Openings.places) bytes, such as 00 .. 02 | 16 03")
      }
      for place in 0..<Openings.places {
        guard place < parts.count, parts[place] != ".." else {
          sets[place] = nil
          continue
        }
        guard parts[place].utf8.count == 2, let byte = UInt8(parts[place], radix: 16) else {
          throw fields.fault("opens", "bytes of two hexadecimal digits, or .. for any")
        }
        sets[place]?.append(byte)
      }
    }
    var openings = Openings()
    for (place, set) in sets.enumerated() {
      if let set { openings = openings.with(ByteSet(set), at: place) }
    }
    return openings
  }

  private static func readHook(_ fields: inout Fields) throws(PluginError) -> Kind {
    var hook = Hook(protocols: try fields.list("protocols"))
    guard !hook.protocols.isEmpty else {
      throw fields.fault("protocols", "names of protocols, such as HTTP gRPC")
    }
    hook.headers = try fields.list("headers").map { $0.lowercased() }
    guard hook.headers.count <= DeskImage.headerLimit else {
      throw fields.fault("headers", "at most \(DeskImage.headerLimit) names")
    }
    hook.payload = Int(try fields.number("payload", default: 0, in: 0...16_384))
    return .hook(hook)
  }
}

/// The lines of a manifest.
private struct Fields {
  private var values: [String: String] = [:]

  init(_ text: String) throws(PluginError) {
    for line in text.split(whereSeparator: \.isNewline) {
      guard let colon = line.firstIndex(of: ":") else {
        throw PluginError("its description has '\(line.prefix(60))', which is no 'key: value'")
      }
      let key = Self.trim(line[..<colon])
      values[key] = Self.trim(line[line.index(after: colon)...])
    }
  }

  private static func trim(_ text: Substring) -> String {
    var text = text.drop { $0 == " " || $0 == "\t" }
    while let last = text.last, last == " " || last == "\t" { text.removeLast() }
    return String(text)
  }

  func fault(_ key: String, _ expected: String) -> PluginError {
    let told = values[key].map { "says '\(key): \($0.prefix(60))'" } ?? "lacks '\(key)'"
    return PluginError("its description \(told); it must be \(expected)")
  }

  private var taken: Set<String> = []

  mutating func text(_ key: String, isNeeded: Bool = false) throws(PluginError) -> String {
    taken.insert(key)
    let value = values[key] ?? ""
    let isPlain = value.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7f }
    guard isPlain, value.utf8.count <= 256, !isNeeded || (1...64).contains(value.utf8.count)
    else { throw fault(key, "1 to 64 bytes of plain text") }
    return value
  }

  mutating func list(_ key: String) throws(PluginError) -> [String] {
    try text(key).split { $0 == " " || $0 == "," }.map(String.init)
  }

  mutating func flag(_ key: String) throws(PluginError) -> Bool {
    switch try text(key) {
    case "", "false": false
    case "true": true
    default: throw fault(key, "true or false")
    }
  }

  mutating func number(
    _ key: String, default fallback: Int, in range: ClosedRange<Int>
  ) throws(PluginError) -> Int {
    let value = try text(key)
    if value.isEmpty { return fallback }
    guard let number = Int(value), range.contains(number) else {
      throw fault(key, "a number from \(range.lowerBound) to \(range.upperBound)")
    }
    return number
  }

  /// Complains of what nobody asked for.
  func finish() throws(PluginError) {
    if let strange = values.keys.filter({ !taken.contains($0) }).min() {
      throw PluginError("its description has '\(strange)', which means nothing here")
    }
  }
}
