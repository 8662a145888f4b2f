// SPDX-License-Identifier: Apache-2.0

import Bytes
package import Telemetry

/// ONC RPC, also called Sun RPC (RFC 5531), over streams and datagrams: NFS, mount, locks, the port mapper and
/// others. Calls and replies, which either side may send, find each other by an id.
package struct ONCRPC: ProtocolKind {
  package let descriptor = ProtocolDescriptor(
    number: ApplicationProtocol(rawValue: 204), name: "ONC RPC", transports: [.tcp, .udp],
    pairing: .identifier, defaultPorts: [111, 2_049], sureness: 135)

  package init() {}

  package func makeParser(_ context: ConversationContext) -> any ProtocolParser {
    ONCRPCParser(isStream: context.transport == .tcp)
  }

  /// A record's mark that says that it is the last of its message; the upper bytes of what a message is.
  package func openings(on transport: TransportProtocol) -> Openings {
    guard transport == .tcp else {
      return Openings().with(ByteSet([0]), at: 4).with(ByteSet([0]), at: 5)
    }
    return Openings().with(ByteSet([0x80]), at: 0)
  }

  package func recognize(
    _ bytes: Span<UInt8>, context: RecognitionContext
  ) -> Recognition {
    let start = context.transport == .tcp ? 4 : 0
    if start > 0, bytes.count > 0, bytes[0] != 0x80 { return .no }
    if start > 0, bytes.count >= 4 {
      let length = bytes.bigEndian32(at: 0) & 0x7fff_ffff
      guard length >= 24, length % 4 == 0 else { return .no }
    }
    guard bytes.count >= start + 24 else {
      return start > 0 && ONCRPCHead.isPossible(bytes, at: start) ? .undecided : .no
    }
    guard let head = ONCRPCHead(bytes, at: start) else { return .no }
    if start == 0, bytes.count % 4 != 0, !context.isTruncated { return .no }
    return .yes(sentBy: head.isCall ? .client : .server)
  }
}

/// The head of a message (section 9).
struct ONCRPCHead {
  let isCall: Bool
  let id: UInt64
  private(set) var program = 0
  private(set) var version = 0
  private(set) var procedure = 0
  /// Of a reply: 0 for one that was accepted, and how that went.
  private(set) var refusal = 0
  private(set) var outcome = 0
  /// Where what follows begins, of a reply that went well.
  private(set) var results = 0

  /// Nil when it is none; there must be 24 bytes from `start` on.
  init?(_ bytes: Span<UInt8>, at start: Int) {
    func word(_ index: Int) -> Int {
      let place = start + index * 4
      return place + 4 <= bytes.count ? Int(bytes.bigEndian32(at: place)) : 0
    }
    guard start + 24 <= bytes.count else { return nil }
    id = UInt64(word(0))
    isCall = word(1) == 0
    if isCall {
      (program, version, procedure) = (word(3), word(4), word(5))
      guard word(2) == 2, Self.isProgram(program), version <= 100, procedure <= 255 else {
        return nil
      }
      // What proves who calls: its kind and its length, which is at most 400.
      guard start + 32 > bytes.count || (Self.isFlavor(word(6)) && word(7) <= 400) else {
        return nil
      }
      return
    }
    guard word(1) == 1, word(2) <= 1 else { return nil }
    refusal = word(2)
    if refusal == 1 {
      outcome = word(3)
      guard outcome <= 1 else { return nil }
      return
    }
    guard Self.isFlavor(word(3)), word(4) <= 400, word(4) % 4 == 0 else { return nil }
    let place = 5 + word(4) / 4
    guard start + place * 4 + 4 <= bytes.count else {
      outcome = -1
      return
    }
    outcome = word(place)
    guard outcome <= 5 else { return nil }
    results = start + place * 4 + 4
  }

  static func isPossible(_ bytes: Span<UInt8>, at start: Int) -> Bool {
    guard bytes.count >= start + 8 else { return true }
    let type = bytes.bigEndian32(at: start + 4)
    guard type <= 1 else { return false }
    guard bytes.count >= start + 12 else { return true }
    let word = bytes.bigEndian32(at: start + 8)
    return type == 0 ? word == 2 : word <= 1
  }

  /// Sun's own numbers, those of users, and those that are made up for a while (section 8.3).
  private static func isProgram(_ number: Int) -> Bool {
    100_000...399_999 ~= number || 0x2000_0000..<0x6000_0000 ~= number
  }

  private static func isFlavor(_ number: Int) -> Bool { number <= 6 || 390_003...390_020 ~= number }

  /// What a call leaves for its reply.
  var note: UInt64 {
    UInt64(program) << 32 | UInt64(version & 0xff) << 8 | UInt64(procedure & 0xff)
  }
}
