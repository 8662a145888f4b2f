// SPDX-License-Identifier: Apache-2.0

import Bytes
package import Telemetry

/// The binary protocol of Apache Pulsar (https://pulsar.apache.org/docs/next/developing-binary-protocol/),
/// whose commands are those of `PulsarApi.proto`.
package struct Pulsar: ProtocolKind {
  package let descriptor = ProtocolDescriptor(
    number: ApplicationProtocol(rawValue: 105), name: "Pulsar", pairing: .identifier,
    timeoutSeconds: 60, defaultPorts: [6_650], answers: .rows, sureness: 190, endpoints: .name)

  package init() {}

  package func makeParser(_ context: ConversationContext) -> any ProtocolParser { PulsarParser() }

  /// Two lengths.
  package func openings(on transport: TransportProtocol) -> Openings {
    Openings().with(ByteSet(0...7), at: 0).with(ByteSet([0]), at: 4).with(ByteSet(0...16), at: 5)
  }

  package func recognize(
    _ bytes: Span<UInt8>, context: RecognitionContext
  ) -> Recognition {
    guard context.transport == .tcp, PulsarFrame.isPossible(bytes) else { return .no }
    guard let frame = PulsarFrame(bytes) else {
      return bytes.count < PulsarFrame.headSize(bytes) ? .undecided : .no
    }
    if let side = context.side, let sender = frame.kind.sender, side != sender { return .no }
    return .yes(sentBy: frame.kind.sender ?? context.side)
  }
}

/// Two lengths, that of all that follows and that of the command, and a command, which begins with its kind
/// and with the field of that number.
struct PulsarFrame {
  /// The lengths, the kind, and the shortest field.
  private static let shortest = 13
  /// Beside these the field's length, of at most three bytes.
  private static let longestHead = 15
  private static let longest = 1 << 27
  private static let longestCommand = 1 << 20

  let length: Int
  let kind: PulsarKind
  /// The command's own message; may reach beyond the view.
  let command: Range<Int>
  /// What stands behind the command.
  let rest: Int

  /// How many bytes a frame's head has at the most that begins with these.
  static func headSize(_ bytes: Span<UInt8>) -> Int {
    guard bytes.count >= 4 else { return shortest }
    return max(shortest, min(longestHead, 4 + Int(bytes.bigEndian32(at: 0))))
  }

  /// Nil when the view ends in its head, or it is none.
  init?(_ bytes: Span<UInt8>) {
    guard bytes.count >= Self.shortest, Self.isPossible(bytes) else { return nil }
    length = 4 + Int(bytes.bigEndian32(at: 0))
    rest = 8 + Int(bytes.bigEndian32(at: 4))
    guard let kind = PulsarKind(rawValue: bytes[9]) else { return nil }
    self.kind = kind
    var cursor = ByteCursor(at: 10, to: bytes.count)
    guard let tag = try? cursor.varint(in: bytes), tag == UInt64(kind.rawValue) << 3 | 2,
      let count = try? cursor.varint(in: bytes), count < UInt64(Self.longestCommand),
      cursor.place + Int(count) <= rest
    else { return nil }
    command = cursor.place..<(cursor.place + Int(count))
  }

  static func isPossible(_ bytes: Span<UInt8>) -> Bool {
    guard bytes.count > 0, bytes[0] < 8 else { return false }
    if bytes.count >= 8 {
      let all = Int(bytes.bigEndian32(at: 0))
      let command = Int(bytes.bigEndian32(at: 4))
      guard all <= longest, command >= 5, command <= longestCommand, command <= all - 4 else {
        return false
      }
    }
    if bytes.count > 8, bytes[8] != 8 { return false }
    if bytes.count > 9, PulsarKind(rawValue: bytes[9]) == nil { return false }
    return bytes.count <= 10 || bytes[10] == UInt8(truncatingIfNeeded: tagFront(bytes[9]))
  }

  /// The first byte of the tag of the field that a kind has.
  private static func tagFront(_ kind: UInt8) -> UInt16 {
    let tag = UInt16(kind) << 3 | 2
    return tag < 0x80 ? tag : tag & 0x7f | 0x80
  }
}
