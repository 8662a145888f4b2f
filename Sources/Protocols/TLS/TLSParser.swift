// SPDX-License-Identifier: Apache-2.0

import Bytes
import Telemetry

/// Reads the handshake of TLS: a client's hello is a request, and what the server answers its response.
/// That lasts, where certificates are in clear, until the server has finished. Behind it there is cipher
/// text.
///
/// The resource is the name of the server.
struct TLSParser: ProtocolParser {
  /// There is one call in a connection.
  static let exchange: UInt64 = 1

  enum Stage {
    /// Nothing was said yet.
    case new
    case asked
    /// The server was asked to choose anew (RFC 8446 section 4.1.4).
    case retried
    /// It has chosen, and shows who it is.
    case answered
    /// What it says next is encrypted, and its last.
    case finishing
    case over
  }

  private(set) var stage = Stage.new
  /// Whether the client's hello was read, or will not be.
  private var hasAsked = false

  package mutating func nextMessage(
    in view: borrowing StreamView, from side: Side, on desk: inout Desk
  ) throws(ParseError) -> ParseStep {
    if stage == .over, hasAsked || side == .server { return .handOver(after: 0, to: .encrypted) }
    let bytes = view.bytes
    guard bytes.count >= TLSRecord.head else {
      return view.isFinal ? .skip(bytes.count) : .needMore(atLeast: TLSRecord.head)
    }
    guard let record = TLSRecord(bytes) else { throw ParseError(at: 0, expected: "a record") }
    switch record.type {
    case TLSContent.handshake where !hasAsked && side == .client:
      return try nextHello(bytes, isFinal: view.isFinal, on: &desk)
    case TLSContent.handshake where side == .server && stage != .answered && stage != .finishing:
      return try nextAnswer(bytes, isFinal: view.isFinal, on: &desk)
    case TLSContent.alert where record.length == 2:
      guard bytes.count >= record.end else {
        return view.isFinal ? .skip(record.end) : .needMore(atLeast: record.end)
      }
      return takeAlert(TLSAlert(level: bytes[5], number: bytes[6]), from: side, on: &desk)
    default: return takeOther(record, from: side, on: &desk)
    }
  }

  /// A lost beginning leaves nothing to read.
  package mutating func bytesWereLost(from side: Side) {
    guard stage == .new else { return }
    stage = .over
    hasAsked = true
  }

  private mutating func nextHello(
    _ bytes: Span<UInt8>, isFinal: Bool, on desk: inout Desk
  ) throws(ParseError) -> ParseStep {
    let window = bytes.clipped(from: 0, to: TLSRun.reach)
    let isLast = isFinal || window.count == TLSRun.reach
    var run = TLSRun()
    run.gather(4, of: window, isLast: isLast)
    guard run.count == 0 || run.bytes[0] == TLSClientHello.type else {
      throw ParseError(at: TLSRecord.head, expected: "a client's hello")
    }
    var wanted = 4
    if run.count >= 4 {
      wanted += run.bytes.handshakeLength(at: 0)
      run.gather(wanted, of: window, isLast: isLast)
    }
    if run.count < wanted, !run.isOver, !isLast { return run.needMore(TLSRun.reach) }
    let hello = TLSClientHello(run.bytes, at: 4, to: wanted)
    hasAsked = true
    if stage == .new { stage = .asked }
    desk.message = Message(.request)
    desk.message.exchange = Self.exchange
    TLSText.describe(hello, run.bytes, isDatagram: false, on: &desk)
    return .message(.bytes(run.end))
  }

  /// A record that is passed over, or that ends the handshake.
  private mutating func takeOther(
    _ record: TLSRecord, from side: Side, on desk: inout Desk
  ) -> ParseStep {
    switch (stage, record.type, side) {
    case (.new, _, _), (.over, _, _), (.answered, TLSContent.applicationData, _),
      (.asked, TLSContent.applicationData, .server):
      // Whoever joins late hears nothing.
      stage = .over
      return .handOver(after: 0, to: .encrypted)
    case (.answered, TLSContent.changeCipherSpec, .server): stage = .finishing
    case (.finishing, _, .server):
      stage = .over
      desk.message = Message(.response)
      desk.message.exchange = Self.exchange
      return .more(record.end, ends: true)
    default: break
    }
    return .skip(record.end)
  }

  /// One side gives up, or warns.
  private mutating func takeAlert(
    _ alert: TLSAlert?, from side: Side, on desk: inout Desk
  ) -> ParseStep {
    let length = TLSRecord.head + 2
    guard let alert, alert.isFatal || (alert.number == 0 && side == .server) else {
      return .skip(length)
    }
    let before = stage
    if before == .asked || before == .retried, side == .client { return .skip(length) }
    stage = .over
    switch before {
    case .new, .over: return .handOver(after: 0, to: .encrypted)
    case .asked, .retried:
      desk.message = Message(.response)
      desk.message.exchange = Self.exchange
      TLSText.describe(alert, saidBy: side, on: &desk)
      return .message(.bytes(length))
    case .answered, .finishing:
      desk.message = Message(.response)
      desk.message.exchange = Self.exchange
      TLSText.describe(alert, saidBy: side, on: &desk)
      return .more(length, ends: true)
    }
  }
}

extension TLSParser {
  private mutating func nextAnswer(
    _ bytes: Span<UInt8>, isFinal: Bool, on desk: inout Desk
  ) throws(ParseError) -> ParseStep {
    let window = bytes.clipped(from: 0, to: TLSRun.reach)
    let isLast = isFinal || window.count == TLSRun.reach
    var run = TLSRun()
    var flight = TLSFlight()
    while true {
      run.gather(flight.wanted, of: window, isLast: isLast)
      let isShort = run.count < flight.wanted
      if isShort, !run.isOver, !isLast { return run.needMore(TLSRun.reach) }
      if !flight.read(run.bytes) || isShort { break }
    }
    guard let hello = flight.hello else {
      if run.follower != nil || isFinal { return .skip(run.end) }
      throw ParseError(at: TLSRecord.head, expected: "a server's hello")
    }
    if hello.isRetry {
      stage = .retried
      return .skip(run.end)
    }
    guard let asked = desk.asked(Self.exchange) else { return .lookUp(Self.exchange) }
    // Where only the server is heard, what it says stands alone.
    desk.message = Message(asked == .nothing ? .session : .response)
    desk.message.exchange = Self.exchange
    let isResumed = flight.isResumed || (run.follower == TLSContent.changeCipherSpec)
    TLSText.describe(
      hello, run.bytes, isResumed: hello.hidesRest ? hello.hasKey : isResumed, on: &desk)
    if let start = flight.certificate {
      TLSCertificate(run.bytes, at: start, to: run.count)?
        .describe(run.bytes, of: .server, on: &desk)
    }
    if stage == .retried {
      desk.fields.append(attribute: "tls.hello_retry", "true", to: &desk.message.attributes)
    }
    stage = .over
    if !hello.hidesRest, asked != .nothing {
      stage = .answered
      desk.message.goesOn = true
      desk.message.isEndSeen = false
    }
    return .message(.bytes(run.end))
  }
}

extension TLSRun {
  /// Waits for the end of the last record, or for the head of the next.
  func needMore(_ limit: Int) -> ParseStep {
    .needMore(atLeast: min(isCut ? end : end + TLSRecord.head, limit))
  }
}

extension Span where Element == UInt8 {
  /// The length of the message of a handshake that begins at `place`.
  func handshakeLength(at place: Int) -> Int {
    Int(self[place + 1]) << 16 | Int(self[place + 2]) << 8 | Int(self[place + 3])
  }
}
