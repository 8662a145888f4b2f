// SPDX-License-Identifier: Apache-2.0

import Protocols
import Telemetry
import TestSupport
import Testing

@Suite struct ZooKeeperParserTests {
  private typealias T = ZooKeeperTalks

  @Test func aSession() {
    expectMessages(
      ZooKeeper(), T.connect, T.connected(),
      T.request(1, 1, T.text("/jobs/job-4711") + T.text("payload") + [0, 0, 0, 0, 0, 0, 0, 0]),
      T.answer(1, T.text("/jobs/job-4711")), T.request(0xffff_fffe, 11),
      T.answer(0xffff_fffe), T.get(2, "/a"),
      T.answer(0xffff_ffff, [0, 0, 0, 3, 0, 0, 0, 3] + T.text("/a")), T.answer(2, error: -101),
      T.request(3, 0xffff_fff5), T.answer(3),
      gives: [
        ExpectedMessage(.request, requestType: "createSession", endpoint: "createSession"),
        ExpectedMessage(.response, status: .ok, code: 0),
        ExpectedMessage(
          .request, requestType: "create", requestResource: "/jobs/job-4711",
          endpoint: "create /jobs/job-?", requestID: 1, attributes: [:]),
        ExpectedMessage(.response, status: .ok, code: 0, responseException: "", requestID: 1),
        ExpectedMessage(.request, requestResource: "/a", endpoint: "getData /a"),
        ExpectedMessage(
          .session, requestType: "notification", requestResource: "/a",
          attributes: ["zookeeper.event": "dataChanged"]),
        ExpectedMessage(
          .response, status: .clientError, code: -101, responseException: "NONODE", requestID: 2),
        ExpectedMessage(.request, requestType: "closeSession"),
        ExpectedMessage(.response, status: .ok),
      ])
  }

  @Test func whoAsksWhetherANodeIsThereIsAnswered() {
    expectMessages(
      ZooKeeper(), T.request(5, 3, T.text("/a") + [1]), T.answer(5, error: -101),
      gives: [
        ExpectedMessage(.request, requestType: "exists"),
        ExpectedMessage(.response, status: .ok, code: -101, responseResult: "NONODE"),
      ])
  }

  /// The head says that all is well; the second of three says why nothing was done.
  @Test func severalAtATimeFailTogether() {
    func failed(_ code: String) -> String { "ffffffff 00 \(code) \(code) " }
    let results = failed("00000000") + failed("ffffff92") + failed("fffffffe")
    expectMessages(
      ZooKeeper(), T.request(6, 14, [0, 0, 0, 2, 0, 0xff, 0xff, 0xff, 0xff] + T.text("/a")),
      T.answer(6, KafkaTalks.bytes(results + "ffffffff 01 ffffffff")),
      gives: [
        ExpectedMessage(.request, requestType: "multi", endpoint: "multi"),
        ExpectedMessage(
          .response, status: .clientError, code: -110, responseException: "NODEEXISTS"),
      ])
  }

  @Test func whoeverComesTooLateFindsItsSessionOver() {
    let over = KafkaTalks.framed(
      .server,
      [UInt8](repeating: 0, count: 16) + [0, 0, 0, 16] + [UInt8](repeating: 0, count: 17))
    expectMessages(
      ZooKeeper(), T.connect, over,
      gives: [
        ExpectedMessage(.request, requestType: "createSession"),
        ExpectedMessage(
          .response, status: .clientError, code: -112, responseException: "SESSIONEXPIRED"),
      ])
  }

  @Test func whoShowsWhoItIsIsToldByTheSchemeAlone() {
    expectMessages(
      ZooKeeper(),
      T.request(0xffff_fffc, 100, [0, 0, 0, 0] + T.text("digest") + T.text("ann:secret")),
      T.answer(0xffff_fffc, error: -115),
      gives: [
        ExpectedMessage(
          .request, requestType: "auth", attributes: ["zookeeper.auth_scheme": "digest"]),
        ExpectedMessage(.response, status: .clientError, responseException: "AUTHFAILED"),
      ])
  }

