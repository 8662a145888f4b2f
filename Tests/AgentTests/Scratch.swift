// SPDX-License-Identifier: Apache-2.0

import Foundation
import Telemetry
import Wire

@testable import Agent

/// A folder of its own for one test, removed with it.
final class Scratch {
  let path: String

  init() throws {
    let url = FileManager.default.temporaryDirectory.appending(path: "metaflow-\(UUID())")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    path = url.path
  }

  deinit {
    try? FileManager.default.removeItem(atPath: path)
  }

  func files() throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: path).filter { $0.hasSuffix(".spool") }
      .sorted().map { "\(path)/\($0)" }
  }

  func change(_ file: String, _ body: (inout Data) -> Void) throws {
    var data = try Data(contentsOf: URL(filePath: file))
    body(&data)
    try data.write(to: URL(filePath: file))
  }
}

/// SplitMix64: the same seed gives the same run on every machine.
struct Seeded: RandomNumberGenerator, Sendable {
  private var state: UInt64

  init(_ seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }
}

/// A batch of `count` calls whose request ids count on from `first`.
func calls(_ count: Int, from first: UInt64) -> RecordBatch {
  var batch = RecordBatch()
  for id in first..<(first + UInt64(count)) {
    var call = CallRecord(
      client: CallEnd(address: IPAddress(v4: 1), port: 1),
      server: CallEnd(address: IPAddress(v4: 2), port: 80), start: Timestamp(seconds: 1),
      end: Timestamp(seconds: 2))
    call.requestID = id
    batch.calls.append(call)
  }
  return batch
}
