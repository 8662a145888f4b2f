// SPDX-License-Identifier: Apache-2.0

import Bytes
package import Telemetry

/// SOFARPC on Bolt, versions 1 and 2, https://github.com/sofastack/sofa-bolt: calls and answers find each
/// other by an id.
package struct SofaRPC: ProtocolKind {
  package let descriptor = ProtocolDescriptor(
    number: ApplicationProtocol(rawValue: 43), name: "SofaRPC", pairing: .identifier,
    defaultPorts: [12_200], sureness: 140)

  package init() {}

  package func makeParser(_ context: ConversationContext) -> any ProtocolParser { SofaRPCParser() }

  package func openings(on transport: TransportProtocol) -> Openings {
    Openings().with(ByteSet([1, 2]), at: 0).with(ByteSet([0, 1, 2]), at: 1)
      .with(ByteSet([0, 1, 2]), at: 2)
  }

  package func recognize(
    _ bytes: Span<UInt8>, context: RecognitionContext
  ) -> Recognition {
    guard context.transport == .tcp, BoltHeader.isPossible(bytes) else { return .no }
    guard let header = BoltHeader(bytes) else { return .undecided }
    guard header.isPlausible else { return .no }
    if header.isHeartbeat {
      let isRequest = header.kind != 0
      return .yes(sentBy: isRequest ? .client : .server)
    }
    let name = bytes.clipped(header.className)
    for index in name.indices where !Self.isOfClass(name[index]) { return .no }
    guard name.count >= min(header.className.count, 4) else {
      return context.isTruncated ? .no : .undecided
    }
    return .yes(sentBy: header.kind == 0 ? .server : .client)
  }

  /// A letter of the name of a class of Java's.
  private static func isOfClass(_ byte: UInt8) -> Bool {
    (byte | 0x20) &- 0x61 < 26 || byte &- 0x30 < 10 || byte == 0x2e || byte == 0x24 || byte == 0x5f
  }
}

/// The head of a command: of version 1 it is 22 bytes of a request and 20 of a response, of version 2 two
/// more.
struct BoltHeader {
  static let longest = 24

  let version: UInt8
  /// 0 for a response, 1 for a request, 2 for one that has no answer.
  let kind: UInt8
  let command: Int
  let id: UInt64
  let codec: UInt8
  /// How it went, of a response.
  let status: Int
  private let classLength: Int
  private let headerLength: Int
  private let contentLength: Int
  private let size: Int
  private let hasChecksum: Bool

  /// Nil when there are not enough bytes.
  init?(_ bytes: Span<UInt8>) {
    guard bytes.count >= 2 else { return nil }
    version = bytes[0]
    let shift = version == 2 ? 1 : 0
    guard bytes.count >= 2 + shift else { return nil }
    kind = bytes[1 + shift]
    size = (kind == 0 ? 20 : 22) + shift * 2
    guard bytes.count >= size else { return nil }
    command = Int(bytes[2 + shift]) << 8 | Int(bytes[3 + shift])
    id = UInt64(bytes.bigEndian32(at: 5 + shift))
    codec = bytes[9 + shift]
    hasChecksum = shift > 0 && bytes[11] & 1 != 0
    let place = 10 + shift * 2
    status = kind == 0 ? Int(bytes[place]) << 8 | Int(bytes[place + 1]) : 0
    let lengths = size - 8
    classLength = Int(bytes[lengths]) << 8 | Int(bytes[lengths + 1])
    headerLength = Int(bytes[lengths + 2]) << 8 | Int(bytes[lengths + 3])
    contentLength = Int(bytes.bigEndian32(at: lengths + 4))
  }

  static func isPossible(_ bytes: Span<UInt8>) -> Bool {
    guard bytes.count > 0 else { return true }
    guard bytes[0] == 1 || bytes[0] == 2 else { return false }
    let shift = bytes[0] == 2 ? 1 : 0
    if shift == 1, bytes.count > 1, bytes[1] != 1, bytes[1] != 2 { return false }
    if bytes.count > 1 + shift, bytes[1 + shift] > 2 { return false }
    if bytes.count > 2 + shift, bytes[2 + shift] != 0 { return false }
    if bytes.count > 3 + shift, bytes[3 + shift] > 2 { return false }
    return bytes.count <= 4 + shift || bytes[4 + shift] == 1
  }

  var isHeartbeat: Bool { command == 0 }

  /// Whether its parts belong together.
  var isPlausible: Bool {
    let isKnown = codec <= 2 || codec == 11 || codec == 12 || codec == 13
    guard isKnown, contentLength < 1 << 28 else { return false }
    if isHeartbeat { return classLength == 0 && headerLength == 0 && contentLength == 0 }
    guard command == (kind == 0 ? 2 : 1), classLength <= 512 else { return false }
    return classLength >= 4 || (kind == 0 && status != 0 && classLength == 0)
  }

  var length: Int { content.upperBound + (hasChecksum ? 4 : 0) }
  var bodyLength: Int { contentLength }
  var className: Range<Int> { size..<(size + classLength) }
  var headers: Range<Int> { className.upperBound..<(className.upperBound + headerLength) }
  var content: Range<Int> { headers.upperBound..<(headers.upperBound + contentLength) }

  /// How the body is written.
  var codecName: StaticString? {
    switch codec {
    case 0: "hessian"
    case 1: "hessian2"
    case 11: "protobuf"
    case 12: "json"
    default: nil
    }
  }

  /// `com.alipay.remoting.ResponseStatus`.
  var statusName: StaticString? {
    switch status {
    case 0: nil
    case 1: "ERROR"
    case 2: "SERVER_EXCEPTION"
    case 3: "UNKNOWN"
    case 4: "SERVER_THREADPOOL_BUSY"
    case 5: "ERROR_COMM"
    case 6: "NO_PROCESSOR"
    case 7: "TIMEOUT"
    case 8: "CLIENT_SEND_ERROR"
    case 9: "CODEC_EXCEPTION"
    case 16: "CONNECTION_CLOSED"
    case 17: "SERVER_SERIAL_EXCEPTION"
    case 18: "SERVER_DESERIAL_EXCEPTION"
    default: "UNKNOWN"
    }
  }
}
