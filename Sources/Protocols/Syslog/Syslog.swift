// SPDX-License-Identifier: Apache-2.0

import Bytes
package import Telemetry

/// Syslog over UDP (RFC 5424 and RFC 5426, and the older form of RFC 3164). Each message is complete in itself; of
/// what it says nothing is told.
package struct Syslog: ProtocolKind {
  package let descriptor = ProtocolDescriptor(
    number: ApplicationProtocol(rawValue: 217), name: "Syslog", transports: [.udp],
    pairing: .identifier, defaultPorts: [514], sureness: 170)

  package init() {}

  package func makeParser(_ context: ConversationContext) -> any ProtocolParser { SyslogParser() }

  /// What it is about, as a number in brackets.
  package func openings(on transport: TransportProtocol) -> Openings {
    Openings().with(ByteSet("<".utf8), at: 0).with(ByteSet("0123456789".utf8), at: 1)
  }

  package func recognize(
    _ bytes: Span<UInt8>, context: RecognitionContext
  ) -> Recognition {
    guard context.transport == .udp, context.side != .server, SyslogHead(bytes) != nil else {
      return .no
    }
    return .yes(sentBy: .client)
  }
}

/// The head of a message: its priority, and in the newer form who says it.
struct SyslogHead {
  let facility: Int
  let severity: Int
  let isNewer: Bool
  private(set) var host = 0..<0
  private(set) var application = 0..<0

  /// Nil when it is none.
  init?(_ bytes: Span<UInt8>) {
    guard bytes.count >= 8, bytes[0] == UInt8(ascii: "<"),
      let close = bytes.firstIndex(of: UInt8(ascii: ">"), from: 1, to: 5),
      let priority = bytes.decimal(at: 1..<close), priority <= 191
    else { return nil }
    facility = priority >> 3
    severity = priority & 7
    let start = close + 1
    isNewer = bytes.hasPrefix("1 ", at: start) && bytes.count > start + 2
    if isNewer {
      // RFC 5424 section 6: a time or none, the host, the application.
      var words = TextWords((start + 2)..<min(bytes.count, start + 512))
      guard let time = words.next(in: bytes),
        bytes.equals("-", at: time) || (time.count >= 20 && bytes[time.lowerBound] &- 0x30 < 10),
        let host = words.next(in: bytes), let application = words.next(in: bytes)
      else { return nil }
      self.host = Self.name(bytes, host)
      self.application = Self.name(bytes, application)
      return
    }
    // RFC 3164 section 4.1: a month, a day, a time of eight letters, the host, and a tag.
    guard bytes.count > start + 16, Self.isMonth(bytes, start), bytes[start + 3] == 0x20,
      bytes[start + 9] == UInt8(ascii: ":"), bytes[start + 12] == UInt8(ascii: ":"),
      bytes[start + 15] == 0x20
    else { return nil }
    var words = TextWords((start + 16)..<min(bytes.count, start + 512))
    guard let first = words.next(in: bytes) else { return }
    // Programs of the same host leave its name out.
    if let tag = Self.tag(bytes, first) {
      application = tag
    } else if let second = words.next(in: bytes), let tag = Self.tag(bytes, second) {
      host = Self.name(bytes, first)
      application = tag
    }
  }

  private static func isMonth(_ bytes: Span<UInt8>, _ start: Int) -> Bool {
    let names: StaticString = "JanFebMarAprMayJunJulAugSepOctNovDec"
    return names.withUTF8Buffer { buffer in
      let months = unsafe buffer.span
      for month in 0..<12 {
        let place = month * 3
        let isSame = (0..<3).allSatisfy { bytes[start + $0] == months[place + $0] }
        if isSame { return true }
      }
      return false
    }
  }

  /// What stands in front of `[pid]:` or of a colon; nil of another word.
  private static func tag(_ bytes: Span<UInt8>, _ word: Range<Int>) -> Range<Int>? {
    guard word.count > 1, bytes[word.upperBound - 1] == UInt8(ascii: ":") else { return nil }
    let end =
      bytes.firstIndex(of: UInt8(ascii: "["), from: word.lowerBound, to: word.upperBound)
      ?? word.upperBound - 1
    let name = name(bytes, word.lowerBound..<end)
    return name.isEmpty ? nil : name
  }

  /// A name of a host or a program; empty of what is none.
  private static func name(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Range<Int> {
    guard (1...64).contains(range.count), !bytes.equals("-", at: range) else { return 0..<0 }
    for index in range {
      let byte = bytes[index]
      guard
        ByteSet.letter(byte) || byte &- 0x30 < 11 || byte == 0x2d || byte == 0x2e || byte == 0x5f
      else { return 0..<0 }
    }
    return range
  }

  var severityName: StaticString {
    switch severity {
    case 0: "emergency"
    case 1: "alert"
    case 2: "critical"
    case 3: "error"
    case 4: "warning"
    case 5: "notice"
    case 6: "informational"
    default: "debug"
    }
  }
}

/// Reads syslog: the type is the severity, the domain the host that it is of, endpoint and resource the program.
struct SyslogParser: ProtocolParser {
  package mutating func nextMessage(
    in view: borrowing StreamView, from side: Side, on desk: inout Desk
  ) throws(ParseError) -> ParseStep {
    let bytes = view.bytes
    guard let head = SyslogHead(bytes) else {
      throw ParseError(at: 0, expected: "the head of a message")
    }
    desk.message = Message(.session)
    desk.message.length = Int64(bytes.count)
    desk.message.texts.version = desk.fields.append(head.isNewer ? "RFC 5424" : "RFC 3164")
    desk.message.texts.requestType = desk.fields.append(head.severityName)
    desk.message.texts.requestDomain = desk.fields.append(bytes, at: head.host)
    desk.message.texts.requestResource = desk.fields.append(bytes, at: head.application)
    let mark = desk.fields.mark
    desk.fields.push(patternOf: bytes.clipped(head.application))
    desk.message.texts.endpoint = desk.fields.finish(from: mark)
    if desk.message.texts.endpoint.isEmpty {
      desk.message.texts.endpoint = desk.message.texts.requestType
    }
    desk.fields.append(
      attribute: "syslog.facility", number: Int64(head.facility), to: &desk.message.attributes)
    return .message(.bytes(bytes.count))
  }
}
