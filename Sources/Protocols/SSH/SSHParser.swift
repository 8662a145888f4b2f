// SPDX-License-Identifier: Apache-2.0

import Bytes
import Telemetry

/// Reads the beginning of SSH: the client's line is a request; its response is the server's first message
/// when both have said what they can (RFC 4253 section 7), or that it goes (section 11.1).
struct SSHParser: ProtocolParser {
  private static let exchange: UInt64 = 1
  private static let longestLine = 255
  private static let longestPacket = 35_000

  /// What one side said.
  private struct Half {
    var hasLine = false
    /// The lists of what it can; empty until it said them.
    var lists: [UInt8] = []
    var line: [UInt8] = []
  }

  private var client = Half()
  private var server = Half()
  private var isOver = false

  package mutating func nextMessage(
    in view: borrowing StreamView, from side: Side, on desk: inout Desk
  ) throws(ParseError) -> ParseStep {
    if isOver { return .handOver(after: 0, to: .encrypted) }
    let hasLine = side == .client ? client.hasLine : server.hasLine
    return hasLine
      ? try nextPacket(view.bytes, from: side, isFinal: view.isFinal, on: &desk)
      : try nextLine(view.bytes, from: side, isFinal: view.isFinal, on: &desk)
  }

  package mutating func bytesWereLost(from side: Side) { isOver = true }

  /// Who one side is; a server may say something before.
  private mutating func nextLine(
    _ bytes: Span<UInt8>, from side: Side, isFinal: Bool, on desk: inout Desk
  ) throws(ParseError) -> ParseStep {
    let limit = min(bytes.count, Self.longestLine)
    guard let end = bytes.firstIndex(of: 0x0a, from: 0, to: limit) else {
      if bytes.count < Self.longestLine, !isFinal { return .needMore() }
      throw ParseError(at: 0, expected: "a line of text")
    }
    guard bytes.hasPrefix("SSH-", at: 0), end > 4 else {
      guard side == .server else { throw ParseError(at: 0, expected: "the client's line") }
      return .skip(end + 1)
    }
    var last = end
    while last > 0, bytes[last - 1] == 0x0d { last -= 1 }
    guard side == .client else {
      server.hasLine = true
      server.line = (0..<last).map { bytes[$0] }
      return .skip(end + 1)
    }
    client.hasLine = true
    desk.message = Message(.request)
    desk.message.exchange = Self.exchange
    desk.message.texts.requestType = desk.fields.append("KeyExchange")
    desk.message.texts.endpoint = desk.message.texts.requestType
    let dash = bytes.firstIndex(of: UInt8(ascii: "-"), from: 4, to: last) ?? last
    desk.message.texts.version = desk.fields.append(bytes.clipped(from: 4, to: dash))
    desk.fields.append(
      attribute: "ssh.client_version", bytes.clipped(from: 0, to: last),
      to: &desk.message.attributes)
    return .message(.bytes(end + 1))
  }

  /// A packet in clear (section 6): its length, that of what fills it up, a number that says what it is.
  private mutating func nextPacket(
    _ bytes: Span<UInt8>, from side: Side, isFinal: Bool, on desk: inout Desk
  ) throws(ParseError) -> ParseStep {
    guard bytes.count >= 6 else { return isFinal ? .skip(bytes.count) : .needMore(atLeast: 6) }
    let length = Int(bytes.bigEndian32(at: 0))
    guard length >= 5, length <= Self.longestPacket else {
      throw ParseError(at: 0, expected: "the length of a packet")
    }
    switch bytes[5] {
    case 20:
      let wanted = min(4 + length, SSHLists.reach)
      if bytes.count < wanted, !isFinal { return .needMore(atLeast: wanted) }
      let lists = bytes.clipped(from: 22, to: wanted)
      if side == .client {
        client.lists = lists.indices.map { lists[$0] }
      } else {
        server.lists = lists.indices.map { lists[$0] }
      }
      return .skip(4 + length)
    case 1:
      let wanted = 10
      guard bytes.count >= wanted else {
        return isFinal ? .skip(bytes.count) : .needMore(atLeast: wanted)
      }
      return refuse(bytes.bigEndian32(at: 6), from: side, 4 + length, on: &desk)
    case 30...49 where side == .server: return answer(4 + length, on: &desk)
    // What is behind new keys is encrypted.
    case 21:
      isOver = true
      return .skip(4 + length)
    default: return .skip(4 + length)
    }
  }

