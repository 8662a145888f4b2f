// SPDX-License-Identifier: Apache-2.0

import Telemetry
import Testing

@testable import Catalog

@Suite struct TagSetTests {
  private func state(host: String = "web-1") throws -> CatalogState {
    var state = CatalogState()
    #expect(try state.admit(identity: "a", version: "1", protocols: []) == 1)
    state.learn(hostReport(host), agent: 1)
    return state
  }

  private func tags(_ state: CatalogState, pid: UInt32) throws -> TagSet {
    let number = try #require(state.tags(of: key(pid), agent: 1)).tagSet
    return try #require(state.pendingSet(number))
  }

  @Test func everyTagOfAProcessHasItsValue() throws {
    var state = try state()
    state.learn(
      processReport(7, "nginx", command: "nginx -g daemon", container: "c0ffee", user: 33),
      agent: 1)
    let set = try tags(state, pid: 7)
    let expected = [
      "auto_service": "nginx", "auto_instance": "nginx@web-1", "gprocess": "nginx",
      "host": "web-1", "container": "c0ffee", "os_user": "33", "command_line": "nginx -g daemon",
    ]
    let declared = TagDeclaration.builtIn.filter {
      if case .resource = $0.source { $0.category != "Kubernetes" } else { false }
    }
    #expect(
      Set(declared.map(\.name)) == Set(expected.keys), "a declared tag without a value here")
    for (name, value) in expected { #expect(state.value(of: name, in: set.number) == value) }
    #expect(state.value(of: "no such tag", in: set.number) == "")
    #expect(set.serviceKind == .process)
    #expect(state.services[.init(kind: .process, name: "nginx")] == set.service)
  }

  @Test func reportingTheSameTwiceChangesNothing() throws {
    var state = try state()
    state.learn(processReport(7, "nginx"), agent: 1)
    let version = state.snapshot().version
    state.learn(processReport(7, "nginx"), agent: 1)
    state.learn(hostReport("web-1"), agent: 1)
    #expect(state.snapshot().version == version)
  }

  /// A restart keeps its place in every chart.
  @Test func restartedProcessKeepsItsTagSet() throws {
    var state = try state()
    state.learn(processReport(7, "nginx"), agent: 1)
    state.learn(processReport(8, "nginx"), agent: 1)
    #expect(state.tags(of: key(7), agent: 1) == state.tags(of: key(8), agent: 1))
  }

  @Test func serviceIsOneOverAllHosts() throws {
    var state = try state()
    #expect(try state.admit(identity: "b", version: "1", protocols: []) == 2)
    state.learn(hostReport("web-2", addresses: ["10.0.0.2"]), agent: 2)
    state.learn(processReport(7, "nginx"), agent: 1)
    state.learn(processReport(7, "nginx"), agent: 2)
    let one = try #require(state.tags(of: key(7), agent: 1))
    let two = try #require(state.tags(of: key(7), agent: 2))
    #expect(one.service == two.service)
    #expect(one.tagSet != two.tagSet)
  }

  /// History is not rewritten: rows stored under the old number keep the old name.
  @Test func changedNameBeginsANewTagSet() throws {
    var state = try state()
    state.learn(processReport(7, "sh"), agent: 1)
    let before = try tags(state, pid: 7)
    state.learn(processReport(7, "nginx"), agent: 1)
    let after = try tags(state, pid: 7)
    #expect(before.number != after.number)
    #expect(state.value(of: "auto_service", in: before.number) == "sh")
    #expect(state.value(of: "auto_service", in: after.number) == "nginx")
  }

  @Test func renamedHostBeginsNewTagSetsForItsProcesses() throws {
    var state = try state()
    state.begin(second: 1_000)
    state.learn(processReport(7, "nginx"), agent: 1)
    let before = try tags(state, pid: 7)
    state.begin(second: 2_000)
    state.learn(hostReport("web-9"), agent: 1)
    let after = try tags(state, pid: 7)
    #expect(state.value(of: "host", in: after.number) == "web-9")
    #expect(state.value(of: "auto_instance", in: after.number) == "nginx@web-9")
    #expect(state.value(of: "host", in: before.number) == "web-1")
    #expect(before.service == after.service)
    // The same process, in two versions that follow each other.
    let (old, new) = (before.members.process, after.members.process)
    #expect(state.pendingVersion(old)?.entity == state.pendingVersion(new)?.entity)
    #expect(state.pendingVersion(new)?.validFrom == 2_000)
    #expect(
      state.pending.contains { change in
        if case .resourceEnded(old, at: 2_000, _) = change { true } else { false }
      })
  }

  /// The same program under two users is two resources, whichever of them spoke last.
  @Test func usersOfOneProgramTakeNoTurns() throws {
    var state = try state()
    for _ in 0..<10 {
      state.learn(processReport(7, "nginx", user: 0), agent: 1)
      state.learn(processReport(8, "nginx", user: 33), agent: 1)
    }
    #expect(state.tagSetNumbers.count == 3)
    #expect(try tags(state, pid: 7).service == tags(state, pid: 8).service)
  }

  /// After a reboot a pid and its start time may by chance be another process's.
  @Test func rebootForgetsProcesses() throws {
    var state = try state()
    state.learn(processReport(7, "nginx"), agent: 1)
    state.learn(hostReport("web-1", boot: "boot-2"), agent: 1)
    #expect(state.tags(of: key(7), agent: 1) == nil)
  }

  @Test func endedProcessIsForgottenLater() throws {
    var state = try state()
    state.learn(processReport(7, "nginx"), agent: 1)
    state.end(key(7), agent: 1, second: 1_000)
    state.forgetEnded(before: 1_000)
    #expect(state.tags(of: key(7), agent: 1) != nil)
    state.forgetEnded(before: 1_000 + state.limits.endedRunSeconds)
    #expect(state.tags(of: key(7), agent: 1) == nil)
  }

  @Test func tablesAreBoundedAndRefusalsCounted() throws {
    var limits = CatalogLimits()
    limits.tagSets = 30
    limits.services = 2
    limits.runsPerAgent = 4
    limits.commandLinesPerName = 2
    var state = CatalogState(limits: limits)
    _ = try state.admit(identity: "a", version: "1", protocols: [])
    for pid in 1...100 as ClosedRange<UInt32> {
      state.learn(processReport(pid, "p\(pid / 10)", command: "p \(pid)"), agent: 1)
    }
    #expect(state.tagSetNumbers.count == 30)
    #expect(state.services.count == 2)
    #expect(state.runs.count <= 4)
    #expect(state.refusals.tagSets > 0)
    #expect(state.refusals.services > 0)
    #expect(state.refusals.runs > 0)
    #expect(state.refusals.commandLines > 0)
  }

  @Test(arguments: [
    ("plain", 8, "plain"), ("a\u{0}b\nc", 8, "a b c"), ("ééé", 4, "éé"), ("ééé", 5, "éé"),
    ("\u{7f}", 8, " "),
  ])
  func namesAreCutAtWholeCharactersAndCleaned(text: String, limit: Int, expected: String) {
    #expect(CatalogState.cut(text, limit) == expected)
  }

  @Test(arguments: ["", String(repeating: "x", count: 257), "a\u{0}"])
  func badIdentityIsRefused(identity: String) {
    var state = CatalogState()
    #expect(throws: CatalogError.badIdentity) {
      _ = try state.admit(identity: identity, version: "", protocols: [])
    }
  }
}
