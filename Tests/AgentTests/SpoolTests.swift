// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing
import Wire

@testable import Agent

@Suite struct SpoolTests {
  private func open(_ scratch: Scratch, machine: String = "m", limit: Int = 1 << 20) throws
    -> Spool
  {
    try Spool(directory: scratch.path, machineID: machine, limit: limit)
  }

  /// Every frame behind `sequence`, oldest first.
  private func drain(_ spool: Spool, damaged: inout UInt64) -> [(UInt64, [UInt8])] {
    var frames: [(UInt64, [UInt8])] = []
    var last: UInt64 = 0
    while let next = spool.next(after: last, damaged: &damaged) {
      frames.append(next)
      last = next.sequence
    }
    return frames
  }

  private func fill(_ spool: Spool, count: Int, bytes: Int = 100) throws -> [UInt64] {
    try (0..<count).map { index in
      let sequence = try spool.takeSequence()
      let frame = [UInt8](repeating: UInt8(truncatingIfNeeded: index), count: bytes)
      _ = spool.append(frame, sequence: sequence, records: 10)
      return sequence
    }
  }

  /// A kill is a spool that is never closed in order: what was appended is in the file.
  @Test func anotherRunFindsWhatWasNotAcknowledged() throws {
    let scratch = try Scratch()
    var spool = try open(scratch)
    let identity = spool.identity
    let sequences = try fill(spool, count: 20)
    #expect(spool.removeThrough(sequences[4]) == 50)
    spool = try Self.reopened(&spool, scratch)
    var damaged: UInt64 = 0
    let found = drain(spool, damaged: &damaged)
    #expect(found.suffix(15).map(\.0) == Array(sequences[5...]))
    #expect(found.last?.1 == [UInt8](repeating: 19, count: 100))
    #expect(spool.identity == identity)
    #expect(damaged == 0 && spool.damagedRecords == 0)
    #expect(try spool.takeSequence() > sequences[19])
  }

  private static func reopened(_ spool: inout Spool, _ scratch: Scratch) throws -> Spool {
    // The lock goes with the old owner.
    let empty = try Scratch()
    spool = try Spool(directory: empty.path, machineID: "x", limit: 1 << 20)
    return try Spool(directory: scratch.path, machineID: "m", limit: 1 << 20)
  }

  @Test func sequencesAreNotReusedWhenEverythingWasAcknowledged() throws {
    let scratch = try Scratch()
    var spool = try open(scratch)
    let last = try fill(spool, count: 3)[2]
    _ = spool.removeThrough(last)
    spool = try Self.reopened(&spool, scratch)
    #expect(try spool.takeSequence() > last)
  }

  @Test func twoAgentsCannotShareADirectory() throws {
    let scratch = try Scratch()
    let spool = try open(scratch)
    #expect(throws: SpoolError.self) { _ = try open(scratch) }
    #expect(spool.count == 0)
  }

  @Test func aTornTailCostsOnlyTheLastBatch() throws {
    let scratch = try Scratch()
    var spool = try open(scratch)
    let sequences = try fill(spool, count: 5)
    try scratch.change(scratch.files()[0]) { $0.removeLast(30) }
    spool = try Self.reopened(&spool, scratch)
    var damaged: UInt64 = 0
    #expect(drain(spool, damaged: &damaged).map(\.0) == Array(sequences[..<4]))
    #expect(spool.damagedRecords == 1)
  }

  @Test func aDamagedEntryIsCountedWithItsRecords() throws {
    let scratch = try Scratch()
    var spool = try open(scratch)
    let sequences = try fill(spool, count: 3)
    try scratch.change(scratch.files()[0]) { $0[24 + 20 + 120 + 40] ^= 1 }
    spool = try Self.reopened(&spool, scratch)
    var damaged: UInt64 = 0
    #expect(drain(spool, damaged: &damaged).map(\.0) == [sequences[0], sequences[2]])
    #expect(spool.damagedRecords == 10)
  }