  @Test func aWordOfFourLetters() {
    let held = hold(ZooKeeper(), [Talk(.client, "ruok\n"), Talk(.server, "imok")])
    #expect(held.violations == [] && held.error == nil)
    #expect(held.messages.map(\.kind) == [.request, .response])
    #expect(held.messages[0].texts["endpoint"] == "ruok")
  }

  @Test(arguments: UInt64(1)...4) func anythingMayCome(seed: UInt64) {
    neverTraps(
      ZooKeeper(), seed: seed, rounds: 400,
      seeds: [T.connect, T.connected(), T.get(1, "/a"), T.answer(1), Talk(.client, "stat")])
  }

  @Test func whatNodesHoldAndWhoAsksIsNotTold() {
    let mark = SecretPropertyTests.mark
    SecretPropertyTests().search(
      ZooKeeper(), [T.request(1, 5, T.text("/a") + T.text(mark) + [0, 0, 0, 0])])
    SecretPropertyTests().search(
      ZooKeeper(),
      [T.request(0xffff_fffc, 100, [0, 0, 0, 0] + T.text("digest") + T.text("a:\(mark)"))])
    SecretPropertyTests().search(ZooKeeper(), [T.get(1, "/a"), T.answer(1, T.text(mark))])
    SecretPropertyTests().search(
      ZooKeeper(), [T.connect, Talk(.client, bytes: T.request(1, 102, T.text(mark)).bytes)])
  }
}

@Suite struct ZooKeeperRecognitionTests {
  private typealias T = ZooKeeperTalks

  private func recognize(
    _ bytes: [UInt8], _ side: Side?, port: UInt16 = 40_000
  ) -> Recognition {
    ZooKeeper().recognize(
      bytes.span, context: RecognitionContext(transport: .tcp, side: side, serverPort: port))
  }

  @Test(arguments: [
    ZooKeeperTalks.connect, ZooKeeperTalks.connected(), ZooKeeperTalks.get(9, "/a/b"),
    ZooKeeperTalks.request(0xffff_fffe, 11), ZooKeeperTalks.answer(0xffff_fffe),
  ])
  func eitherSideIsSeen(talk: Talk) {
    #expect(recognize(talk.bytes, nil) == .yes(sentBy: talk.side))
    #expect(recognize(talk.bytes, talk.side) == .yes(sentBy: talk.side))
    for count in 1..<8 {
      #expect(recognize(Array(talk.bytes.prefix(count)), talk.side) == .undecided)
    }
    for count in 8..<min(talk.bytes.count, 12) {
      #expect(recognize(Array(talk.bytes.prefix(count)), talk.side) != .no)
    }
  }

  @Test func wordsAreKnownOnTheirOwnPort() {
    #expect(recognize(Array("mntr".utf8), .client, port: 2_181) == .yes(sentBy: .client))
    #expect(recognize(Array("mntr".utf8), .client) == .no)
    #expect(recognize(Array("help".utf8), .client, port: 2_181) == .no)
  }

  /// A path that begins otherwise, an operation that is none, a version, a length that does not fit.
  @Test(arguments: [
    ZooKeeperTalks.get(9, "a/b"), ZooKeeperTalks.request(9, 40, [0, 0, 0, 1, 0x2f, 0]),
    ZooKeeperTalks.request(9, 4, [0, 0, 0, 90, 0x2f, 0]),
    ZooKeeperTalks.request(0xffff_fffe, 12), ZooKeeperTalks.answer(0xffff_fffe, error: -3),
    KafkaTalks.framed(.client, [UInt8](repeating: 0, count: 45)),
    KafkaTalks.framed(.client, [0, 0, 0, 0, 0, 0, 0, 0]), ZooKeeperTalks.answer(9),
    KafkaTalks.request(4, 0, ""), ZooKeeperTalks.get(9, "/\u{1}"),
  ])
  func almostTheProtocolIsNot(talk: Talk) {
    #expect(recognize(talk.bytes + [UInt8](repeating: 0, count: 40), nil) == .no)
  }
}
