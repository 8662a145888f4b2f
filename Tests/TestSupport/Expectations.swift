// SPDX-License-Identifier: Apache-2.0

package import Protocols
package import Telemetry
package import Testing

/// Expects `talks`, in this order on one connection, to give `messages`, in this order.
///
/// The conversation is held whole; cut at every byte (the same messages must come); fed byte by byte;
/// and with every byte replaced and every talk truncated in turn, where the parser may say anything
/// but must keep its promises (see ``ParserDriver``).
package func expectMessages(
  _ kind: any ProtocolKind, _ talks: Talk..., gives messages: [ExpectedMessage],
  sourceLocation: SourceLocation = #_sourceLocation
) {
  expectMessages(kind, talks, gives: messages, sourceLocation: sourceLocation)
}

/// As above, for conversations that are put together by a program.
package func expectMessages(
  _ kind: any ProtocolKind, _ talks: [Talk], gives messages: [ExpectedMessage],
  sourceLocation: SourceLocation = #_sourceLocation
) {
  let whole = hold(kind, talks)
  expectSame(messages, whole.messages, "held whole", sourceLocation)
  expectNoViolation(whole, "held whole", sourceLocation)
  expectNoError(whole, "held whole", sourceLocation)
  #expect(whole.unreadCount == 0, "bytes wait for more at the end", sourceLocation: sourceLocation)

  let single = hold(
    kind, talks.flatMap { talk in talk.bytes.map { Talk(talk.side, bytes: [$0]) } })
  expectSame(whole.messages, single.messages, "fed byte by byte", sourceLocation)
  for (index, talk) in talks.enumerated() {
    for cut in talk.bytes.indices.dropFirst() {
      var pieces = talks
      pieces.replaceSubrange(
        index...index,
        with: [
          Talk(talk.side, bytes: Array(talk.bytes[..<cut])),
          Talk(talk.side, bytes: Array(talk.bytes[cut...])),
        ])
      let held = hold(kind, pieces)
      expectSame(whole.messages, held.messages, "talk \(index) cut at \(cut)", sourceLocation)
      expectNoViolation(held, "talk \(index) cut at \(cut)", sourceLocation)
    }
  }
  expectPromisesKept(kind, talks, sourceLocation: sourceLocation)
}

/// Expects datagrams to give `messages`: each is a view of its own that nothing follows.
package func expectDatagrams(
  _ kind: any ProtocolKind, _ talks: Talk..., gives messages: [ExpectedMessage],
  sourceLocation: SourceLocation = #_sourceLocation
) {
  let held = hold(kind, talks, transport: .udp, isFinal: true)
  expectSame(messages, held.messages, "as datagrams", sourceLocation)
  expectNoViolation(held, "as datagrams", sourceLocation)
  expectNoError(held, "as datagrams", sourceLocation)
  expectPromisesKept(kind, talks, transport: .udp, sourceLocation: sourceLocation)
}

/// Replaces every byte of `talks` and truncates each of them everywhere, in turn, and holds every
/// one of these conversations as a stream and as final views. A trap or a broken promise is a failure,
/// and so is a conversation of more requests than it has undamaged and one for each talk, which a damaged
/// beginning may make all talks seem: damage invents no more.
package func expectPromisesKept(
  _ kind: any ProtocolKind, _ talks: [Talk], transport: TransportProtocol = .tcp,
  sourceLocation: SourceLocation = #_sourceLocation
) {
  let requests = max(
    askedCount(hold(kind, talks, transport: transport)),
    askedCount(hold(kind, talks, transport: transport, isFinal: true)))
  for (index, talk) in talks.enumerated() {
    for position in talk.bytes.indices {
      let byte = talk.bytes[position]
      var variants: [(String, [UInt8])] = [0, 0xFF, byte ^ 0x20, byte &+ 1].map { value in
        var bytes = talk.bytes
        bytes[position] = value
        return ("byte \(position) of talk \(index) set to \(value)", bytes)
      }
      variants.append(("talk \(index) cut off at \(position)", Array(talk.bytes[..<position])))
      for (what, bytes) in variants {
        var changed = talks
        changed[index].bytes = bytes
        for isFinal in [false, true] {
          let held = hold(kind, changed, transport: transport, isFinal: isFinal)
          expectNoViolation(held, what, sourceLocation)
          if requestCount(held) > requests + talks.count {
            Issue.record(
              "\(what): \(requestCount(held)) requests of \(requests)",
              sourceLocation: sourceLocation)
          }
        }
      }
    }
  }
}