  private mutating func answer(_ length: Int, on desk: inout Desk) -> ParseStep {
    isOver = true
    desk.message = Message(.response)
    desk.message.exchange = Self.exchange
    describeServer(on: &desk)
    SSHLists(client.lists.span).agree(with: SSHLists(server.lists.span), on: &desk)
    (client.lists, server.lists, server.line) = ([], [], [])
    return .message(.bytes(length))
  }

  private func describeServer(on desk: inout Desk) {
    desk.message.texts.responseResult = desk.fields.append(server.line.span)
    desk.fields.append(
      attribute: "ssh.server_version", server.line.span, to: &desk.message.attributes)
  }

  /// One side goes; why is a number (section 11.1).
  private mutating func refuse(
    _ reason: UInt32, from side: Side, _ length: Int, on desk: inout Desk
  ) -> ParseStep {
    isOver = true
    guard side == .server else { return .skip(length) }
    desk.message = Message(.response)
    desk.message.exchange = Self.exchange
    desk.message.code = Int32(truncatingIfNeeded: reason)
    // It is full, or a connection of its own was lost.
    desk.message.status = reason == 12 || reason == 10 ? .serverError : .clientError
    desk.message.texts.responseException = desk.fields.append(
      reason == 12
        ? "TOO_MANY_CONNECTIONS"
        : reason == 3
          ? "KEY_EXCHANGE_FAILED" : reason == 2 ? "PROTOCOL_ERROR" : "DISCONNECTED")
    describeServer(on: &desk)
    return .message(.bytes(length))
  }
}

/// Ten lists of names, the most wanted first (section 7.1).
struct SSHLists: ~Escapable {
  static let reach = 3_072

  private let bytes: Span<UInt8>

  @_lifetime(copy bytes)
  init(_ bytes: Span<UInt8>) { self.bytes = bytes }

  /// The list in this place.
  private func list(_ number: Int) -> Range<Int> {
    var cursor = ByteCursor(at: 0, to: bytes.count)
    for index in 0...number {
      guard let count = try? cursor.number(of: 4, in: bytes),
        let range = try? cursor.range(of: Int(count), in: bytes)
      else { return 0..<0 }
      if index == number { return range }
    }
    return 0..<0
  }

  /// Writes what both agree on: the first of the client's that the server has.
  func agree(with server: borrowing SSHLists, on desk: inout Desk) {
    let names: InlineArray<4, StaticString> = ["ssh.kex", "ssh.host_key", "ssh.cipher", "ssh.mac"]
    for index in 0..<4 {
      // Of those that differ by direction, the client's.
      let number = index < 2 ? index : index == 2 ? 2 : 4
      let wanted = list(number)
      let known = server.list(number)
      var start = wanted.lowerBound
      while start < wanted.upperBound {
        let end =
          bytes.firstIndex(of: UInt8(ascii: ","), from: start, to: wanted.upperBound)
          ?? wanted.upperBound
        if server.has(bytes.clipped(from: start, to: end), in: known) {
          desk.fields.append(
            attribute: names[index], bytes.clipped(from: start, to: end),
            to: &desk.message.attributes)
          break
        }
        start = end + 1
      }
    }
  }

  private func has(_ name: Span<UInt8>, in list: Range<Int>) -> Bool {
    var start = list.lowerBound
    while start < list.upperBound {
      let end =
        bytes.firstIndex(of: UInt8(ascii: ","), from: start, to: list.upperBound) ?? list.upperBound
      if end - start == name.count {
        var isSame = true
        for index in name.indices where bytes[start + index] != name[index] { isSame = false }
        if isSame { return true }
      }
      start = end + 1
    }
    return false
  }
}
