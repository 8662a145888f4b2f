// SPDX-License-Identifier: Apache-2.0

import Foundation
import Telemetry
import Testing

@testable import Catalog

/// Numbers come back when no row can have them.
@Suite struct RetirementTests {
  private let day: UInt32 = 86_400

  private func use(_ state: inout CatalogState, _ tags: EndTags, second: UInt32) {
    var used = UsedTagSets()
    used.insert(tags)
    used.insert(tags)
    state.noteUse(&used, second: second)
  }

  /// One process a day, each gone the next.
  private func live(_ state: inout CatalogState, day number: UInt32) throws -> EndTags {
    let second = number * day
    state.begin(second: second)
    state.forgetEnded(before: second)
    state.noteAgent(1)
    state.learn(processReport(number, "job-\(number)", container: "c\(number)"), agent: 1)
    let tags = try #require(state.tags(of: key(number), agent: 1))
    use(&state, tags, second: second)
    state.end(key(number), agent: 1, second: second)
    return tags
  }

  private func state() throws -> CatalogState {
    var state = CatalogState()
    state.begin(second: day)
    #expect(try state.admit(identity: "a", version: "1", protocols: []) == 1)
    state.learn(hostReport("web-1"), agent: 1)
    return state
  }

  /// As long as it runs, and as many names as it sees: what is kept depends on how long rows are.
  @Test func aThousandDaysOfJobsNeedTheNumbersOfAWeek() throws {
    var state = try state()
    var highest: EndTags?
    for number in 2...1_000 as ClosedRange<UInt32> {
      let tags = try live(&state, day: number)
      if tags.tagSet > highest?.tagSet ?? 0 { highest = tags }
      let gone = state.retire(before: (number - min(number, 7)) * day)
      state.finish(gone)
    }
    #expect(highest?.tagSet ?? 0 <= 12)
    #expect(state.tagSetNumbers.count <= 12)
    #expect(state.processes.count <= 12)
    #expect(state.services.count <= 12)
    #expect(state.entities.count <= 40)
    #expect(state.currentVersions.count == state.entities.count)
    #expect(state.retiring.isEmpty)
  }

  @Test func whatRowsMayHaveStays() throws {
    var state = try state()
    let old = try live(&state, day: 2)
    _ = try live(&state, day: 3)
    #expect(state.retire(before: 2 * day).isEmpty)
    // A row may be an hour ahead, and its use is noted to within half a day.
    #expect(state.retire(before: 2 * day + 46_800).isEmpty)
    #expect(state.retire(before: 2 * day + 46_801).tagSets == [old.tagSet])
    #expect(!state.isLive(old))
  }

  @Test func whatRunsStaysHoweverLongItIsSilent() throws {
    var state = try state()
    state.learn(processReport(7, "nginx"), agent: 1)
    let tags = try #require(state.tags(of: key(7), agent: 1))
    state.begin(second: 100 * day)
    state.noteAgent(1)
    #expect(state.retire(before: 99 * day).isEmpty)
    #expect(state.isLive(tags))
  }

  /// An agent that is away for good holds nothing.
  @Test func awayAgentsProcessesGo() throws {
    var state = try state()
    state.noteAgent(1)
    state.learn(processReport(7, "nginx"), agent: 1)
    state.begin(second: 100 * day)
    let gone = state.retire(before: 90 * day)
    #expect(gone.tagSets.count == 2)
    #expect(gone.resources.count == 2)
    state.finish(gone)
    #expect(state.runs.isEmpty && state.processes.isEmpty && state.services.isEmpty)
    // When it comes back, its host has a name again.
    state.noteAgent(1)
    #expect(state.isLive(state.resolve(client: end("10.0.0.1"), agent: 1)))
    #expect(state.resolve(client: end("10.0.0.1"), agent: 1).tagSet != 0)
  }

  /// Not before the store has let go of what had it.
  @Test func numbersAreFreeOnlyWhenTheyAreGoneFromTheStore() throws {
    var state = try state()
    let first = try live(&state, day: 2)
    _ = try live(&state, day: 20)
    let gone = state.retire(before: 10 * day)
    #expect(gone.tagSets == [first.tagSet])
    let other = try live(&state, day: 21)
    #expect(other.tagSet != first.tagSet)
    #expect(state.retire(before: 10 * day) == gone, "it is told until it is done")
    state.finish(gone)
    #expect(try live(&state, day: 22).tagSet == first.tagSet)
  }

  /// Uses are written down twice a day at most.
  @Test func useIsNotedSeldom() throws {
    var state = try state()
    state.learn(processReport(7, "nginx"), agent: 1)
    let tags = try #require(state.tags(of: key(7), agent: 1))
    state.pending = []
    for hour in 0..<48 as Range<UInt32> { use(&state, tags, second: day + hour * 3_600) }
    #expect(state.pending.count == 3)
  }

  @Test func retirementSurvivesARestart() throws {
    try withCatalogFile { path in
      let catalog = try Catalog(path: path)
      try catalog.reserve(100)
      _ = try catalog.admit(identity: "a", version: "1", protocols: [])
      let (old, new) = try catalog.withState { state in
        (try live(&state, day: 2), try live(&state, day: 20))
      }
      try catalog.commit()
      let second = try Catalog(path: path)
      let gone = second.withState { $0.retire(before: 10 * day) }
      #expect(gone.tagSets == [old.tagSet])
      second.withState { $0.finish(gone) }
      try second.commit()
      let third = try Catalog(path: path)
      #expect(try third.tagSets([old.tagSet, new.tagSet]).map(\.number) == [new.tagSet])
      #expect(try third.withState { try live(&$0, day: 21) }.tagSet == old.tagSet)
    }
  }

  /// A million attributes are in the file and in the store, not in memory.
  @Test func attributesAreNotHeldInMemory() throws {
    var state = try state()
    for number in 0..<2_000 {
      let attributes = (0..<50).map {
        ResourceReport.Attribute("k8s.label.l\($0)", "value \($0) of pod \(number)")
      }
      let pod = ResourceIdentity(.pod, in: ResourceScope(.cluster, "c"), id: "uid-\(number)")
      #expect(
        state.version(
          of: pod, .init(name: "pod-\(number)", instance: "", attributes: attributes)) != 0)
      state.pending = []
    }
    let before = residentBytes()
    for number in 2_000..<20_000 {
      let attributes = (0..<50).map {
        ResourceReport.Attribute("k8s.label.l\($0)", "value \($0) of pod \(number)")
      }
      let pod = ResourceIdentity(.pod, in: ResourceScope(.cluster, "c"), id: "uid-\(number)")
      _ = state.version(
        of: pod, .init(name: "pod-\(number)", instance: "", attributes: attributes))
      state.pending = []
    }
    #expect(state.entities.count == 20_001)
    #expect(residentBytes() - before < 32 << 20)
  }

  private func residentBytes() -> Int {
    let pages =
      (try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8))?
      .split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
    return pages * 4_096
  }
}
