// SPDX-License-Identifier: Apache-2.0

import Bytes
package import Telemetry

/// SIP (RFC 3261, whose sections are named here), over TCP and UDP. Either side asks; requests and final
/// responses find each other by Call-ID and CSeq.
package struct SIP: ProtocolKind {
  package let descriptor = ProtocolDescriptor(
    number: ApplicationProtocol(rawValue: 215), name: "SIP", transports: [.tcp, .udp],
    pairing: .identifier, timeoutSeconds: 180, defaultPorts: [5_060], sureness: 200)

  package init() {}

  package func makeParser(_ context: ConversationContext) -> any ProtocolParser {
    SIPParser(isStream: context.transport == .tcp)
  }

  /// First letters of methods, and of what a response begins with.
  package func openings(on transport: TransportProtocol) -> Openings {
    Openings().with(ByteSet("ABCIMNOPRSU".utf8), at: 0).with(ByteSet("ACENPRUI".utf8), at: 1)
  }

  package func recognize(
    _ bytes: Span<UInt8>, context: RecognitionContext
  ) -> Recognition {
    guard bytes.count > 0, SIPStartLine.mayBegin(with: bytes) else { return .no }
    guard let line = TextLine(bytes, from: 0) else {
      return bytes.count < 1_024 ? .undecided : .no
    }
    guard let start = SIPStartLine(bytes, line.text) else { return .no }
    // Who calls is its client, whoever of both asks first.
    return .yes(sentBy: context.side ?? (start.code == nil ? .client : .server))
  }
}

/// The first line of a message (sections 7.1 and 7.2).
struct SIPStartLine {
  static let methods: [StaticString] = [
    "INVITE", "ACK", "BYE", "CANCEL", "REGISTER", "OPTIONS", "INFO", "PRACK", "UPDATE", "SUBSCRIBE",
    "NOTIFY", "REFER", "MESSAGE", "PUBLISH",
  ]

  /// Nil of a response.
  let method: StaticString?
  let code: Int?
  let target: Range<Int>
  let reason: Range<Int>

  /// Nil when it is none.
  init?(_ bytes: Span<UInt8>, _ line: Range<Int>) {
    var words = TextWords(line)
    guard let first = words.next(in: bytes), first.lowerBound == line.lowerBound,
      let second = words.next(in: bytes)
    else { return nil }
    if bytes.equals("SIP/2.0", at: first) {
      guard second.count == 3, let code = bytes.decimal(at: second), (100..<700).contains(code)
      else { return nil }
      (self.code, method, target) = (code, nil, 0..<0)
      reason = min(second.upperBound + 1, line.upperBound)..<line.upperBound
      return
    }
    guard let method = Self.methods.first(where: { bytes.equals($0, at: first) }),
      let third = words.next(in: bytes), bytes.equals("SIP/2.0", at: third),
      bytes.hasPrefix("sip:", at: second.lowerBound)
        || bytes.hasPrefix("sips:", at: second.lowerBound)
        || bytes.hasPrefix("tel:", at: second.lowerBound)
    else { return nil }
    (self.method, code, target, reason) = (method, nil, second, 0..<0)
  }

  /// Whether more bytes may make it one.
  static func mayBegin(with bytes: Span<UInt8>) -> Bool {
    if bytes.hasPrefix("SIP/2.0 ", at: 0) { return true }
    return methods.contains { method in
      let count = method.utf8CodeUnitCount
      guard bytes.hasPrefix(method, at: 0) else { return false }
      guard bytes.count > count else { return true }
      guard bytes[count] == 0x20 else { return false }
      return bytes.hasPrefix("sip:", at: count + 1) || bytes.hasPrefix("sips:", at: count + 1)
        || bytes.hasPrefix("tel:", at: count + 1)
    }
  }
}

/// The headers that are read (section 20), in their long and their compact form (section 7.3.3).
struct SIPHeaders {
  private(set) var callID = 0..<0
  private(set) var sequence = 0..<0
  private(set) var userAgent = 0..<0
  private(set) var length = 0
  /// Where the body begins; nil when the end of the headers is not in view.
  private(set) var end: Int?

  init(_ bytes: Span<UInt8>, from start: Int) {
    var place = start
    while place < bytes.count, let line = TextLine(bytes, from: place) {
      place = line.end
      if line.text.isEmpty {
        end = place
        return
      }
      guard
        let colon = bytes.firstIndex(
          of: UInt8(ascii: ":"), from: line.text.lowerBound, to: line.text.upperBound)
      else { continue }
      var first = colon + 1
      while first < line.text.upperBound, bytes[first] == 0x20 { first += 1 }
      var last = colon
      while last > line.text.lowerBound, bytes[last - 1] == 0x20 { last -= 1 }
      take(bytes, line.text.lowerBound..<last, first..<line.text.upperBound)
    }
  }

  private mutating func take(_ bytes: Span<UInt8>, _ name: Range<Int>, _ value: Range<Int>) {
    guard let folded = HeaderName(bytes.clipped(name)) else { return }
    switch folded {
    case HeaderName("call-id"), HeaderName("i"): callID = value
    case HeaderName("cseq"): sequence = value
    case HeaderName("user-agent"), HeaderName("server"): userAgent = value
    case HeaderName("content-length"), HeaderName("l"):
      length = value.count <= 9 ? bytes.decimal(at: value) ?? 0 : 0
    default: break
    }
  }

  /// By which requests and responses find each other (section 17.1.3, where a branch does the same).
  func exchange(_ bytes: Span<UInt8>) -> UInt64 {
    var words = TextWords(sequence)
    let number = words.next(in: bytes) ?? 0..<0
    let method = words.next(in: bytes) ?? 0..<0
    return nameHash(bytes, callID) ^ nameHash(bytes, number) &* 31 ^ nameHash(bytes, method) &* 17
  }
}
