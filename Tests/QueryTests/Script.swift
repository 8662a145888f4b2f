// SPDX-License-Identifier: Apache-2.0

import Foundation
import Query
import Storage
import Testing

/// A file of queries and the engine's statements they become: `-- query` and `-- engine` in turn,
/// comments behind `#`. `METAFLOW_UPDATE_SCRIPTS=1` writes the files anew, for a person to review.
struct Script {
  struct Entry {
    var comment: String
    var query: String
    var engine: String
  }

  static let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(
    path: "Scripts")

  let file: URL
  var entries: [Entry] = []

  init(_ name: String) throws {
    file = Self.folder.appending(path: name + ".txt")
    var section = ""
    for line in try String(contentsOf: file, encoding: .utf8).split(
      separator: "\n", omittingEmptySubsequences: false)
    {
      if line.hasPrefix("#") {
        section = "#"
        entries.append(Entry(comment: String(line), query: "", engine: ""))
      } else if line.hasPrefix("-- ") {
        section = String(line.dropFirst(3))
        if section == "query", entries.last?.query.isEmpty != true {
          entries.append(Entry(comment: "", query: "", engine: ""))
        }
      } else if !line.isEmpty, !entries.isEmpty {
        switch section {
        case "query": entries[entries.count - 1].query += line + "\n"
        case "engine": entries[entries.count - 1].engine += line + "\n"
        default: entries[entries.count - 1].comment += "\n" + line
        }
      }
    }
  }

  func write() throws {
    let text = entries.map { entry in
      (entry.comment.isEmpty ? "" : entry.comment + "\n")
        + "-- query\n\(entry.query)-- engine\n\(entry.engine)"
    }
    try text.joined(separator: "\n").write(to: file, atomically: true, encoding: .utf8)
  }

  /// What a query becomes: a statement, broken before each subquery, or an error.
  static func outcome(_ query: String) -> String {
    do throws(QueryError) {
      switch try QueryCompiler.compile(query, now: FixedDirectory.now, directory: FixedDirectory())
      {
      case .select(let plan), .show(let plan):
        return plan.sql.text.split(separator: " FROM (").joined(separator: "\n  FROM (") + "\n"
      case .ready(let answer):
        return answer.rows.map { row in
          row.map { if case .string(let text) = $0 { text } else { "\($0)" } }
            .joined(separator: " | ") + "\n"
        }.joined()
      }
    } catch {
      return "\(error)\n"
    }
  }
}

@Suite struct ScriptTests {
  @Test(arguments: ["rows", "conditions", "groups", "metrics", "network", "time", "show", "errors"])
  func queriesBecomeTheStatements(inFile name: String) throws {
    var script = try Script(name)
    if ProcessInfo.processInfo.environment["METAFLOW_UPDATE_SCRIPTS"] == "1" {
      for index in script.entries.indices {
        script.entries[index].engine = Script.outcome(script.entries[index].query)
      }
      try script.write()
    }
    #expect(!script.entries.isEmpty)
    for entry in script.entries {
      #expect(Script.outcome(entry.query) == entry.engine, "\(entry.query)")
    }
  }
}
