// SPDX-License-Identifier: Apache-2.0

import Foundation

/// Which rows of a segment the store did not take: what stands beside a segment in `refused`, so that
/// they, and no others, can be stored when the store takes them.
struct RefusedPieces: Hashable, Sendable, Codable {
  /// When the segment's rows were made, in nanoseconds: which of them a table keeps hangs on it.
  var time: Int64
  /// Chunk, table, and which half of which half of its rows: `0-flow_log.l7_flow_log/b/a`.
  var pieces: [String]

  /// One of the pieces, taken apart.
  struct Piece: Hashable, Sendable {
    var name: String
    var chunk: Int
    var table: String
    private var halves: [Substring]

    /// Nil for what is no name of a piece.
    init?(_ name: String) {
      let parts = name.split(separator: "/")
      guard let first = parts.first, let dash = first.firstIndex(of: "-"),
        let chunk = Int(first[..<dash]), parts.dropFirst().allSatisfy({ $0 == "a" || $0 == "b" })
      else { return nil }
      self.name = name
      self.chunk = chunk
      table = String(first[first.index(after: dash)...])
      halves = Array(parts.dropFirst())
    }

    /// Its rows among `count`.
    func range(of count: Int) -> Range<Int> {
      halves.reduce(0..<count) { range, half in
        let middle = range.lowerBound + range.count / 2
        return half == "a" ? range.lowerBound..<middle : middle..<range.upperBound
      }
    }
  }
}

/// The folder `refused` of a journal.
struct RefusedFolder: Sendable {
  private let directory: JournalDirectory

  init(_ directory: JournalDirectory) {
    self.directory = directory
  }

  /// A segment that can be tried again, and what of it is to be stored.
  struct Entry: Sendable {
    var number: UInt64
    var pieces: RefusedPieces
  }

  private var path: String { directory.path + "/refused" }

  private func list(_ number: UInt64) -> String {
    (directory.path(of: number, in: path) as NSString).deletingPathExtension + ".pieces"
  }

  /// Those that say what is to be stored, oldest first. What else lies there is for people.
  func entries() -> [Entry] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
    return names.filter { $0.hasSuffix(".segment") }
      .compactMap { UInt64($0.dropLast(".segment".count)) }.sorted()
      .compactMap { number in
        guard let bytes = FileManager.default.contents(atPath: list(number)),
          let pieces = try? JSONDecoder().decode(RefusedPieces.self, from: bytes)
        else { return nil }
        return Entry(number: number, pieces: pieces)
      }
  }

  func read(_ number: UInt64) throws(JournalError) -> [UInt8] {
    try directory.read(path: directory.path(of: number, in: path))
  }

  /// Writes down what is not stored yet.
  func write(_ pieces: RefusedPieces, of number: UInt64) throws(JournalError) {
    try? FileManager.default.createDirectory(
      atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    let content: [UInt8]
    do {
      content = Array(try JSONEncoder().encode(pieces))
    } catch {
      throw JournalError(code: 0, during: "writing down what was refused: \(error)")
    }
    _ = try JournalFile(creating: list(number), content: content)
  }

  /// Forgets a segment of which everything is stored now.
  func remove(_ number: UInt64) {
    // In this order: without its list a segment is left alone.
    for file in [list(number), directory.path(of: number, in: path)] { unsafe unlink(file) }
  }
}
