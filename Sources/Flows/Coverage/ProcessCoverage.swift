// SPDX-License-Identifier: Apache-2.0

import Bytes
import Protocols
package import Telemetry

/// Which conversations of which processes are read, and which are not: of so many kinds, what comes beyond
/// is counted. Noted once a conversation, when it is first answered or given up.
package struct ProcessCoverage: Sendable {
  /// Conversations of one kind.
  package struct Entry: Hashable, Sendable {
    package var process: ProcessKey
    package var gap: CoverageGap
    package var applicationProtocol: ApplicationProtocol
    package var port: UInt16
    /// Whether it is plain text that a TLS library showed.
    package var isPlain: Bool
    /// The first bytes, eight at most, as ``shape(of:)``.
    package var opening: UInt64
    package var conversations: UInt64 = 1

    package init(
      process: ProcessKey, gap: CoverageGap, applicationProtocol: ApplicationProtocol,
      port: UInt16, isPlain: Bool = false, opening: UInt64 = 0
    ) {
      self.process = process
      self.gap = gap
      self.applicationProtocol = applicationProtocol
      self.port = port
      self.isPlain = isPlain
      self.opening = opening
    }

    func isSame(as other: Entry) -> Bool {
      process.isSame(as: other.process) && gap == other.gap && port == other.port
        && applicationProtocol == other.applicationProtocol && isPlain == other.isPlain
        && opening == other.opening
    }
  }

  package static let capacity = 1_024
  private var entries: [Entry] = []
  private var index = SlotIndex()
  private var leftOut: UInt64 = 0
  /// How conversations began that nobody knows yet, by their slots; 0 for none.
  private var openings: [UInt64] = []
  private let seed: UInt64

  init(seed: UInt64) { self.seed = seed }

  mutating func note(_ entry: Entry) {
    var hash = Hash(seed: seed)
    hash.combine(entry.process)
    hash.combine(entry.opening)
    hash.combine(
      UInt64(entry.port) << 32 | UInt64(entry.applicationProtocol.rawValue) << 16
        | UInt64(entry.gap.rawValue) << 1 | (entry.isPlain ? 1 : 0))
    if let found = index.find(hash.value, where: { entries[$0].isSame(as: entry) }) {
      entries[found].conversations += 1
    } else if entries.count < Self.capacity {
      index.insert(hash.value, slot: entries.count)
      entries.append(entry)
    } else {
      leftOut += 1
    }
  }

  /// Remembers how a conversation began, until it is known or over.
  mutating func remember(_ payload: Span<UInt8>, slot: Int) {
    if slot >= openings.count {
      openings.append(contentsOf: repeatElement(0, count: slot + 1 - openings.count))
    }
    if openings[slot] == 0 { openings[slot] = Self.shape(of: payload) }
  }

  /// How it began; 0 when that is not known. It is forgotten.
  mutating func takeOpening(slot: Int) -> UInt64 {
    guard slot < openings.count else { return 0 }
    defer { openings[slot] = 0 }
    return openings[slot]
  }

  /// Conversations have other slots now.
  mutating func forgetOpenings() { openings = [] }

  /// What was noted since this was asked last, and how many conversations found no room.
  mutating func take() -> (entries: [Entry], leftOut: UInt64) {
    defer {
      entries = []
      index = SlotIndex()
      leftOut = 0
    }
    return (entries, leftOut)
  }

  /// The first eight bytes without what they say: a letter is `a`, a digit `0`, and others are as they are,
  /// which is what protocols are told by.
  package static func shape(of bytes: Span<UInt8>) -> UInt64 {
    var shape: UInt64 = 0
    for index in 0..<min(8, bytes.count) {
      var byte = bytes[index]
      if byte &- 0x30 < 10 {
        byte = UInt8(ascii: "0")
      } else if (byte | 0x20) &- 0x61 < 26 || byte >= 0x80 {
        byte = UInt8(ascii: "a")
      }
      shape |= UInt64(byte) << UInt64(index * 8)
    }
    return shape
  }

  /// A shape as people read it: what is not printable as `\x1f`.
  package static func text(ofShape shape: UInt64) -> String {
    var text = ""
    let count = 8 - shape.leadingZeroBitCount / 8
    for index in 0..<count {
      let byte = UInt8(truncatingIfNeeded: shape >> UInt64(index * 8))
      if byte >= 0x20, byte < 0x7f {
        text.unicodeScalars.append(UnicodeScalar(byte))
      } else {
        let digits = String(byte, radix: 16)
        text += "\\x" + (digits.count < 2 ? "0" : "") + digits
      }
    }
    return text
  }
}

extension FlowEngine {
  /// Notes that a conversation's bytes make calls, at its first answer.
  mutating func noteSeen(_ conversation: inout Conversation, slot: Int) {
    guard isOfSockets, let process = causality.process(of: slot) else { return }
    let number = protocols[conversation.protocolIndex].number
    let isCipherText = number == TLS.number
    coverage.note(
      ProcessCoverage.Entry(
        process: process, gap: isCipherText ? .cipherText : .none, applicationProtocol: number,
        port: conversation.serverPort, isPlain: conversation.plane.bit != 0))
  }

  /// Notes that a conversation goes on in TLS. One that began so was noted when it was answered.
  mutating func noteEncrypted(_ conversation: inout Conversation, slot: Int) {
    let number = protocols[conversation.protocolIndex].number
    guard isOfSockets, number != TLS.number, let process = causality.process(of: slot) else {
      return
    }
    coverage.note(
      ProcessCoverage.Entry(
        process: process, gap: .cipherText, applicationProtocol: number,
        port: conversation.serverPort))
  }

  /// Notes that a conversation was given up.
  mutating func noteUnseen(
    _ conversation: inout Conversation, _ process: ProcessKey, _ opening: UInt64
  ) {
    guard !conversation.isReadElsewhere else { return }
    coverage.note(
      ProcessCoverage.Entry(
        process: process, gap: conversation.isSuspended ? .protocolSuspended : .unknownProtocol,
        applicationProtocol: .unknown, port: conversation.serverPort,
        isPlain: conversation.plane.bit != 0, opening: opening))
  }

  /// Notes what an event has shown of a conversation that nobody reads.
  mutating func noteUnread(
    _ conversation: inout Conversation, _ process: ProcessKey, _ payload: Span<UInt8>, slot: Int
  ) {
    switch conversation.state {
    case .unknown:
      if conversation.turn == .refused { coverage.remember(payload, slot: slot) }
    case .muted:
      let opening = coverage.takeOpening(slot: slot)
      noteUnseen(
        &conversation, process, opening == 0 ? ProcessCoverage.shape(of: payload) : opening)
    case .adopted, .recognised: break
    }
  }

  /// Notes one that ended before it was given up, if anything was said that nobody knew.
  mutating func noteUnseenAtEnd(_ conversation: inout Conversation, slot: Int) {
    guard isOfSockets else { return }
    let opening = coverage.takeOpening(slot: slot)
    guard conversation.state == .unknown, opening != 0, let process = causality.process(of: slot)
    else { return }
    noteUnseen(&conversation, process, opening)
  }
}
