// SPDX-License-Identifier: Apache-2.0

import Bytes
package import Telemetry

/// AMQP 1.0, as ActiveMQ Artemis, Qpid, Azure Service Bus and RabbitMQ 4 speak it
/// (https://docs.oasis-open.org/amqp/core/v1.0/os/amqp-core-overview-v1.0-os.html, whose sections are named here). It has nothing in common
/// with 0-9-1 but its name and the port.
package struct AMQP10: ProtocolKind {
  package let descriptor = ProtocolDescriptor(
    number: ApplicationProtocol(rawValue: 153), name: "AMQP 1.0", pairing: .identifier,
    timeoutSeconds: 60, defaultPorts: [5_672], answers: .rows, sureness: 190, endpoints: .name)

  package init() {}

  package func makeParser(_ context: ConversationContext) -> any ProtocolParser { AMQP10Parser() }

  /// The protocol's name, or a frame: its length, where its body begins, its type.
  package func openings(on transport: TransportProtocol) -> Openings {
    Openings().with(ByteSet([0, UInt8(ascii: "A")]), at: 0)
      .with(ByteSet([0, 2, 3]), at: 4).with(ByteSet([0, 1]), at: 5)
  }

  package func recognize(
    _ bytes: Span<UInt8>, context: RecognitionContext
  ) -> Recognition {
    guard context.transport == .tcp, bytes.count > 0 else { return .no }
    if bytes[0] == UInt8(ascii: "A") {
      guard bytes.hasPrefix("AMQP", at: 0) else { return .no }
      guard bytes.count >= AMQP10Frame.protocolHeaderSize else { return .undecided }
      return AMQP10Frame.isProtocolHeader(bytes) ? .yes(sentBy: context.side ?? .client) : .no
    }
    guard bytes[0] == 0 else { return .no }
    guard bytes.count >= AMQP10Frame.headSize else {
      return bytes.count < 6 || (bytes[4] == 2 && bytes[5] <= 1) ? .undecided : .no
    }
    guard let frame = AMQP10Frame(bytes) else { return .no }
    // A heartbeat is too little.
    guard frame.length > AMQP10Frame.headSize else { return .undecided }
    guard bytes.count >= AMQP10Frame.headSize + 4 else { return .undecided }
    guard let performative = AMQP10Performative(bytes, frame) else {
      return AMQP10Performative.endsInHead(bytes) ? .undecided : .no
    }
    if let side = context.side, let sender = performative.kind.sender, side != sender { return .no }
    return .yes(sentBy: performative.kind.sender ?? context.side)
  }
}

/// The head of a frame (part 2, section 2.3.1).
struct AMQP10Frame {
  static let headSize = 8
  static let protocolHeaderSize = 8
  private static let longest = 1 << 24

  let length: Int
  let isSASL: Bool
  let channel: UInt16

  /// Nil when there are too few bytes, or it is none. Extended heads are nobody's.
  init?(_ bytes: Span<UInt8>) {
    guard bytes.count >= Self.headSize else { return nil }
    length = Int(bytes.bigEndian32(at: 0))
    isSASL = bytes[5] == 1
    channel = UInt16(bytes[6]) << 8 | UInt16(bytes[7])
    guard length >= Self.headSize, length < Self.longest, bytes[4] == 2, bytes[5] <= 1 else {
      return nil
    }
  }

  /// The name, which of the layers (frames, TLS, SASL), and 1.0.0 (part 2, section 2.2).
  static func isProtocolHeader(_ bytes: Span<UInt8>) -> Bool {
    bytes.count >= protocolHeaderSize && bytes.hasPrefix("AMQP", at: 0)
      && (bytes[4] == 0 || bytes[4] == 2 || bytes[4] == 3) && bytes[5] == 1 && bytes[6] == 0
      && bytes[7] == 0
  }
}

/// What a frame says (part 2, section 2.7, and part 5, section 5.3.3), by its descriptor.
enum AMQP10Kind: UInt8 {
  case open = 0x10
  case begin, attach, flow, transfer, disposition, detach, end, close
  case mechanisms = 0x40
  case initial, challenge, response, outcome

  /// The only side that says it; nil when both do.
  var sender: Side? {
    switch self {
    case .mechanisms, .challenge, .outcome: .server
    case .initial, .response: .client
    default: nil
    }
  }

  var name: StaticString {
    switch self {
    case .open: "open"
    case .begin: "begin"
    case .attach: "attach"
    case .flow: "flow"
    case .transfer: "transfer"
    case .disposition: "disposition"
    case .detach: "detach"
    case .end: "end"
    case .close: "close"
    case .mechanisms: "sasl-mechanisms"
    case .initial: "sasl-init"
    case .challenge: "sasl-challenge"
    case .response: "sasl-response"
    case .outcome: "sasl-outcome"
    }
  }
}

/// The described list that a frame begins with.
struct AMQP10Performative {
  let kind: AMQP10Kind
  /// The list's values, and what stands behind it: the message of a transfer.
  var fields: AMQP10Cursor
  let rest: Int

  /// Whether these bytes, four behind the frame's head at least, may go on to be one, and end before
  /// its list says how long it is.
  static func endsInHead(_ bytes: Span<UInt8>) -> Bool {
    let start = AMQP10Frame.headSize
    guard bytes[start] == 0, bytes[start + 1] == 0x53 || bytes[start + 1] == 0x80 else {
      return false
    }
    let list = start + (bytes[start + 1] == 0x53 ? 3 : 10)
    guard bytes.count > list else { return true }
    switch bytes[list] {
    case 0xc0: return bytes.count < list + 3
    case 0xd0: return bytes.count < list + 9
    default: return false
    }
  }

  /// Nil when it is none; there must be four bytes behind the head.
  init?(_ bytes: Span<UInt8>, _ frame: AMQP10Frame) {
    var cursor = ByteCursor(at: AMQP10Frame.headSize, to: frame.length)
    guard let first = try? cursor.byte(in: bytes), first == 0,
      let form = try? cursor.byte(in: bytes), form == 0x53 || form == 0x80,
      let code = form == 0x53
        ? try? UInt64(cursor.byte(in: bytes)) : try? cursor.number(of: 8, in: bytes),
      code <= 0xff, let kind = AMQP10Kind(rawValue: UInt8(code)),
      (kind.rawValue >= 0x40) == frame.isSASL
    else { return nil }
    self.kind = kind
    guard let list = try? AMQP10Cursor.list(&cursor, bytes) else { return nil }
    fields = AMQP10Cursor(list)
    rest = list.upperBound
  }
}
