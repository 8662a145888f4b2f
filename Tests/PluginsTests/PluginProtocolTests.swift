// SPDX-License-Identifier: Apache-2.0

import Plugins
import Protocols
import Telemetry
import TestSupport
import Testing

@Suite struct PluginProtocolTests {
  private func frame(_ id: UInt8, _ kind: Character, _ text: String) -> [UInt8] {
    [0xf7, UInt8(4 + text.utf8.count), id, kind.asciiValue ?? 0] + Array(text.utf8)
  }

  private func frames() throws -> PluginProtocol {
    try #require(PluginProtocol(PluginSlot(try PluginText.frames.plugin())))
  }

  @Test func aPluginReadsAConversationLikeAnyParser() throws {
    expectMessages(
      try frames(),
      Talk(.client, bytes: frame(1, "Q", "sum") + frame(2, "Q", "max")),
      Talk(.server, bytes: frame(2, "A", "9")), Talk(.server, bytes: frame(1, "A", "12")),
      gives: [
        ExpectedMessage(.request, requestType: "sum", requestID: 1),
        ExpectedMessage(.request, requestType: "max", requestID: 2),
        ExpectedMessage(.response, status: .ok, requestID: 2),
        ExpectedMessage(.response, status: .ok, requestID: 1),
      ])
  }

  @Test func itIsRecognisedByWhatItSays() throws {
    let kind = try frames()
    let context = RecognitionContext(transport: .tcp, side: nil, serverPort: 7_000)
    #expect(kind.recognize(frame(1, "Q", "a").span, context: context) == .yes(sentBy: .client))
    #expect(kind.recognize(frame(1, "A", "a").span, context: context) == .yes(sentBy: .server))
    #expect(kind.recognize(frame(1, "X", "a").span, context: context) == .no)
    #expect(kind.recognize([0xf7].span, context: context) == .undecided)
    #expect(kind.openings(on: .tcp).allow(0xf7, at: 0))
    #expect(!kind.openings(on: .tcp).allow(0x47, at: 0))
  }

  @Test func noBytesTrapIt() throws {
    neverTraps(
      try frames(), seed: 7, rounds: 200,
      seeds: [Talk(.client, bytes: frame(1, "Q", "sum")), Talk(.server, bytes: frame(1, "A", "x"))])
  }
}
