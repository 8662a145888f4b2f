// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

@testable import Query

/// Whatever is lost, and in whatever order rows come.
@Suite struct TracePropertyTests {
  /// Edges told, by the calls' numbers, of the trace of each record.
  private func edges(
    _ world: TraceWorld, _ forest: TraceForest, of record: TraceRecord
  ) -> [(child: UInt64, parent: UInt64, confidence: Double)] {
    guard let trace = TraceAssembly.trace(forest, seeds: [record.id], seconds: 0...1) else {
      return []
    }
    return trace.calls.compactMap { call in
      guard let parent = call.parent, let child = world.callOf[call.id],
        let cause = world.callOf[trace.calls[parent].id]
      else { return nil }
      return (child, cause, call.confidence ?? 0)
    }
  }

  @Test(arguments: 1...20 as ClosedRange<UInt64>)
  func whenNothingIsLostEveryRequestIsOneTree(seed: UInt64) throws {
    let world = TraceWorld(seed: seed, requests: 12)
    let forest = TraceForest(world.records.all, origin: 1)
    for root in world.roots {
      let record = try #require(
        world.records.all.first { world.callOf[$0.id] == root && $0.isClientProcess })
      let trace = try #require(
        TraceAssembly.trace(forest, seeds: [record.id], seconds: 0...1))
      let wanted = world.parents.keys.filter { self.root(of: $0, world) == root }
      #expect(Set(trace.calls.compactMap { world.callOf[$0.id] }) == Set(wanted + [root]))
      for edge in edges(world, forest, of: record) {
        #expect(world.parents[edge.child] == edge.parent, "seed \(seed)")
      }
    }
  }

  private func root(of call: UInt64, _ world: TraceWorld) -> UInt64 {
    var here = call
    while let parent = world.parents[here] { here = parent }
    return here
  }

  /// An edge may be missing, never wrong.
  @Test(arguments: 1...30 as ClosedRange<UInt64>)
  func whatIsLostMakesNoEdgeWrong(seed: UInt64) {
    let world = TraceWorld(seed: seed, requests: 12)
    var random = SeededGenerator(seed: seed &* 7_919)
    let share = Double(seed % 6) * 0.1
    let left = world.records.all.filter { _ in Double.random(in: 0..<1, using: &random) >= share }
    let forest = TraceForest(left, origin: 1)
    for record in left {
      for edge in edges(world, forest, of: record) {
        #expect(
          world.parents[edge.child] == edge.parent,
          "seed \(seed): \(edge) should be below \(String(describing: world.parents[edge.child]))")
      }
    }
  }

  @Test(arguments: 1...10 as ClosedRange<UInt64>)
  func theOrderOfRowsDoesNotMatter(seed: UInt64) {
    let world = TraceWorld(seed: seed, requests: 6)
    var random = SeededGenerator(seed: seed)
    let shuffled = world.records.all.shuffled(using: &random)
    for record in world.records.all.prefix(4) {
      let one = TraceAssembly.trace(world.records.all, of: record.id)
      #expect(one == TraceAssembly.trace(shuffled, of: record.id), "seed \(seed)")
    }
  }
}
