// SPDX-License-Identifier: Apache-2.0

import Bytes
package import Telemetry

/// FastCGI, as web servers speak it with PHP-FPM and others:
/// https://fastcgi-archives.github.io/FastCGI_Specification.html. Requests and answers find each other by
/// an id.
package struct FastCGI: ProtocolKind {
  package let descriptor = ProtocolDescriptor(
    number: ApplicationProtocol(rawValue: 44), name: "FastCGI", pairing: .identifier,
    defaultPorts: [9_000], sureness: 170, endpoints: .path)

  package init() {}

  package func makeParser(_ context: ConversationContext) -> any ProtocolParser { FastCGIParser() }

  package func openings(on transport: TransportProtocol) -> Openings {
    Openings().with(ByteSet([1]), at: 0).with(ByteSet([1, 3, 6, 7]), at: 1)
  }

  /// A request begins with its role; an answer with what a program writes.
  package func recognize(
    _ bytes: Span<UInt8>, context: RecognitionContext
  ) -> Recognition {
    guard context.transport == .tcp else { return .no }
    if bytes.count > 0, bytes[0] != 1 { return .no }
    if bytes.count > 1, ![1, 3, 6, 7].contains(bytes[1]) { return .no }
    guard let record = FastCGIRecord(bytes) else { return .undecided }
    guard record.id != 0, record.isReservedZero else { return .no }
    switch record.type {
    case FastCGIRecord.begin:
      guard record.length == 8 else { return .no }
      if bytes.count > 8, bytes[8] != 0 { return .no }
      guard bytes.count >= 16 else { return .undecided }
      guard 1...3 ~= bytes[9], bytes[10] <= 1 else { return .no }
      for index in 11..<16 where bytes[index] != 0 { return .no }
      return .yes(sentBy: .client)
    case FastCGIRecord.end:
      guard record.length == 8 else { return .no }
      guard bytes.count >= 16 else { return .undecided }
      for index in 13..<16 where bytes[index] != 0 { return .no }
      return bytes[12] <= 3 ? .yes(sentBy: .server) : .no
    default:
      // Headers, or a text for the log.
      guard record.length > 0, bytes.count >= 12 else {
        return record.length > 0 ? .undecided : .no
      }
      for index in 8..<12 where bytes[index] < 0x20 || bytes[index] > 0x7e { return .no }
      return .yes(sentBy: .server)
    }
  }
}

/// The head of a record (section 3.3).
struct FastCGIRecord {
  static let head = 8
  static let begin: UInt8 = 1
  static let end: UInt8 = 3
  static let parameters: UInt8 = 4
  static let output: UInt8 = 6

  let type: UInt8
  let id: UInt64
  let length: Int
  let padding: Int
  let isReservedZero: Bool

  /// Nil when there are not enough bytes.
  init?(_ bytes: Span<UInt8>, at place: Int = 0) {
    guard place >= 0, place + Self.head <= bytes.count else { return nil }
    type = bytes[place + 1]
    id = UInt64(bytes[place + 2]) << 8 | UInt64(bytes[place + 3])
    length = Int(bytes[place + 4]) << 8 | Int(bytes[place + 5])
    padding = Int(bytes[place + 6])
    isReservedZero = bytes[place + 7] == 0
  }

  var whole: Int { Self.head + length + padding }
}