/// Feeds `rounds` random conversations, half of them noise, half of them `seeds` with damage, to the
/// parser and its recognition: it must neither trap nor break a promise. The seed is in every failure.
package func neverTraps(
  _ kind: any ProtocolKind, seed: UInt64, rounds: Int, seeds: [Talk] = [],
  sourceLocation: SourceLocation = #_sourceLocation
) {
  var random = SeededGenerator(seed: seed)
  for round in 0..<rounds {
    let transport = kind.descriptor.transports.randomElement(using: &random) ?? .tcp
    var driver = ParserDriver(kind, transport: transport)
    for _ in 0..<Int.random(in: 1...6, using: &random) {
      let side: Side = Bool.random(using: &random) ? .client : .server
      var bytes = random.bytes(count: Int.random(in: 1...96, using: &random))
      if let talk = seeds.randomElement(using: &random), Bool.random(using: &random) {
        bytes = damaged(talk.bytes, using: &random)
      }
      for transport in kind.descriptor.transports {
        let context = RecognitionContext(
          transport: transport, side: Bool.random(using: &random) ? side : nil,
          serverPort: kind.descriptor.defaultPorts.first ?? 0,
          isTruncated: Bool.random(using: &random))
        _ = kind.recognize(bytes.span, context: context)
      }
      if Int.random(in: 0..<8, using: &random) == 0 { driver.lose(from: side) }
      if Int.random(in: 0..<8, using: &random) == 0 { driver.forgetEarlierRequests() }
      let isFinal = Int.random(in: 0..<4, using: &random) == 0
      driver.feed(bytes, from: side, isFinal: isFinal)
      if isFinal { driver.lose(from: side) }
    }
    expectNoViolation(driver, "seed \(seed), round \(round)", sourceLocation)
  }
}

private func requestCount(_ driver: ParserDriver) -> Int {
  driver.messages.count { $0.kind == .request }
}

/// Requests, and messages that need no answer, which damage may turn into such.
private func askedCount(_ driver: ParserDriver) -> Int {
  driver.messages.count { $0.kind != .response }
}

/// Holds a conversation and hands back the driver with what came of it.
package func hold(
  _ kind: any ProtocolKind, _ talks: [Talk], transport: TransportProtocol = .tcp,
  isFinal: Bool = false
) -> ParserDriver {
  var driver = ParserDriver(kind, transport: transport)
  for talk in talks { driver.feed(talk.bytes, from: talk.side, isFinal: isFinal) }
  return driver
}

/// Lengths and counts that no number of a machine holds, or just so, as protocols write them.
private let largeNumbers: [[UInt8]] = [
  [UInt8](repeating: 0xff, count: 4), [UInt8](repeating: 0xff, count: 8),
  [0x7f] + [UInt8](repeating: 0xff, count: 3), [0x7f] + [UInt8](repeating: 0xff, count: 7),
  [UInt8](repeating: 0xff, count: 3) + [0x7f], [UInt8](repeating: 0xff, count: 7) + [0x7f],
  [0x80, 0, 0, 0], [0x80] + [UInt8](repeating: 0, count: 7), [UInt8](repeating: 0, count: 8),
  [0xfe] + [UInt8](repeating: 0xff, count: 8), [UInt8](repeating: 0xff, count: 9) + [1],
  Array("18446744073709551615".utf8), Array("-9223372036854775808".utf8),
]

/// `bytes` with up to four bytes replaced, removed or repeated, or a large number in their place.
private func damaged(_ bytes: [UInt8], using random: inout SeededGenerator) -> [UInt8] {
  var result = bytes
  for _ in 0..<Int.random(in: 0...4, using: &random) where !result.isEmpty {
    let position = Int.random(in: 0..<result.count, using: &random)
    switch Int.random(in: 0..<6, using: &random) {
    case 0: result[position] = UInt8(truncatingIfNeeded: random.next())
    case 1: result.remove(at: position)
    case 2: result.insert(result[position], at: position)
    case 3:
      let number = largeNumbers.randomElement(using: &random) ?? []
      result.replaceSubrange(position..<min(position + number.count, result.count), with: number)
    case 4:
      result.insert(contentsOf: largeNumbers.randomElement(using: &random) ?? [], at: position)
    default: result.removeSubrange(position...)
    }
  }
  return result
}

private func expectSame(
  _ expected: [ExpectedMessage], _ seen: [ExpectedMessage], _ how: String,
  _ sourceLocation: SourceLocation
) {
  if expected.count != seen.count {
    Issue.record(
      "\(how): \(seen.count) messages, expected \(expected.count); seen: \(seen)",
      sourceLocation: sourceLocation)
    return
  }
  for (index, pair) in zip(expected, seen).enumerated() {
    let differences = pair.0.differences(from: pair.1)
    if !differences.isEmpty {
      Issue.record(
        "\(how): message \(index): \(differences.joined(separator: "; "))",
        sourceLocation: sourceLocation)
    }
  }
}

private func expectNoViolation(
  _ driver: ParserDriver, _ how: String, _ sourceLocation: SourceLocation
) {
  if !driver.violations.isEmpty {
    Issue.record("\(how): \(driver.violations)", sourceLocation: sourceLocation)
  }
}

private func expectNoError(
  _ driver: ParserDriver, _ how: String, _ sourceLocation: SourceLocation
) {
  if let error = driver.error {
    Issue.record(
      "\(how): given up at \(error.offset), which is not \(error.expected)",
      sourceLocation: sourceLocation)
  }
}
