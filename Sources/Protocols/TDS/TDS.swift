// SPDX-License-Identifier: Apache-2.0

import Bytes
package import Telemetry

/// Tabular Data Stream, the protocol of SQL Server, of versions 7.1 and up: [MS-TDS],
/// https://learn.microsoft.com/openspecs/windows_protocols/ms-tds. One answers the other in order.
package struct TDS: ProtocolKind {
  package let descriptor = ProtocolDescriptor(
    number: ApplicationProtocol(rawValue: 202), name: "SQL Server", pairing: .order,
    defaultPorts: [1_433], answers: .results, responsesShowRequests: true, sureness: 130)

  package init() {}

  package func makeParser(_ context: ConversationContext) -> any ProtocolParser { TDSParser() }

  package func openings(on transport: TransportProtocol) -> Openings {
    Openings().with(ByteSet([1, 3, 4, 0x0e, 0x10, 0x12]), at: 0).with(ByteSet(0...0x1f), at: 1)
      .with(ByteSet([0]), at: 7)
  }

  package func recognize(
    _ bytes: Span<UInt8>, context: RecognitionContext
  ) -> Recognition {
    guard context.transport == .tcp, bytes.isEmpty || TDSPacket.isType(bytes[0]) else { return .no }
    if bytes.count > 1, bytes[1] > 0x1f { return .no }
    guard let packet = TDSPacket(bytes) else {
      return bytes.count >= TDSPacket.head ? .no : .undecided
    }
    guard packet.length > TDSPacket.head else { return .no }
    guard bytes.count > TDSPacket.head else { return .undecided }
    let contents = bytes.clipped(from: TDSPacket.head, to: packet.length)
    let isWhole = bytes.count >= packet.length || context.isTruncated
    switch packet.type {
    case TDSPacket.batch, TDSPacket.call, TDSPacket.transaction:
      return side(.client, TDSRecognition.isRequest(contents, packet.type, isWhole: isWhole))
    case TDSPacket.prelogin:
      return side(.client, TDSRecognition.isPrelogin(contents, packet, isWhole: isWhole))
    case TDSPacket.login: return side(.client, TDSRecognition.isLogin(contents, packet))
    default:
      guard packet.spid > 0 || contents[0] != 0 else {
        return side(.server, TDSRecognition.isPrelogin(contents, packet, isWhole: isWhole))
      }
      return side(.server, TDSRecognition.isAnswer(contents, packet))
    }
  }

  private func side(_ side: Side, _ answer: Bool?) -> Recognition {
    guard let answer else { return .undecided }
    return answer ? .yes(sentBy: side) : .no
  }
}

/// The head of a packet ([MS-TDS] 2.2.3.1).
struct TDSPacket {
  static let head = 8
  static let batch: UInt8 = 1
  static let call: UInt8 = 3
  static let result: UInt8 = 4
  static let attention: UInt8 = 6
  static let transaction: UInt8 = 0x0e
  static let login: UInt8 = 0x10
  static let prelogin: UInt8 = 0x12

  let type: UInt8
  /// Whether it is the last of its message.
  let isLast: Bool
  let length: Int
  let spid: Int

  static func isType(_ type: UInt8) -> Bool {
    [batch, call, result, 6, 7, 8, transaction, login, 0x11, prelogin].contains(type)
  }

  /// Nil for what is none.
  init?(_ bytes: Span<UInt8>) {
    guard bytes.count >= Self.head, Self.isType(bytes[0]), bytes[7] == 0 else { return nil }
    type = bytes[0]
    isLast = bytes[1] & 1 != 0
    length = Int(bytes[2]) << 8 | Int(bytes[3])
    spid = Int(bytes[4]) << 8 | Int(bytes[5])
    guard length >= Self.head, length <= 32_767 else { return nil }
  }
}

