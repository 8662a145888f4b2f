// SPDX-License-Identifier: Apache-2.0

import Flows
import Protocols
import Telemetry
import Testing

/// Whose conversations are read, and whose are not.
@Suite struct ProcessCoverageTests {
  @Test func aConversationIsNotedOnceWithItsProcesses() {
    var pipeline = FlowPipeline(protocols: builtInProtocols)
    for number in UInt64(1)...3 {
      var http = Connection(number: number)
      for round in 0..<4 {
        let time = dawn + Int64(round) * 1_000_000
        pipeline.feed(http.send(.client, "GET / HTTP/1.1\r\nHost: a\r\n\r\n", at: time))
        pipeline.feed(
          http.send(.server, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", at: time + 300_000))
      }
    }
    let noted = pipeline.takeCoverage()
    #expect(noted.leftOut == 0)
    #expect(Set(noted.entries.map(\.process.pid)) == [100, 200])
    #expect(noted.entries.map(\.conversations) == [3, 3])
    #expect(noted.entries.allSatisfy { $0.gap == .none && $0.applicationProtocol.rawValue == 20 })
    let rest = pipeline.takeCoverage()
    #expect(rest.entries.isEmpty)
  }

  /// Given up, or over before that: what nobody knows is told by how it began.
  @Test(arguments: [1, 40]) func whatNobodyKnowsIsNotedByItsShape(rounds: Int) {
    var pipeline = FlowPipeline(protocols: builtInProtocols)
    var strange = Connection(number: 1, serverPort: 9_999)
    for round in 0..<rounds {
      let time = dawn + Int64(round) * 1_000_000
      pipeline.feed(strange.send(.client, "\u{1}secret7 ~~ask \(round)", at: time))
      pipeline.feed(strange.send(.server, "\u{2}answer ~~ \(round)", at: time + 300_000))
    }
    pipeline.feed(strange.close(at: dawn + 100_000_000))
    let entries = pipeline.takeCoverage().entries
    #expect(Set(entries.map(\.process.pid)) == [100, 200])
    #expect(entries.allSatisfy { $0.gap == .unknownProtocol && $0.port == 9_999 })
    for entry in entries {
      let text = ProcessCoverage.text(ofShape: entry.opening)
      #expect(text.hasPrefix("\\x01aaaaaa") || text.hasPrefix("\\x02aaaaaa"), "\(text)")
    }
  }

  @Test func kindsAreBounded() {
    var pipeline = FlowPipeline(protocols: builtInProtocols)
    for number in UInt64(1)...1_500 {
      var http = Connection(number: number, serverPort: UInt16(number))
      pipeline.feed(http.send(.client, "GET / HTTP/1.1\r\nHost: a\r\n\r\n", at: dawn))
      pipeline.feed(
        http.send(.server, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", at: dawn + 300_000))
    }
    let noted = pipeline.takeCoverage()
    #expect(noted.entries.count == ProcessCoverage.capacity)
    let all = noted.entries.reduce(0) { $0 + $1.conversations } + noted.leftOut
    #expect(all == 3_000)
  }
}
