// SPDX-License-Identifier: Apache-2.0

import Foundation
import Protocols
import Replay
import Telemetry
import TestSupport
import Testing

/// Captures of faults that users of other tools reported, each with the right answer beside it. They lie
/// beside the repository and are not part of it.
@Suite struct ReportTests {
  /// What a capture must give, as the file beside it says.
  struct Expected: Sendable, CustomTestStringConvertible {
    var file: String
    /// JSON: `calls`, each met by a record of its own; `total`; and what `never` may be.
    var line: String

    var testDescription: String { file }
  }

  static let folder = corpusFolder("reports")

  static let expected: [Expected] = {
    guard let folder,
      let text = try? String(contentsOfFile: folder + "/expected.jsonl", encoding: .utf8)
    else {
      print("corpus: reports/expected.jsonl is not beside the repository; nothing is compared")
      return []
    }
    return text.split(separator: "\n").compactMap { line in
      let object = try? JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
      guard let file = object?["file"] as? String else { return nil }
      return Expected(file: file, line: String(line))
    }
  }()

  @Test(arguments: expected) func aReportIsAnsweredRightly(expected: Expected) throws {
    let object = try #require(
      try JSONSerialization.jsonObject(with: Data(expected.line.utf8)) as? [String: Any])
    let wanted = object["calls"] as? [[String: Any]] ?? []
    let never = object["never"] as? [[String: Any]] ?? []
    var left = try Self.lines(of: expected.file, .calls)
    let total = object.keys.contains("total") ? object["total"] as? Int : wanted.count
    var faults: [String] = []
    if let total, total != left.count { faults.append("\(left.count) calls, not \(total)") }
    for call in never where left.contains(where: { Self.meets($0, call) }) {
      faults.append("must not be: \(call)")
    }
    for call in wanted {
      if let index = left.firstIndex(where: { Self.meets($0, call) }) {
        left.remove(at: index)
      } else {
        faults.append("missing: \(call)")
      }
    }
    #expect(faults.isEmpty, "\(faults.prefix(3))")
  }

  /// Whether a record has what is wanted; a text behind `~` is a regular expression.
  private static func meets(_ record: [String: Any], _ wanted: [String: Any]) -> Bool {
    wanted.allSatisfy { key, value in
      let found = record[key].map { "\($0)" }
      if value is NSNull { return found == nil }
      guard let text = value as? String, text.hasPrefix("~") else { return found == "\(value)" }
      return (found ?? "").range(of: text.dropFirst(), options: .regularExpression) != nil
    }
  }

  /// The records of a capture, as `replay` writes them.
  static func lines(of file: String, _ selection: RecordSelection) throws -> [[String: Any]] {
    let path = try #require(folder) + "/" + file
    let replay = Replay(files: [path], protocols: builtInProtocols)
    let text = try written(selection) { sink in
      var progress = ReplayProgress(to: -1)
      _ = try replay.run(into: &sink, progress: &progress)
    }
    return try text.split(separator: "\n").map { line in
      try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any] ?? [:]
    }
  }

  /// A capture of a few packets that show one fault, and what must be told of it.
  struct Made: Sendable, CustomTestStringConvertible {
    /// The beginning of the file's name.
    var file: String
    var selection: RecordSelection
    /// What the records are described by.
    var keys: [String]
    /// What one record is.
    var wanted: String

    var testDescription: String { file }

    init(
      _ file: String, _ wanted: String = "", keys: String..., of selection: RecordSelection = .calls
    ) {
      self.file = file
      self.wanted = wanted
      self.keys = keys
      self.selection = selection
    }
  }

  /// The failed call is the third of five, whose first answer was lost.
  private static func third(_ file: String, _ resource: String) -> Made {
    Made(file, resource, keys: "request_resource")
  }

  private static func first(_ method: String) -> Made {
    Made(
      "first-request-of-a-connection-is-\(method.lowercased())", "\(method) / 200",
      keys: "request_type", "request_resource", "response_code")
  }

  @Test(arguments: [
    third("http-first-answer-lost-handshake-seen", "/3"),
    third("http-first-answer-lost-met-in-its-middle", "/3"),
    third("redis-first-answer-lost-met-in-its-middle", "GET k3"),
    third("mysql-first-answer-lost-handshake-seen", "SELECT a FROM t3"),
    third("postgresql-first-answer-lost-handshake-seen", "SELECT a FROM t3"),
    third("postgresql-first-answer-lost-met-in-its-middle", "SELECT a FROM t3"),
  ])
  func theCallThatFailedIsTold(made: Made) throws {
    guard let failed = try Self.records(made)?.filter({ $0["response_exception"] != nil }) else {
      return
    }
    #expect(Self.describe(failed, made.keys) == [made.wanted])
  }

  @Test(arguments: [
    Made("gre-with-a-key-for-each-direction", "Normal", keys: "close_type", of: .flows),
    Made("the-second-fin-25-s-after", "Normal", keys: "close_type", of: .flows),
    Made(
      "syn-without-an-answer-then-a-syn", "GET /1 200", keys: "request_type", "request_resource",
      "response_code"),
    first("NOTIFY"), first("MERGE"), first("ACL"), first("BAN"), first("FOO"),
    Made("first-request-with-a-blank", "400", keys: "response_code"),
    Made("tls-to-a-plain-port", "400", keys: "response_code"),
    Made(
      "dns-answer-with-the-z-bit", "A x.com 0", keys: "request_type", "request_resource",
      "response_code"),
    Made(
      "dns-what-a-record-of-srv", "SRV=1 2 80 h.x.com TTL=60", keys: "response_result"),
    Made("mdns-a-host-is-not-answered", "Request -", keys: "type", "response_result"),
    Made(
      "redis-client-reply-off", "CLIENT REPLY ON OK", keys: "request_resource", "response_result"),
    Made("mysql-statement-with-8", "SELECT ? FROM t", keys: "request_resource"),
    Made("mysql-statement-with-9", "SELECT ? FROM t", keys: "request_resource"),
    Made("udp-546-to-a-multicast", "10.0.0.1", keys: "ip_0", of: .flows),
  ])
  func whatAFewPacketsSayIsTold(made: Made) throws {
    guard let records = try Self.records(made) else { return }
    let told = Self.describe(records, made.keys)
    #expect(told.contains(made.wanted), "\(told)")
    if made.selection == .flows { #expect(told.count == 1) }
  }

  private static func records(_ made: Made) throws -> [[String: Any]]? {
    guard let folder = corpusFolder("reports/made"),
      let file = try FileManager.default.contentsOfDirectory(atPath: folder)
        .first(where: { $0.hasPrefix(made.file) && $0.hasSuffix(".pcap") })
    else {
      print("corpus: reports/made/\(made.file) is not beside the repository")
      return nil
    }
    return try lines(of: "made/" + file, made.selection)
  }

  private static func describe(_ records: [[String: Any]], _ keys: [String]) -> [String] {
    records.map { record in
      keys.map { key in record[key].map { "\($0)" } ?? "-" }.joined(separator: " ")
    }
  }

  /// What must not be shown is not, and what must be is, wherever it stands.
  @Test func secretsAreHiddenAndContentsShown() throws {
    for (file, shown, hidden) in [
      ("dns-what-a-record-of-txt", ["TXT="], []),
      ("redis-inline-commands", [], ["secret", "text"]),
      ("mysql-com-field-list", ["users"], []),
    ] as [(String, [String], [String])] {
      guard let records = try Self.records(Made(file)) else { continue }
      let text = "\(records)"
      for word in shown { #expect(text.contains(word), "\(file)") }
      for word in hidden { #expect(!text.contains(word), "\(file)") }
    }
  }
}