  /// Whatever happened to the files, the agent starts.
  @Test(arguments: UInt64(1)...20) func anyDamageIsSurvived(seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    let scratch = try Scratch()
    var spool = try open(scratch)
    _ = try fill(spool, count: 10)
    for file in try scratch.files() + ["\(scratch.path)/identity"] {
      try scratch.change(file) { data in
        for _ in 0..<5 {
          data[Int(random.next() % UInt64(data.count))] = UInt8(truncatingIfNeeded: random.next())
        }
      }
    }
    spool = try Self.reopened(&spool, scratch)
    var damaged: UInt64 = 0
    #expect(drain(spool, damaged: &damaged).count <= 10, "seed \(seed)")
  }

  /// The server knows this agent by its instance, so losing the file must not lose the name.
  @Test func aLostIdentityIsTakenFromTheBatches() throws {
    let scratch = try Scratch()
    var spool = try open(scratch)
    let identity = spool.identity
    let last = try fill(spool, count: 3)[2]
    try FileManager.default.removeItem(atPath: "\(scratch.path)/identity")
    spool = try Self.reopened(&spool, scratch)
    #expect(spool.identity == identity)
    #expect(spool.count == 3)
    #expect(try spool.takeSequence() > last)
  }

  @Test func aCopiedDiskIsAnotherAgent() throws {
    let scratch = try Scratch()
    var spool = try open(scratch)
    let identity = spool.identity
    _ = try fill(spool, count: 3)
    let empty = try Scratch()
    spool = try Spool(directory: empty.path, machineID: "x", limit: 1 << 20)
    spool = try open(scratch, machine: "another")
    #expect(spool.identity.instance != identity.instance)
    #expect(spool.count == 0)
  }

  @Test func theOldestGoWhenTheBoundIsReached() throws {
    let scratch = try Scratch()
    let spool = try open(scratch, limit: 1 << 20)
    var dropped: UInt64 = 0
    var kept: UInt64 = 0
    for _ in 0..<60 {
      let sequence = try spool.takeSequence()
      let frame = [UInt8](repeating: 7, count: 40_000)
      for lost in spool.append(frame, sequence: sequence, records: 10) {
        #expect(lost.frame == frame)
        dropped += UInt64(lost.records)
      }
      #expect(spool.bytes <= 1 << 20)
    }
    kept = spool.removeThrough(.max)
    #expect(dropped > 0)
    #expect(dropped + kept == 600)
  }

  /// A real full disk: a file system of 256 KiB.
  @Test func aFullDiskKeepsTheNewestInMemory() throws {
    let scratch = try Scratch()
    try Self.mount(["-t", "tmpfs", "-o", "size=256k", "tmpfs", scratch.path])
    defer { try? Self.run("/usr/bin/umount", ["-l", scratch.path]) }
    let spool = try open(scratch, limit: 64 << 20)
    var dropped: UInt64 = 0
    var sequences: [UInt64] = []
    for _ in 0..<300 {
      let sequence = try spool.takeSequence()
      sequences.append(sequence)
      let frame = [UInt8](repeating: 7, count: 40_000)
      for lost in spool.append(frame, sequence: sequence, records: 10) {
        dropped += UInt64(lost.records)
      }
    }
    var damaged: UInt64 = 0
    let found = drain(spool, damaged: &damaged)
    #expect(found.last?.0 == sequences.last)
    #expect(damaged == 0 && dropped > 0)
    #expect(found.count < 300)
    #expect(spool.removeThrough(.max) + dropped == 3_000)
  }

  private static func mount(_ arguments: [String]) throws {
    try run("/usr/bin/mount", arguments)
  }

  private static func run(_ program: String, _ arguments: [String]) throws {
    let process = Process()
    process.executableURL = URL(filePath: program)
    process.arguments = arguments
    try process.run()
    process.waitUntilExit()
    #expect(process.terminationStatus == 0)
  }
}
