// SPDX-License-Identifier: Apache-2.0

import Bytes
import Telemetry

/// Reads LDAP: each operation is a request, entries are counted, and what ends them is the response.
///
/// The resource is the name of the object, of which only what names places is told (`uid=?,ou=people,dc=shop`).
/// Neither filters nor attributes are.
struct LDAPParser: ProtocolParser {
  /// Bytes of a message that are looked at, at most.
  private static let reach = 4_096
  private static let startTLS: StaticString = "1.3.6.1.4.1.1466.20037"
  private static let searches = 16

  /// Entries of searches that go on, of a few of them.
  private var found: [(id: UInt64, count: UInt32)] = []
  /// What comes next is TLS.
  private var isOver = false
  /// The login may have agreed on cipher text (RFC 4513 section 5.2.1.9).
  private var mayBeHidden = false

  package mutating func nextMessage(
    in view: borrowing StreamView, from side: Side, on desk: inout Desk
  ) throws(ParseError) -> ParseStep {
    let bytes = view.bytes
    if isOver { return .handOver(after: 0, to: .unknown) }
    if mayBeHidden, bytes[0] != 0x30 { return .handOver(after: 0, to: .encrypted) }
    guard let head = LDAPHead(bytes) else {
      guard LDAPHead.isPossible(bytes), !desk.mayBeInside || !view.isFinal else {
        throw ParseError(at: 0, expected: "a message")
      }
      return view.isFinal ? .skip(bytes.count) : .needMore()
    }
    guard let operation = head.operation, operation.sender == side,
      head.contents.upperBound <= head.length
    else { throw ParseError(at: 0, expected: "an operation") }
    let wanted = min(head.length, Self.reach)
    if bytes.count < wanted, !view.isFinal { return .needMore(atLeast: wanted) }
    let window = bytes.clipped(from: 0, to: wanted)
    desk.message = Message(.request)
    desk.message.exchange = head.id
    desk.message.requestID = head.id
    desk.message.length = Int64(head.length)
    if window.count < wanted { desk.message.flags.insert(.truncated) }
    switch operation {
    case .searchEntry, .searchReference:
      count(head.id)
      return .skip(head.length)
    case .intermediate: return .skip(head.length)
    case .unbindRequest, .abandonRequest:
      desk.message.kind = .session
      desk.message.exchange = nil
      describe(operation, on: &desk)
    case .bindRequest, .searchRequest, .modifyRequest, .addRequest, .deleteRequest,
      .modifyDNRequest, .compareRequest, .extendedRequest:
      describe(operation, head.contents, window, on: &desk)
    default:
      guard let asked = desk.asked(head.id) else { return .lookUp(head.id) }
      answer(operation, head, window, asked, on: &desk)
    }
    return .message(.bytes(head.length))
  }

  package mutating func bytesWereLost(from side: Side) {
    if side == .server { found.removeAll() }
  }

  private mutating func count(_ id: UInt64) {
    if let index = found.firstIndex(where: { $0.id == id }) {
      found[index].count &+= 1
    } else {
      if found.count == Self.searches { found.removeFirst() }
      found.append((id, 1))
    }
  }

  private func describe(_ operation: LDAPOperation, on desk: inout Desk) {
    desk.message.texts.requestType = desk.fields.append(operation.name)
    desk.message.texts.endpoint = desk.message.texts.requestType
  }

  private mutating func describe(
    _ operation: LDAPOperation, _ contents: Range<Int>, _ bytes: Span<UInt8>, on desk: inout Desk
  ) {
    desk.message.note = UInt64(operation.rawValue)
    describe(operation, on: &desk)
    var name = 0..<0
    var cursor = DERCursor(contents.clamped(to: 0..<bytes.count))
    switch operation {
    case .deleteRequest: name = contents.clamped(to: 0..<bytes.count)
    case .bindRequest:
      _ = try? cursor.value(2, in: bytes)
      name = (try? cursor.value(4, in: bytes)) ?? 0..<0
      describeLogin(&cursor, bytes, on: &desk)
    case .extendedRequest:
      let kind = (try? cursor.value(0x80, in: bytes)) ?? 0..<0
      if bytes.equals(Self.startTLS, at: kind) { desk.message.note |= 1 << 8 }
      desk.message.texts.requestResource = desk.fields.append(bytes, at: kind)
      let mark = desk.fields.mark
      desk.fields.push("extended ")
      desk.fields.push(bytes.clipped(kind))
      desk.message.texts.endpoint = desk.fields.finish(from: mark)
      return
    default: name = (try? cursor.value(4, in: bytes)) ?? 0..<0
    }
    if operation == .searchRequest, let scope = try? cursor.value(0x0a, in: bytes),
      let number = bytes.integer(at: scope), (0...2).contains(number)
    {
      desk.fields.append(
        attribute: "ldap.scope",
        number == 0 ? "baseObject" : number == 1 ? "singleLevel" : "wholeSubtree",
        to: &desk.message.attributes)
    }
    let resource = desk.fields.mark
    desk.fields.push(placesOf: bytes.clipped(name))
    desk.message.texts.requestResource = desk.fields.finish(from: resource)
    guard !desk.message.texts.requestResource.isEmpty else { return }
    let mark = desk.fields.mark
    desk.fields.push(operation.name)
    desk.fields.push(0x20)
    desk.fields.push(placesOf: bytes.clipped(name))
    desk.message.texts.endpoint = desk.fields.finish(from: mark)
  }

