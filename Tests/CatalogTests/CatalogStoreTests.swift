// SPDX-License-Identifier: Apache-2.0

import Foundation
import Telemetry
import Testing

@testable import Catalog

@Suite struct CatalogStoreTests {
  /// A new directory for the length of `body`.
  private func fill(_ catalog: Catalog) throws {
    try catalog.reserve(400)
    for agent in 1...3 as ClosedRange<UInt16> {
      let number = try catalog.admit(
        identity: "agent-\(agent)", hostname: "web-\(agent)", version: "1",
        protocols: [ProtocolEntry(number: 20, name: "HTTP")])
      #expect(number == agent)
      catalog.withState { state in
        state.learn(
          hostReport("web-\(agent)", addresses: ["10.0.0.\(agent)", "::1"]), agent: agent)
        for pid in 1...50 as ClosedRange<UInt32> {
          state.learn(processReport(pid, "p\(pid % 7)", command: "p \(pid % 11)"), agent: agent)
        }
        state.end(key(1), agent: agent, second: 1_000)
      }
    }
    try catalog.commit()
  }

  @Test func restartGivesTheSameNumbers() throws {
    try withDirectory { directory in
      let path = directory.appendingPathComponent("catalog.sqlite").path
      let first = try Catalog(path: path)
      try fill(first)
      let second = try Catalog(path: path)
      #expect(second.withState { $0.tagSets } == first.withState { $0.tagSets })
      #expect(second.withState { $0.services } == first.withState { $0.services })
      #expect(second.withState { $0.entities } == first.withState { $0.entities })
      #expect(second.snapshot.agents() == first.snapshot.agents())
      #expect(second.snapshot.hosts() == first.snapshot.hosts())
      #expect(second.snapshot.protocols() == [ProtocolEntry(number: 20, name: "HTTP")])
      let pending = second.withState { state in
        for agent in 1...3 as ClosedRange<UInt16> {
          state.learn(
            hostReport("web-\(agent)", addresses: ["10.0.0.\(agent)", "::1"]), agent: agent)
          for pid in 2...50 as ClosedRange<UInt32> {
            state.learn(processReport(pid, "p\(pid % 7)", command: "p \(pid % 11)"), agent: agent)
          }
        }
        return state.pending
      }
      #expect(pending == [], "saying it all again is news to a restarted catalog")
      #expect(try second.admit(identity: "agent-4", version: "1", protocols: []) == 4)
    }
  }

  /// Agents resolve their rows at once after a server restart, without reporting again.
  @Test func runsSurviveARestart() throws {
    try withDirectory { directory in
      let path = directory.appendingPathComponent("catalog.sqlite").path
      let first = try Catalog(path: path)
      try fill(first)
      let second = try Catalog(path: path)
      for pid in 1...50 as ClosedRange<UInt32> {
        let before = first.withState { $0.tags(of: key(pid), agent: 2) }
        #expect(before != nil)
        #expect(second.withState { $0.tags(of: key(pid), agent: 2) } == before)
      }
      #expect(second.withState { $0.resolve(client: end("10.0.0.3"), agent: 1) }.tagSet != 0)
    }
  }

  @Test func uncommittedChangesAreNotShownAndNotLost() throws {
    try withDirectory { directory in
      let path = directory.appendingPathComponent("catalog.sqlite").path
      let catalog = try Catalog(path: path)
      _ = try catalog.admit(identity: "a", version: "1", protocols: [])
      try catalog.reserve(10)
      catalog.withState { $0.learn(processReport(7, "nginx"), agent: 1) }
      #expect(try catalog.tagSets([1]) == [])
      try catalog.commit()
      #expect(try catalog.tagSets([1]).count == 1)
      #expect(try catalog.resources([1]).map(\.content.name) == ["nginx"])
    }
  }

  /// A run of a process that is not written down cannot be told who it is.
  @Test func missingProcessIsRefused() throws {
    var contents = CatalogContents()
    contents.runs = [
      ProcessRun(
        key: .init(agent: 1, process: key(7)), process: 1, userID: 0, networkNamespace: 0,
        containerID: "", endedAt: 0)
    ]
    #expect(throws: CatalogError.self) {
      _ = try CatalogState(restoring: contents, limits: CatalogLimits())
    }
  }

  /// Agents that stored nothing leave gaps; a number that is taken is never given again.
  @Test func gapsInTheNumbersOfAgentsAreFilled() throws {
    var contents = CatalogContents()
    contents.agents = [2, 5].map { AgentEntry(number: $0, identity: "old-\($0)", version: "") }
    var state = try CatalogState(restoring: contents, limits: CatalogLimits())
    #expect(try state.admit(identity: "a", version: "", protocols: []) == 1)
    #expect(try state.greet(identity: "guest", version: "", protocols: []) == 3)
    #expect(try state.admit(identity: "b", version: "", protocols: []) == 4)
    #expect(try state.admit(identity: "c", version: "", protocols: []) == 6)
    state.agentLeft("guest")
    #expect(try state.admit(identity: "d", version: "", protocols: []) == 3)
    #expect(state.snapshot().agents().map(\.number) == [1, 2, 3, 4, 5, 6])
  }

  /// A number means the name that it got first, whatever a later agent says.
  @Test func namesOfProtocolsStayWhatTheyAre() throws {
    var state = CatalogState()
    for (identity, name) in [("a", "HTTP"), ("b", "Evil"), ("a", "HTTP")] {
      _ = try state.admit(
        identity: identity, version: "", protocols: [ProtocolEntry(number: 20, name: name)])
    }
    #expect(state.snapshot().protocols() == [ProtocolEntry(number: 20, name: "HTTP")])
    #expect(state.refusals.protocolNames == 1)
  }

  @Test(arguments: ["", "not a database, but long enough to be looked at as if it were one ......"])
  func fileThatIsNoCatalog(text: String) throws {
    try withDirectory { directory in
      let path = directory.appendingPathComponent("catalog.sqlite").path
      try Data(text.utf8).write(to: URL(fileURLWithPath: path))
      if text.isEmpty {
        #expect(try Catalog(path: path).snapshot.agents() == [])
      } else {
        #expect(throws: CatalogError.self) { _ = try Catalog(path: path) }
      }
    }
  }
}
