// SPDX-License-Identifier: Apache-2.0

import Foundation
import Telemetry
import TestSupport
import Testing

@testable import Catalog

/// Numbers are given once, densely, and again only when nothing has them.
@Suite struct NumberTests {
  @Test func poolGivesTheLowestNumberOfWhatIsLeft() {
    var pool = NumberPool([11...13, 1...3], without: [2, 11, 13, 13])
    #expect(pool.count == 3)
    #expect([pool.take(), pool.take(), pool.take(), pool.take()] == [1, 3, 12, nil])
    pool.giveBack([13, 2])
    pool.add(14...15)
    #expect(pool.count == 4)
    #expect([pool.take(), pool.take(), pool.take(), pool.take()] == [2, 13, 14, 15])
  }

  @Test func aLeaseThatIsGivenWholeIsEmpty() {
    #expect(NumberPool([1...2], without: [1, 2]).count == 0)
    #expect(NumberPool([]).count == 0)
    #expect(NumberPool([UInt32.max - 1...UInt32.max]).count == 2)
  }

  /// Against a set of numbers, with a seed that is told.
  @Test func poolIsASetOfNumbers() {
    var random = SeededGenerator(seed: 9)
    var pool = NumberPool([1...500])
    var free = Set<UInt32>(1...500)
    var given: Set<UInt32> = []
    for _ in 0..<5_000 {
      if Bool.random(using: &random), let number = pool.take() {
        #expect(number == free.min())
        free.remove(number)
        given.insert(number)
      } else if let number = given.randomElement(using: &random) {
        given.remove(number)
        free.insert(number)
        pool.giveBack([number])
      }
      #expect(pool.count == free.count)
    }
  }

  /// Two servers on one file, at once.
  @Test func leasesDoNotOverlap() async throws {
    try await withCatalogFile { path in
      _ = try CatalogStore(path: path)
      let leases = try await withThrowingTaskGroup(of: [ClosedRange<UInt32>].self) { group in
        for holder in 0..<2 as Range<UInt16> {
          group.addTask {
            let store = try CatalogStore(path: path)
            return try (0..<50).compactMap { _ in
              try store.lease(.tagSet, count: 7, holder: holder)
            }
          }
        }
        return try await group.reduce(into: []) { $0 += $1 }
      }
      #expect(leases.count == 100)
      #expect(Set(leases.flatMap(Array.init)).count == 700)
      #expect(leases.map(\.upperBound).max() == 700)
    }
  }

  @Test func aSpaceEnds() throws {
    try withCatalogFile { path in
      let store = try CatalogStore(path: path)
      let all = Int(NumberSpace.tagSet.largest)
      #expect(try store.lease(.tagSet, count: all - 1, holder: 0)?.upperBound == UInt32(all - 1))
      #expect(try store.lease(.tagSet, count: 100, holder: 0) == UInt32(all)...UInt32(all))
      #expect(try store.lease(.tagSet, count: 1, holder: 0) == nil)
    }
  }

  /// What has no number left is told by its address, and counted.
  @Test func poolThatRunsOutIsToldAndNotFatal() throws {
    var state = CatalogState()
    state.pools = NumberPools(largest: 3)
    #expect(try state.admit(identity: "a", version: "1", protocols: []) == 1)
    state.learn(hostReport("web-1"), agent: 1)
    for pid in 1...10 as ClosedRange<UInt32> {
      state.learn(processReport(pid, "p\(pid)"), agent: 1)
    }
    #expect(state.refusals.resources > 0)
    #expect(state.refusals.processes == 7)
    #expect(state.tagSetNumbers.values.allSatisfy { (1...3).contains($0) })
    #expect(state.resolve(client: end("10.0.0.1", pid: 10), agent: 1).tagSet != 0, "the host's")
  }

  /// A number that was given and not written down was never seen by anybody.
  @Test func serverKilledBetweenGivingAndWritingLosesAndDoublesNothing() throws {
    try withCatalogFile { path in
      var written: [UInt32] = []
      for round in 1...100 as ClosedRange<UInt32> {
        let catalog = try Catalog(path: path)
        try catalog.reserve(10)
        let number = catalog.withState { state in
          state.learn(processReport(round, "p\(round)"), agent: 1)
          return state.tags(of: key(round), agent: 1)?.tagSet ?? 0
        }
        // Every other time it ends here.
        guard round % 2 == 0 else { continue }
        try catalog.commit()
        written.append(number)
      }
      #expect(written == Array(1...50))
      let stored = try Catalog(path: path).tagSets(written)
      #expect(stored.map(\.number) == written)
    }
  }
}

/// A new place for a catalog's file for the length of `body`.
func withCatalogFile<Result>(_ body: (String) throws -> Result) throws -> Result {
  let directory = FileManager.default.temporaryDirectory
    .appendingPathComponent("catalog-\(UInt64.random(in: 0...UInt64.max))")
  try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(at: directory) }
  return try body(directory.appendingPathComponent("catalog.sqlite").path)
}

func withCatalogFile<Result>(_ body: (String) async throws -> Result) async throws -> Result {
  let directory = FileManager.default.temporaryDirectory
    .appendingPathComponent("catalog-\(UInt64.random(in: 0...UInt64.max))")
  try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(at: directory) }
  return try await body(directory.appendingPathComponent("catalog.sqlite").path)
}
