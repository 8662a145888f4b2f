// SPDX-License-Identifier: Apache-2.0

import Telemetry
import TestSupport
import Testing

@testable import Kubernetes

@Suite struct ListWatchTests {
  private func time(_ second: Double) -> Timestamp { Fixture.time(second) }

  /// Two pods listed, and the watch open.
  private func watching() -> Follower {
    var follower = Follower()
    follower.list(
      .pod,
      Fixture.list(
        [
          Fixture.pod("a", version: 1, address: "10.0.0.1"),
          Fixture.pod("b", version: 2, address: "10.0.0.2"),
        ], version: 10), at: time(0))
    follower.open(.pod, at: time(0.1))
    return follower
  }

  private func gone(_ follower: Follower) -> [String] {
    follower.changes.compactMap {
      guard case .gone(let identity, let since) = $0 else { return nil }
      return "\(identity.id) \((since - time(0)) / 1_000_000_000)"
    }
  }

  private func watchPath(_ version: String) -> ListWatch.Request {
    .watch(
      path: "/api/v1/pods?watch=1&allowWatchBookmarks=true&timeoutSeconds=300"
        + "&resourceVersion=\(version)")
  }

  @Test func aWatchGoesOnFromTheLastVersionItWasToldOf() {
    var follower = watching()
    follower.receive(
      .pod, Fixture.event("MODIFIED", Fixture.pod("a", version: 17)), at: time(1))
    follower.fail(.pod, .disconnected)
    follower.watches[.pod]?.resume()
    #expect(follower.watches[.pod]?.request == watchPath("17"))
    follower.open(.pod, at: time(2))
    follower.receive(.pod, Fixture.bookmark(40), at: time(3))
    follower.watches[.pod]?.closed(jitter: 0)
    follower.watches[.pod]?.resume()
    #expect(follower.watches[.pod]?.request == watchPath("40"))
  }

  @Test func aLineThatWasCutOffIsToldAgainAndNotHalfTaken() {
    var follower = watching()
    let line = Fixture.event("DELETED", Fixture.pod("a", version: 17))
    follower.receive(.pod, Array(line.prefix(60)), at: time(1))
    follower.fail(.pod, .disconnected)
    follower.watches[.pod]?.resume()
    #expect(follower.watches[.pod]?.request == watchPath("10"))
    follower.open(.pod, at: time(2))
    follower.receive(.pod, line, at: time(2))
    // It went during the break: it was last known to be there before.
    #expect(gone(follower) == ["u-a 0"])
  }

