// SPDX-License-Identifier: Apache-2.0

import Bytes
import Telemetry

/// The binary protocol: requests and responses find each other by their order, too. Quiet requests are
/// told as one-way, and their failures as what the server says unasked.
extension MemcachedParser {
  mutating func nextBinary(
    _ bytes: Span<UInt8>, _ isFinal: Bool, from side: Side, on desk: inout Desk
  ) throws(ParseError) -> ParseStep {
    guard let head = MemcachedHead(bytes) else {
      return isFinal ? .skip(bytes.count) : .needMore(atLeast: MemcachedHead.size)
    }
    guard head.isPlausible else { throw ParseError(at: 1, expected: "a message's head") }
    let length = MemcachedHead.size + head.bodyCount
    let key = MemcachedHead.size + head.extrasCount
    let wanted = side == .client ? key + head.keyCount : MemcachedHead.size
    if bytes.count < wanted, !isFinal { return .needMore(atLeast: wanted) }
    if side == .client {
      desk.message = Message(head.isQuiet || head.operation == 0x07 ? .session : .request)
      if bytes.count < wanted { desk.message.flags.insert(.truncated) }
      describe(head, bytes.clipped(from: key, to: wanted), on: &desk)
    } else {
      if head.isStatistic, head.keyCount > 0, head.status == 0 { return .skip(length) }
      let answer = Message(head.isQuiet ? .session : .response)
      let status = MemcachedHead.class(ofStatus: head.status)
      if head.isQuiet, status == .ok { return .skip(length) }
      desk.message = answer
      desk.message.code = Int32(head.status)
      desk.message.status = status
      describeAnswer(head, on: &desk)
    }
    desk.message.length = Int64(length)
    return .message(.bytes(length))
  }

  private func describe(_ head: MemcachedHead, _ key: Span<UInt8>, on desk: inout Desk) {
    guard let name = head.name else { return }
    desk.message.texts.requestType = desk.fields.append(name)
    let endpoint = desk.fields.mark
    desk.fields.push(name)
    if !key.isEmpty {
      desk.fields.push(0x20)
      desk.fields.push(patternOf: key)
      desk.message.texts.endpoint = desk.fields.finish(from: endpoint)
      let resource = desk.fields.mark
      desk.fields.push(name)
      desk.fields.push(0x20)
      desk.fields.push(key)
      desk.message.texts.requestResource = desk.fields.finish(from: resource)
    } else {
      desk.message.texts.endpoint = desk.fields.finish(from: endpoint)
    }
  }

  private func describeAnswer(_ head: MemcachedHead, on desk: inout Desk) {
    guard let status = MemcachedHead.name(ofStatus: head.status) else { return }
    if desk.message.kind == .session, let name = head.name {
      desk.message.texts.requestType = desk.fields.append(name)
      desk.message.texts.endpoint = desk.message.texts.requestType
    }
    if desk.message.status == .ok {
      desk.message.texts.responseResult = desk.fields.append(status)
    } else {
      desk.message.texts.responseException = desk.fields.append(status)
    }
  }
}
