// SPDX-License-Identifier: Apache-2.0

import Foundation
import Kubernetes
import Telemetry

/// What an API server said of one kind of object, as it was recorded.
struct Recording {
  let kind: KubernetesKind
  let list: [UInt8]
  /// Lines with their ends, and the seconds since the recording's start at which they came.
  let lines: [(second: Double, bytes: [UInt8])]

  /// Beside the repository; nil where it is not.
  static let folder: URL? = {
    let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent()
      .appending(path: "shared/corpus/kubernetes")
    return FileManager.default.fileExists(atPath: folder.path) ? folder : nil
  }()

  /// The recording of every kind; empty, and said so, where there is none.
  static func all() throws -> [Recording] {
    guard let folder else {
      print("corpus: it is not beside the repository; no recording is replayed")
      return []
    }
    return try KubernetesKind.allCases.map { try Recording($0, in: folder) }
  }

  init(_ kind: KubernetesKind, in folder: URL) throws {
    self.kind = kind
    list = try Array(Data(contentsOf: folder.appending(path: "\(kind.plural).list.json")))
    let times = try String(
      contentsOf: folder.appending(path: "\(kind.plural).watch.times"), encoding: .utf8
    ).split(separator: "\n").compactMap { Double($0) }
    let text = try Data(contentsOf: folder.appending(path: "\(kind.plural).watch.ndjson"))
    let lines = text.split(separator: UInt8(ascii: "\n")).map { Array($0) + [UInt8(ascii: "\n")] }
    precondition(times.count == lines.count, "\(kind) has a time for each line")
    self.lines = zip(times, lines).map { ($0, $1) }
  }

  /// When the recording began.
  static let start = Timestamp(rfc3339: "2026-11-23T01:19:38Z")!

  static func time(_ second: Double) -> Timestamp {
    start + Int64((second * 1_000_000_000).rounded())
  }
}
