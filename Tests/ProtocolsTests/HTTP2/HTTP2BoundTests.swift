// SPDX-License-Identifier: Apache-2.0

import Telemetry
import TestSupport
import Testing

@testable import Protocols

/// Peers that mean harm: what they send takes bounded work and memory.
@Suite struct HTTP2BoundTests {
  private func parser() -> any ProtocolParser {
    HTTP2().makeParser(ConversationContext(transport: .tcp))
  }

  /// Feeds whole frames; the steps that came of them.
  private func read(
    _ frames: [UInt8], from side: Side, by parser: inout any ProtocolParser, _ desk: inout Desk
  ) -> Int {
    var position = 0
    var steps = 0
    while position < frames.count {
      desk.clear()
      let view = StreamView(frames.span.extracting(droppingFirst: position))
      guard let step = try? parser.nextMessage(in: view, from: side, on: &desk) else {
        return steps
      }
      steps += 1
      switch step {
      case .skip(let count), .more(let count, _): position += count
      case .message(.bytes(let count)): position += count
      case .lookUp(let id): desk.answer(id, with: .nothing)
      default: return steps
      }
    }
    return steps
  }

  @Test func aMillionStreamsTakeNoMoreMemoryThanAFew() {
    var parser = parser()
    var desk = Desk()
    _ = read(HTTP2Talks.opening.bytes, from: .client, by: &parser, &desk)
    let block = HTTP2Talks.requestFields("POST", "/a")
    for number in 0..<1_000_000 as Range<UInt32> {
      let frame = HTTP2Talks.headers(number * 2 + 1, block, goesOn: true)
      _ = read(frame, from: .client, by: &parser, &desk)
    }
    #expect(parser.heldBytes < 32_768)
  }

  /// Of a header block that never ends the first part is told of, and the rest is passed over.
  @Test func aHeaderBlockWithoutAnEndIsOneRequest() {
    let start = HTTP2Talks.frame(1, flags: 1, stream: 1, HTTP2Talks.requestFields("GET", "/a"))
    let rest = HTTP2Talks.frame(
      9, stream: 1, HTTP2Talks.field("x", String(repeating: "y", count: 500)))
    let empty = HTTP2Talks.frame(9, stream: 1)
    for more in [rest, empty] {
      var driver = ParserDriver(HTTP2())
      driver.feed(HTTP2Talks.opening.bytes + start, from: .client)
      for _ in 0..<10_000 { driver.feed(more, from: .client) }
      #expect(driver.messages.map { $0.texts["request_resource"] } == ["/a"])
      #expect(driver.unreadCount < 32_768)
      driver.feed(
        HTTP2Talks.frame(9, flags: 4, stream: 1) + HTTP2Talks.request(3, "GET", "/b"),
        from: .client)
      #expect(driver.messages.map { $0.texts["request_resource"] } == ["/a", "/b"])
      #expect(driver.error == nil && driver.violations == [])
    }
  }

  /// A field of 4 KiB that is said 16,000 times by its number is looked at once.
  @Test func aBlockThatRepeatsALargeFieldCostsNoMoreThanItsBytes() {
    var driver = ParserDriver(HTTP2())
    let path = "/" + String(repeating: "p", count: 4_000)
    let block =
      [0x82, 0x86] + HTTP2Talks.field(":path", path, isAdded: true)
      + [UInt8](repeating: 0xbe, count: 12_000)
    driver.feed(
      HTTP2Talks.opening.bytes + HTTP2Talks.headers(1, block, goesOn: false), from: .client)
    #expect(driver.messages.count == 1)
    #expect(driver.messages.first?.texts["request_resource"]?.count == FieldBuffer.textLimit)
  }

  @Test func endlessFramesThatSayNothingAreOneStep() {
    var parser = parser()
    var desk = Desk()
    _ = read(HTTP2Talks.opening.bytes, from: .client, by: &parser, &desk)
    let pings = (0..<10_000).flatMap { _ in HTTP2Talks.frame(6, [1, 2, 3, 4, 5, 6, 7, 8]) }
    #expect(read(pings, from: .client, by: &parser, &desk) == 1)
  }
}
