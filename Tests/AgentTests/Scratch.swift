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
