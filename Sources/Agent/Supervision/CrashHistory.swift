// SPDX-License-Identifier: Apache-2.0

package import Protocols

/// What became of the workers of one spool directory: how often one was started again, what it read
/// when it died, and which protocols are not read any more for it.
///
/// Kept as text in `crashes/history`, one fact a line; a line that makes no sense is left out.
package struct CrashHistory: Hashable, Sendable {
  /// A protocol that is not read any more.
  package struct Suspended: Hashable, Sendable {
    package var name: String
    package var extent: Suspension
  }

  /// A death in a protocol's hands.
  struct Crash: Hashable, Sendable {
    /// Seconds since the epoch.
    var time: Int64
    var name: String
    var extent: Suspension
  }

  /// How often a protocol may kill the worker, and within how many seconds, before it is suspended.
  static let crashesToSuspend = 3
  static let memory: Int64 = 86_400
  /// Crashes remembered one by one, and protocols counted.
  static let limit = 64
  private static let tag = "metaflow-agent crashes 1"
  /// Stands for no protocol.
  package static let none = "none"

  /// Workers started after another had crashed.
  package private(set) var restarts: UInt64 = 0
  /// Crashes by the protocol that was being parsed, ``none`` included.
  package private(set) var crashes: [String: UInt64] = [:]
  package private(set) var suspended: [Suspended] = []
  private(set) var recent: [Crash] = []

  package init() {}

  /// Notes that a worker died at `time`, and what it was doing; the protocol that is suspended for it.
  mutating func note(_ name: String?, _ extent: Suspension, at time: Int64) -> Suspended? {
    if crashes.count < Self.limit || crashes[name ?? Self.none] != nil {
      crashes[name ?? Self.none, default: 0] += 1
    }
    recent.removeAll { $0.time <= time - Self.memory || $0.time > time }
    guard let name else { return nil }
    recent.append(Crash(time: time, name: name, extent: extent))
    if recent.count > Self.limit { recent.removeFirst(recent.count - Self.limit) }
    let own = recent.filter { $0.name == name }
    guard own.count >= Self.crashesToSuspend else { return nil }
    // Suspended already, and it died all the same: in its recogniser.
    let known = suspended.first { $0.name == name }
    let worst = own.contains { $0.extent == .recognition } || known != nil
    let now = Suspended(name: name, extent: worst ? .recognition : .reading)
    suspended.removeAll { $0.name == name }
    suspended.append(now)
    recent.removeAll { $0.name == name }
    return now == known ? nil : now
  }

  mutating func noteRestart() { restarts += 1 }

  /// Reads a protocol again; false when it is read.
  package mutating func resume(_ name: String) -> Bool {
    let before = suspended.count
    suspended.removeAll { $0.name == name }
    recent.removeAll { $0.name == name }
    return suspended.count < before
  }

  /// The parsers as they are to be used: stand-ins for those of suspended protocols.
  func applied(to protocols: [any ProtocolKind]) -> [any ProtocolKind] {
    protocols.map { kind in
      let name = kind.descriptor.name
      return suspended.first { $0.name == name }?.extent.standIn(for: kind) ?? kind
    }
  }
}

extension CrashHistory {
  /// Of the bytes of a file; empty for those of another file.
  init(_ bytes: [UInt8]) {
    let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n")
    guard lines.first == Self.tag[...] else { return }
    for line in lines.dropFirst().prefix(4 * Self.limit) {
      let words = line.split(separator: " ", maxSplits: 3).map(String.init)
      switch (words.first, words.count) {
      case ("restarts", 2): restarts = UInt64(words[1]) ?? 0
      case ("crashes", 3): crashes[words[2]] = UInt64(words[1])
      case ("suspended", 3):
        guard let extent = Suspension(rawValue: words[1]) else { continue }
        suspended.append(Suspended(name: words[2], extent: extent))
      case ("crash", 4):
        guard let time = Int64(words[1]), let extent = Suspension(rawValue: words[2]) else {
          continue
        }
        recent.append(Crash(time: time, name: words[3], extent: extent))
      default: continue
      }
    }
  }

  var bytes: [UInt8] {
    var lines = [Self.tag, "restarts \(restarts)"]
    lines += crashes.sorted { $0.key < $1.key }.map { "crashes \($0.value) \($0.key)" }
    lines += suspended.map { "suspended \($0.extent.rawValue) \($0.name)" }
    lines += recent.map { "crash \($0.time) \($0.extent.rawValue) \($0.name)" }
    return Array((lines.joined(separator: "\n") + "\n").utf8)
  }
}