  /// `AuthenticationChoice` (section 4.2).
  private mutating func describeLogin(
    _ cursor: inout DERCursor, _ bytes: Span<UInt8>, on desk: inout Desk
  ) {
    guard let choice = try? cursor.value(in: bytes) else { return }
    if choice.tag == 0x80 {
      desk.fields.append(attribute: "ldap.auth", "simple", to: &desk.message.attributes)
    } else if choice.tag == 0xa3 {
      var inner = DERCursor(choice.range.clamped(to: 0..<bytes.count))
      let mechanism = (try? inner.value(4, in: bytes)) ?? 0..<0
      desk.fields.append(
        attribute: "ldap.auth", bytes.clipped(mechanism), to: &desk.message.attributes)
      desk.message.note |= 1 << 9
    }
  }

  private mutating func answer(
    _ operation: LDAPOperation, _ head: LDAPHead, _ bytes: Span<UInt8>, _ asked: Asked,
    on desk: inout Desk
  ) {
    desk.message.kind = .response
    if let index = found.firstIndex(where: { $0.id == head.id }) {
      desk.message.parts = found[index].count
      found.remove(at: index)
    }
    var cursor = DERCursor(head.contents.clamped(to: 0..<bytes.count))
    guard let result = try? cursor.value(0x0a, in: bytes), let code = bytes.integer(at: result)
    else {
      desk.message.status = .parseFailed
      return
    }
    desk.message.code = Int32(truncatingIfNeeded: code)
    desk.message.status = LDAPResult.status(code)
    if code == 0, let note = asked.note {
      if note >> 8 & 1 == 1, operation == .extendedResponse { isOver = true }
      if note >> 9 & 1 == 1 { mayBeHidden = true }
    }
    guard desk.message.status != .ok else { return }
    // What the server says beside may hold anything; the name of the code says what it is.
    if let name = LDAPResult.name(code) {
      desk.message.texts.responseException = desk.fields.append(name)
    } else {
      let mark = desk.fields.mark
      desk.fields.push("code ")
      desk.fields.push(decimal: UInt64(code.magnitude))
      desk.message.texts.responseException = desk.fields.finish(from: mark)
    }
  }
}

extension FieldBuffer {
  /// Pushes a distinguished name (RFC 4514), of which only places and organisations show who they are.
  mutating func push(placesOf name: Span<UInt8>) {
    var start = 0
    while start < name.count {
      var end = start
      // A comma behind a backslash parts nothing.
      while end < name.count, name[end] != UInt8(ascii: ",") {
        end += name[end] == UInt8(ascii: "\\") ? 2 : 1
      }
      end = min(end, name.count)
      if start > 0 { push(UInt8(ascii: ",")) }
      var first = start
      while first < end, name[first] == 0x20 { first += 1 }
      guard let equals = name.firstIndex(of: UInt8(ascii: "="), from: first, to: end),
        equals - first <= 32
      else {
        push(UInt8(ascii: "?"))
        start = end + 1
        continue
      }
      push(name.clipped(from: first, to: equals + 1))
      let hasMore = name.firstIndex(of: UInt8(ascii: "+"), from: equals, to: end) != nil
      if !hasMore, Self.isPlace(name.clipped(from: first, to: equals)) {
        push(name.clipped(from: equals + 1, to: end))
      } else {
        push(UInt8(ascii: "?"))
      }
      start = end + 1
    }
  }

  private static func isPlace(_ type: Span<UInt8>) -> Bool {
    guard (1...2).contains(type.count) else { return false }
    let second = type.count == 2 ? UInt16(type[1] | 0x20) : 0
    switch UInt16(type[0] | 0x20) << 8 | second {
    // dc, ou, o, c, l, st
    case 0x6463, 0x6f75, 0x6f00, 0x6300, 0x6c00, 0x7374: return true
    default: return false
    }
  }
}
