// SPDX-License-Identifier: Apache-2.0

import Foundation

/// What a table remembers of the inserts that it had, to know one that comes again: the engine's files
/// (MergeTreeDeduplicationLog.cpp), read when it opens the table. A line has an operation, the name of
/// the part that the insert became, and the insert's name.
struct InsertMemory {
  let folder: String

  init(ofTableAt path: String) {
    folder = path + "/deduplication_logs"
  }

  /// Takes over what another table remembers. The engine must not have this one open.
  ///
  /// With a part the engine forgets the inserts in it, by the numbers of the blocks that it is made
  /// of. Those of another table mean nothing here, and a part of this one that goes would take any of
  /// them along: so they get a number that no part has.
  func replace(with other: InsertMemory) throws {
    let files = FileManager.default
    var lines = ""
    for name in try other.files() {
      let text = try String(contentsOfFile: other.folder + "/" + name, encoding: .utf8)
      for line in text.split(separator: "\n") {
        lines += Self.moved(line) + "\n"
      }
    }
    if files.fileExists(atPath: folder) { try files.removeItem(atPath: folder) }
    try files.createDirectory(atPath: folder, withIntermediateDirectories: false)
    try Data(lines.utf8).write(to: URL(filePath: folder + "/deduplication_log_1.txt"))
  }

  /// `1 1790000400_5_5_0 1790000400_4214_3587` as of a part with a large number.
  static func moved(_ line: Substring) -> String {
    var fields = line.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
    guard fields.count == 3 else { return String(line) }
    let partition = fields[1].split(separator: "_").dropLast(3).joined(separator: "_")
    fields[1] = partition + "_999999999_999999999_0"
    return fields.joined(separator: "\t")
  }

  /// The names of the files, oldest first.
  private func files() throws -> [String] {
    guard FileManager.default.fileExists(atPath: folder) else { return [] }
    func number(_ name: String) -> Int { Int(name.filter(\.isNumber)) ?? 0 }
    return try FileManager.default.contentsOfDirectory(atPath: folder)
      .filter { $0.hasPrefix("deduplication_log_") }
      .sorted { number($0) < number($1) }
  }
}