/// Tells what is in a first packet from bytes of others; nil when there are too few.
enum TDSRecognition {
  /// Whether a message begins with this packet, as far as its first bytes tell.
  static func isBeginning(_ bytes: Span<UInt8>, _ packet: TDSPacket) -> Bool {
    guard bytes.count > TDSPacket.head, packet.length > TDSPacket.head else { return false }
    let contents = bytes.clipped(from: TDSPacket.head, to: packet.length)
    switch packet.type {
    case TDSPacket.batch, TDSPacket.call, TDSPacket.transaction:
      return isRequest(contents, packet.type, isWhole: true) == true
    case TDSPacket.result: return isAnswer(contents, packet) == true
    case TDSPacket.login: return isLogin(contents, packet) == true
    default: return false
    }
  }

  /// The headers of all requests since 7.2 (2.2.5.3), or, before, a text of letters of two bytes.
  static func isRequest(_ contents: Span<UInt8>, _ type: UInt8, isWhole: Bool) -> Bool? {
    guard contents.count >= 12 else { return isWhole ? false : nil }
    if let start = TDSRequest.headers(contents), start > 0 { return true }
    if type == TDSPacket.transaction { return false }
    var place = 0
    if type == TDSPacket.call {
      let count = Int(contents[0]) | Int(contents[1]) << 8
      // A number in place of a name.
      if count == 0xffff { return contents[3] == 0 && 1...16 ~= contents[2] }
      guard 1...256 ~= count else { return false }
      place = 2
    }
    for index in stride(from: place, to: place + 8, by: 2) {
      guard contents[index] >= 0x20, contents[index] < 0x7f, contents[index + 1] == 0 else {
        return false
      }
    }
    return true
  }

  /// Options by number, offset and length, up to 0xff (2.2.6.5); the first is the version.
  static func isPrelogin(_ contents: Span<UInt8>, _ packet: TDSPacket, isWhole: Bool) -> Bool? {
    guard packet.isLast else { return false }
    var place = 0
    var last = -1
    while place < contents.count {
      if contents[place] == 0xff { return last >= 1 }
      guard Int(contents[place]) > last, last >= 0 || contents[place] == 0 else { return false }
      last = Int(contents[place])
      guard last <= 16, place + 5 <= contents.count else { break }
      let offset = Int(contents[place + 1]) << 8 | Int(contents[place + 2])
      let length = Int(contents[place + 3]) << 8 | Int(contents[place + 4])
      guard offset + length <= packet.length - TDSPacket.head else { return false }
      place += 5
    }
    return isWhole || last > 16 ? false : nil
  }

  /// Its own length, and the version (2.2.6.4).
  static func isLogin(_ contents: Span<UInt8>, _ packet: TDSPacket) -> Bool? {
    guard contents.count >= 8 else { return nil }
    let length = Int(contents.littleEndian32(at: 0))
    guard length >= packet.length - TDSPacket.head, length < 128 << 10 else { return false }
    return 0x70...0x74 ~= contents[7] || 0x70...0x74 ~= contents[4] || contents[7] == 8
  }

  /// The tokens that an answer may begin with, and a length that they have.
  static func isAnswer(_ contents: Span<UInt8>, _ packet: TDSPacket) -> Bool? {
    let left = packet.length - TDSPacket.head
    switch contents[0] {
    case 0xfd, 0xfe, 0xff:
      guard contents.count >= 3 else { return nil }
      return (left >= 13 || left == 9) && contents[2] <= 1
    case 0xaa, 0xab, 0xad, 0xe3:
      guard contents.count >= 3 else { return nil }
      return Int(contents.littleEndian16(at: 1)) + 3 <= left
    case 0x81:
      guard contents.count >= 9 else { return nil }
      let count = Int(contents.littleEndian16(at: 1))
      return count == 0xffff || (1...1_024).contains(count)
    case 0x79: return left >= 5 ? contents.count < 5 ? nil : true : false
    default: return false
    }
  }
}
