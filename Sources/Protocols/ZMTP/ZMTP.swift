// SPDX-License-Identifier: Apache-2.0

import Bytes
package import Telemetry

/// ZMTP 2.0 to 3.1, which ZeroMQ speaks (https://rfc.zeromq.org/spec/23/ and 37, whose sections are named
/// here). Conversations are read from their greeting on; later their frames could be anybody's.
package struct ZMTP: ProtocolKind {
  package let descriptor = ProtocolDescriptor(
    number: ApplicationProtocol(rawValue: 106), name: "ZMTP", pairing: .order,
    defaultPorts: [], answers: .rows, sureness: 200, endpoints: .name)

  package init() {}

  package func makeParser(_ context: ConversationContext) -> any ProtocolParser { ZMTPParser() }

  /// The signature.
  package func openings(on transport: TransportProtocol) -> Openings {
    Openings().with(ByteSet([0xff]), at: 0).with(ByteSet([0]), at: 1).with(ByteSet([0]), at: 2)
  }

  package func recognize(
    _ bytes: Span<UInt8>, context: RecognitionContext
  ) -> Recognition {
    guard context.transport == .tcp, ZMTPGreeting.isPossible(bytes) else { return .no }
    // Some wait for the other's signature before they go on.
    return bytes.count >= ZMTPGreeting.signature ? .yes(sentBy: context.side) : .undecided
  }
}

/// What both sides begin with (section "Version Negotiation"): ten bytes, a version, and of version 3 the
/// mechanism, of version 2 the kind of socket.
struct ZMTPGreeting {
  static let signature = 10
  private static let size = 64
  private static let older = 12

  let length: Int
  let isOlder: Bool
  /// Of version 2 alone.
  let socket: ZMTPSocket?
  /// Whether what follows is in clear.
  let isClear: Bool

  static func isPossible(_ bytes: Span<UInt8>) -> Bool {
    for index in 0..<min(bytes.count, signature + 1) {
      let byte = bytes[index]
      switch index {
      case 0: guard byte == 0xff else { return false }
      // Version 2 of the library says a length there.
      case 8: guard byte <= 1 else { return false }
      case 9: guard byte == 0x7f else { return false }
      case 10: guard (1...3).contains(byte) else { return false }
      default: guard byte == 0 else { return false }
      }
    }
    return true
  }

  /// How many bytes it has; there must be eleven.
  static func length(_ bytes: Span<UInt8>) -> Int { bytes[signature] == 3 ? size : older }

  /// There must be as many bytes as ``length(_:)`` says.
  init(_ bytes: Span<UInt8>) {
    length = Self.length(bytes)
    isOlder = length == Self.older
    socket = isOlder ? ZMTPSocket(rawValue: bytes[11]) : nil
    isClear =
      isOlder || bytes.hasPrefix("NULL\0", at: 12) || bytes.hasPrefix("PLAIN\0", at: 12)
  }
}

/// Kinds of sockets, numbered as version 2 does (https://rfc.zeromq.org/spec/15/).
enum ZMTPSocket: UInt8, CaseIterable {
  case pair = 0
  case publish, subscribe, request, reply, dealer, router, pull, push, xPublish, xSubscribe

  var name: StaticString {
    switch self {
    case .pair: "PAIR"
    case .publish: "PUB"
    case .subscribe: "SUB"
    case .request: "REQ"
    case .reply: "REP"
    case .dealer: "DEALER"
    case .router: "ROUTER"
    case .pull: "PULL"
    case .push: "PUSH"
    case .xPublish: "XPUB"
    case .xSubscribe: "XSUB"
    }
  }

  private static let known = allCases

  /// The kind of this name.
  init?(_ bytes: Span<UInt8>, at range: Range<Int>) {
    guard let found = Self.known.first(where: { bytes.equals($0.name, at: range) }) else {
      return nil
    }
    self = found
  }
}

/// The head of a frame (section "Framing").
struct ZMTPFrame {
  let head: Int
  let body: Int
  let hasMore: Bool
  let isCommand: Bool

  private static let longest = 1 << 40

  /// Bytes of a head that begins so.
  static func size(_ flags: UInt8) -> Int { flags & 2 == 0 ? 2 : 9 }

  /// Nil when it is none; the head must be in view.
  init?(_ bytes: Span<UInt8>, at start: Int) {
    let flags = bytes[start]
    guard flags & 0xf8 == 0, flags & 5 != 5 else { return nil }
    hasMore = flags & 1 == 1
    isCommand = flags & 4 == 4
    head = Self.size(flags)
    var cursor = ByteCursor(at: start + 1, to: bytes.count)
    guard let size = try? cursor.number(of: head - 1, in: bytes), size < UInt64(Self.longest) else {
      return nil
    }
    body = Int(size)
  }
}
