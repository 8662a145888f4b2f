// SPDX-License-Identifier: Apache-2.0

import Flows
import Protocols
import Telemetry
import Testing

/// The room of a finished call is that of a later one, which is written over it.
@Suite struct RecordSlotTests {
  @Test func aCallSaysNothingOfTheOneBefore() throws {
    let alone = try #require(second(after: false))
    let later = try #require(second(after: true))
    #expect(later == alone)
  }

  /// An unanswered request, in the slot of a call of which all is known if `isLater`.
  private func second(after isLater: Bool) -> CallRecord? {
    var pipeline = FlowPipeline(protocols: [HTTP1()])
    if isLater {
      var first = PairingTests.connection(1)
      let request = """
        POST http://a/b/c HTTP/1.1\r
        Host: h\r
        Content-Length: 0\r
        X-Request-ID: i\r
        User-Agent: u\r
        Referer: /r\r
        X-Forwarded-For: f\r
        b3: 463ac35c9f6413ad48485a3953bb6124-a2fb4a1d1a96d312-1-05e3ac9a4f6e3b90\r
        \r

        """
      pipeline.feed(first.send(.client, request, at: dawn))
      pipeline.feed(
        first.send(
          .server, "HTTP/1.1 500 No\r\nContent-Length: 0\r\nX-Request-ID: j\r\n\r\n",
          at: dawn + 1_000_000))
      let calls = pipeline.takeBatch().calls
      guard calls.count == 1, calls[0].responseCode == 500, !calls[0].texts.parentSpanID.isEmpty
      else { return nil }
    }
    var connection = PairingTests.connection(2)
    connection.client.thread = 102
    pipeline.feed(connection.send(.client, "GET /d HTTP/1.0\r\n\r\n", at: dawn + 2_000_000))
    pipeline.finish(now: Timestamp(nanoseconds: dawn + 3_000_000))
    return pipeline.takeBatch().calls.first
  }
}
