// SPDX-License-Identifier: Apache-2.0

import Bytes
package import Telemetry

/// STOMP 1.0 to 1.2 (https://stomp.github.io/stomp-specification-1.2.html, whose sections are named here).
package struct STOMP: ProtocolKind {
  package let descriptor = ProtocolDescriptor(
    number: ApplicationProtocol(rawValue: 152), name: "STOMP", pairing: .identifier,
    timeoutSeconds: 60, defaultPorts: [61_613], answers: .rows, sureness: 165, endpoints: .name)

  package init() {}

  package func makeParser(_ context: ConversationContext) -> any ProtocolParser { STOMPParser() }

  /// Letters of commands.
  package func openings(on transport: TransportProtocol) -> Openings {
    Openings().with(ByteSet("ABCDEMNRSU".utf8), at: 0).with(ByteSet("ABCEINORTU".utf8), at: 1)
  }

  package func recognize(
    _ bytes: Span<UInt8>, context: RecognitionContext
  ) -> Recognition {
    guard context.transport == .tcp, bytes.count > 0 else { return .no }
    guard let line = TextLine(bytes, from: 0) else {
      let end = bytes[bytes.count - 1] == 0x0d ? bytes.count - 1 : bytes.count
      return STOMPCommand.mayBegin(with: bytes.clipped(from: 0, to: end)) ? .undecided : .no
    }
    guard let command = STOMPCommand(bytes, line.text) else { return .no }
    if let side = context.side, side != command.sender { return .no }
    // A header follows at once, or nothing does.
    guard let next = TextLine(bytes, from: line.end) else {
      let rest = bytes.clipped(from: line.end, to: bytes.count)
      return STOMPHeaders.mayBegin(with: rest) ? .undecided : .no
    }
    if next.text.isEmpty {
      guard bytes.count > next.end else { return .undecided }
      return bytes[next.end] == 0 && !command.needsHeaders ? .yes(sentBy: command.sender) : .no
    }
    guard STOMPHeaders.mayBegin(with: bytes.clipped(next.text)),
      bytes.firstIndex(of: UInt8(ascii: ":"), from: next.text.lowerBound, to: next.text.upperBound)
        != nil
    else { return .no }
    return .yes(sentBy: command.sender)
  }
}

/// What a frame says: sections "Client Frames" and "Server Frames".
enum STOMPCommand: CaseIterable {
  case connect, stomp, send, subscribe, unsubscribe, ack, nack, begin, commit, abort, disconnect
  case connected, message, receipt, error

  /// Nil when the line is none.
  init?(_ bytes: Span<UInt8>, _ line: Range<Int>) {
    guard (3...11).contains(line.count),
      let found = Self.known.first(where: { bytes.equals($0.name, at: line) })
    else { return nil }
    self = found
  }

  private static let known = allCases

  static func mayBegin(with bytes: Span<UInt8>) -> Bool {
    known.contains { bytes.count <= $0.name.utf8CodeUnitCount && bytes.hasPrefix($0.name, at: 0) }
  }

  var sender: Side {
    switch self {
    case .connected, .message, .receipt, .error: .server
    default: .client
    }
  }

  /// Whether it says nothing without a header.
  var needsHeaders: Bool {
    switch self {
    case .send, .subscribe, .unsubscribe, .message, .receipt: true
    default: false
    }
  }

  var name: StaticString {
    switch self {
    case .connect: "CONNECT"
    case .stomp: "STOMP"
    case .send: "SEND"
    case .subscribe: "SUBSCRIBE"
    case .unsubscribe: "UNSUBSCRIBE"
    case .ack: "ACK"
    case .nack: "NACK"
    case .begin: "BEGIN"
    case .commit: "COMMIT"
    case .abort: "ABORT"
    case .disconnect: "DISCONNECT"
    case .connected: "CONNECTED"
    case .message: "MESSAGE"
    case .receipt: "RECEIPT"
    case .error: "ERROR"
    }
  }
}
