// SPDX-License-Identifier: Apache-2.0

import Protocols
import Telemetry
import TestSupport
import Testing

/// Conversations of which not all is seen: what depends on what was not, is unknown.
@Suite struct HTTP2JoinedTests {
  private func client(_ frames: [UInt8]...) -> Talk { Talk(.client, bytes: frames.flatMap(\.self)) }
  private func server(_ frames: [UInt8]...) -> Talk { Talk(.server, bytes: frames.flatMap(\.self)) }

  /// A path that is added to the table, and one that is taken from there by its age.
  private func adding(_ stream: UInt32, _ path: String) -> [UInt8] {
    HTTP2Talks.headers(
      stream, [0x82, 0x86] + HTTP2Talks.field(":path", path, isAdded: true), goesOn: false)
  }

  private func taking(_ stream: UInt32, _ age: UInt8) -> [UInt8] {
    HTTP2Talks.headers(stream, [0x82, 0x86, 0xbe + age], goesOn: false)
  }

  @Test func fieldsThatWereAddedAreFoundByTheirAge() {
    expectMessages(
      HTTP2(), HTTP2Talks.opening,
      client(adding(1, "/one"), adding(3, "/two"), taking(5, 0), taking(7, 1)),
      gives: ["/one", "/two", "/two", "/one"].map { ExpectedMessage(.request, requestResource: $0) }
    )
  }

  @Test func joinedInTheMiddleFieldsOfBeforeAreUnknown() {
    expectMessages(
      HTTP2(), client(taking(5, 0), adding(7, "/two"), taking(9, 0), taking(11, 1)),
      server(HTTP2Talks.response(7), HTTP2Talks.headers(9, [0xbf], goesOn: false)),
      gives: [
        ExpectedMessage(
          .request, requestType: "GET", requestResource: "", endpoint: "", requestID: 5),
        ExpectedMessage(.request, requestResource: "/two", requestID: 7),
        ExpectedMessage(.request, requestResource: "/two", requestID: 9),
        ExpectedMessage(.request, requestResource: "", requestID: 11),
        ExpectedMessage(.response, status: .ok, code: 200, requestID: 7),
        ExpectedMessage(.response, status: .parseFailed, requestID: 9),
      ])
  }

  @Test func behindALossFieldsOfBeforeAreUnknown() {
    var driver = ParserDriver(HTTP2())
    driver.feed(HTTP2Talks.opening.bytes + adding(1, "/one"), from: .client)
    driver.lose(from: .client)
    driver.feed(taking(5, 0) + adding(7, "/two") + taking(9, 0) + taking(11, 1), from: .client)
    #expect(
      driver.messages.map { $0.texts["request_resource"] } == ["/one", "", "/two", "/two", ""])
    #expect(driver.error == nil && driver.violations == [])
  }

  /// The middle of a body is not read as frames, whatever is in it.
  @Test func inTheMiddleOfABodyNothingIsTold() {
    var driver = ParserDriver(HTTP2())
    driver.feed(HTTP2Talks.opening.bytes, from: .client)
    driver.lose(from: .client)
    driver.feed([UInt8](repeating: 0x41, count: 500), from: .client)
    driver.feed(HTTP2Talks.frame(8, [0, 0, 0, 1]) + taking(5, 0), from: .client)
    #expect(driver.messages.map(\.requestID) == [5])
    #expect(driver.error == nil)
  }

  /// A block that the capture cuts: its first fields are read, and what it added is unknown.
  @Test func ofABlockThatIsCutTheFieldsInFrontAreRead() {
    var driver = ParserDriver(HTTP2())
    let block =
      HTTP2Talks.requestFields("GET", "/a") + HTTP2Talks.field("x", "1", isAdded: true)
      + HTTP2Talks.field("user-agent", "curl")
    let frames = HTTP2Talks.headers(1, block, goesOn: false)
    driver.feed(
      HTTP2Talks.opening.bytes + frames.dropLast(12), from: .client, isFinal: true)
    driver.feed(Array(frames.suffix(12)) + taking(3, 0), from: .client)
    #expect(driver.messages.map { $0.texts["request_resource"] } == ["/a", ""])
    #expect(driver.messages.first?.flags == .truncated)
    #expect(driver.messages.first?.texts["http_user_agent"] == "")
    #expect(driver.error == nil && driver.violations == [])
  }

  @Test(arguments: UInt64(0)..<30) func noBytesTrap(seed: UInt64) {
    neverTraps(
      HTTP2(), seed: seed, rounds: 60,
      seeds: [
        HTTP2Talks.opening, HTTP2Talks.welcome, client(adding(1, "/one"), taking(3, 0)),
        client(HTTP2Talks.request(5, "POST", "/x", goesOn: true), HTTP2Talks.data(5, [1, 2])),
        server(HTTP2Talks.response(1, goesOn: true), HTTP2Talks.data(1, [1, 2])),
        server(HTTP2Talks.reset(1, 8), HTTP2Talks.frame(7, [0, 0, 0, 0, 0, 0, 0, 1])),
        client(
          HTTP2Talks.headers(7, HTTP2Talks.requestFields("GET", "/a"), goesOn: false, size: 3)),
      ])
  }
}