  @Test(arguments: [true, false]) func tooOldMeansANewListWithoutFalseDeletions(asEvent: Bool) {
    var follower = watching()
    follower.receive(.pod, Fixture.bookmark(12), at: time(5))
    if asEvent {
      follower.receive(.pod, Fixture.event("ERROR", Fixture.status(410, "Expired")), at: time(60))
    } else {
      follower.fail(.pod, WatchTrouble(status: 410, body: Array("x".utf8).span))
    }
    #expect(follower.watches[.pod]?.isStreaming == false)
    follower.watches[.pod]?.resume()
    #expect(follower.watches[.pod]?.request == .list(path: "/api/v1/pods?limit=500"))
    let before = follower.changes.count
    follower.list(
      .pod,
      Fixture.list(
        [Fixture.pod("a", version: 1, address: "10.0.0.1")], version: 99, next: "x=/y"),
      at: time(61))
    #expect(
      follower.watches[.pod]?.request
        == .list(path: "/api/v1/pods?limit=500&continue=x%3D%2Fy"))
    #expect(follower.changes.count == before, "half a list is no reason to let go of anything")
    follower.list(
      .pod,
      Fixture.list(
        [Fixture.pod("c", version: 50, address: "10.0.0.2", made: "2026-01-01T00:01:30Z")],
        version: 99), at: time(62))
    // Nobody knows when b went: it was last known to be there with the bookmark.
    #expect(gone(follower) == ["u-b 5"])
    #expect(Moment(follower.changes, at: time(4)).owners(of: "10.0.0.2") == ["b"])
    #expect(Moment(follower.changes, at: time(20)).owners(of: "10.0.0.2") == [])
    #expect(Moment(follower.changes, at: time(30)).owners(of: "10.0.0.2") == ["c"])
    #expect(follower.watches[.pod]?.request == watchPath("99"))
  }

  @Test func aListThatFailsInTheMiddleBeginsAnewOnlyWhereItMust() {
    var follower = Follower()
    follower.list(
      .pod, Fixture.list([Fixture.pod("a", version: 1)], version: 5, next: "t1"), at: time(0))
    follower.fail(.pod, .unreachable("x"))
    follower.watches[.pod]?.resume()
    #expect(
      follower.watches[.pod]?.request == .list(path: "/api/v1/pods?limit=500&continue=t1"))
    follower.fail(.pod, .tooOld)
    follower.watches[.pod]?.resume()
    #expect(follower.watches[.pod]?.request == .list(path: "/api/v1/pods?limit=500"))
    follower.list(.pod, Fixture.list([Fixture.pod("b", version: 3)], version: 8), at: time(9))
    #expect(gone(follower) == ["u-a 9"])
    #expect(follower.cluster.count == 1)
  }

  @Test func aStormOf410IsMetWithLongerAndLongerPauses() {
    var follower = watching()
    var pauses: [Int] = []
    for round in 0..<10 {
      follower.receive(
        .pod, Fixture.event("ERROR", Fixture.status(410)), at: time(Double(round)))
      guard case .pause(let pause) = follower.watches[.pod]?.request else { break }
      pauses.append(pause)
      follower.list(.pod, Fixture.list([], version: 10), at: time(Double(round)))
      follower.open(.pod, at: time(Double(round)))
    }
    #expect(pauses == [125, 250, 500, 1_000, 2_000, 4_000, 8_000, 15_000, 15_000, 15_000])
    follower.receive(.pod, Fixture.bookmark(11), at: time(20))
    follower.fail(.pod, .disconnected)
    #expect(follower.watches[.pod]?.request == .pause(milliseconds: 125))
  }

  @Test(arguments: [UInt64(0), 1, 77, 125, 126, .max]) func jitterStaysWithinTheCeiling(
    jitter: UInt64
  ) {
    var follower = watching()
    follower.fail(.pod, .disconnected, jitter: jitter)
    guard case .pause(let pause) = follower.watches[.pod]?.request else {
      Issue.record("no pause")
      return
    }
    #expect((125...250).contains(pause))
  }

  @Test(arguments: [
    (401, "the API server does not accept our credentials (401)", 125),
    (
      403,
      "our account may not list and watch it (403); give it a role with these rights: no, no",
      30_000
    ),
    (404, "the API server has no such kind (404)", 30_000),
    (429, "the API server answers 429: no, no", 7_000),
    (500, "the API server answers 500: no, no", 7_000),
  ]) func aRefusalIsToldInWords(code: Int, words: String, pause: Int) {
    var follower = Follower()
    follower.list(.pod, [], at: time(0))
    follower = Follower()
    follower.watches[.pod] = ListWatch(.pod)
    let body = Array(Fixture.status(code, "no, no").utf8)
    follower.fail(.pod, WatchTrouble(status: code, body: body.span, retryAfterSeconds: 7))
    #expect(
      follower.watches[.pod]?.state.description == "waiting \(pause) ms: \(words)")
    #expect(follower.watches[.pod]?.request == .pause(milliseconds: pause))
  }

  @Test(arguments: [
    "{", "{}", "[]", "garbage", #"{"type":"ADDED"}"#, #"{"type":"ADDED","object":{}}x"#,
  ])
  func aLineThatCannotBeReadMeansANewList(line: String) {
    var follower = watching()
    follower.receive(.pod, Array(line.utf8) + [0x0a], at: time(1))
    follower.watches[.pod]?.resume()
    #expect(follower.watches[.pod]?.request == .list(path: "/api/v1/pods?limit=500"))
  }

  /// As a proxy's page does that stands where a watch should.
  @Test func aWatchThatEndsWithinALineIsNoWatch() {
    var follower = watching()
    follower.receive(.pod, Array("<html>".utf8), at: time(1))
    follower.watches[.pod]?.closed(jitter: 0)
    #expect(
      follower.watches[.pod]?.state
        == .waiting(.malformed("a watch that ends within a line"), milliseconds: 125))
  }

  @Test func whatHasNoNameOrIsOfNoKnownTypeIsCounted() {
    var follower = watching()
    let before = follower.changes
    follower.receive(.pod, Fixture.event("ADDED", "{}"), at: time(1))
    follower.receive(.pod, Fixture.event("NEWS", Fixture.pod("x", version: 3)), at: time(1))
    follower.receive(.pod, Array("\n\n".utf8), at: time(1))
    #expect(follower.changes == before)
    #expect(follower.watches[.pod]?.unusable == 2)
    #expect(follower.watches[.pod]?.state == .watching)
  }

  @Test func aLineHasABound() {
    var limits = ListWatch.Limits()
    limits.lineBytes = 1_000
    var follower = Follower()
    follower.list(.pod, Fixture.list([], version: 1), at: time(0), limits: limits)
    follower.open(.pod, at: time(0))
    let half = [UInt8](repeating: UInt8(ascii: "x"), count: 501)
    follower.receive(.pod, half, at: time(0))
    #expect(follower.watches[.pod]?.isStreaming == true)
    follower.receive(.pod, half, at: time(0))
    #expect(follower.watches[.pod]?.isStreaming == false)
    #expect(
      follower.watches[.pod]?.state
        == .waiting(.tooLarge(limit: 1_000), milliseconds: 125))
  }

  /// Behind a break, events that are old tell their own times, as far as they have them.
  @Test func whatHappenedDuringABreakIsOfItsOwnTime() {
    var follower = watching()
    follower.receive(.pod, Fixture.bookmark(11), at: time(5))
    follower.fail(.pod, .disconnected)
    follower.open(.pod, at: time(100))
    for (name, touched) in [
      ("c", "2026-01-01T00:01:20Z"), ("d", "2026-01-01T00:01:10Z"), ("e", "2026-01-01T00:01:40Z"),
    ] {
      follower.receive(
        .pod, Fixture.event("ADDED", Fixture.pod(name, version: 12, touched: touched)),
        at: time(100))
    }
    follower.receive(
      .pod,
      Fixture.event("ADDED", Fixture.pod("f", version: 13, touched: "2026-01-01T00:02:40Z")),
      at: time(100.2))
    follower.receive(
      .pod,
      Fixture.event("ADDED", Fixture.pod("g", version: 14, touched: "2026-01-01T00:01:20Z")),
      at: time(100.3))
    let times = follower.changes.suffix(5).map { Double(($0.time - time(0)) / 1_000_000) / 1_000 }
    #expect(times == [20, 20, 40, 100.2, 100.3])
  }
}
