// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation

/// A call as a replay wrote it.
struct PluginCall {
  let fields: [String: String]
  private let line: Data

  init(_ line: Data) throws {
    self.line = line
    fields = try PluginExpectations.flat(line)
  }

  /// What is expected when nothing else was written: whatever a plugin can tell.
  var written: String {
    let shown = [
      "l7_protocol", "type", "version", "request_type", "request_domain", "request_resource",
      "endpoint", "request_id", "response_status", "response_code", "response_exception",
      "response_result", "trace_id",
    ]
    let names =
      shown.filter { fields[$0] != nil }
      + fields.keys.filter {
        $0.hasPrefix("attribute.")
      }.sorted()
    let members = names.map { "\(Self.quoted($0)): \(fields[$0] ?? "null")" }
    return "{" + members.joined(separator: ", ") + "}"
  }

  private static func quoted(_ text: String) -> String {
    let data = try? JSONSerialization.data(withJSONObject: text, options: .fragmentsAllowed)
    return data.map { String(decoding: $0, as: UTF8.self) } ?? "\"\""
  }
}

/// The calls that a capture is to give, in order.
struct PluginExpectations {
  private let lines: [(number: Int, fields: [String: String])]

  init(_ text: String, _ path: String) throws {
    var lines: [(number: Int, fields: [String: String])] = []
    for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated()
    where !line.allSatisfy(\.isWhitespace) {
      do {
        lines.append((index + 1, try Self.flat(Data(line.utf8))))
      } catch {
        complain("\(path):\(index + 1) is no JSON object of plain values")
        throw ExitCode(65)
      }
    }
    self.lines = lines
  }

  /// The members of an object, as JSON; those of its attributes by `attribute.NAME`.
  static func flat(_ line: Data) throws -> [String: String] {
    let object = try JSONSerialization.jsonObject(with: line) as? [String: Any] ?? [:]
    var fields: [String: String] = [:]
    for (name, value) in object where !["attribute_names", "attribute_values"].contains(name) {
      fields[name] = try text(value)
    }
    let names = object["attribute_names"] as? [String] ?? []
    let values = object["attribute_values"] as? [String] ?? []
    for (name, value) in zip(names, values) { fields["attribute." + name] = try text(value) }
    return fields
  }

  private static func text(_ value: Any) throws -> String {
    let data = try JSONSerialization.data(
      withJSONObject: value, options: [.fragmentsAllowed, .sortedKeys, .withoutEscapingSlashes])
    return String(decoding: data, as: UTF8.self)
  }

  /// A line for each thing that is not as expected.
  func differences(from calls: [PluginCall]) -> [String] {
    var found: [String] = []
    for (index, expected) in lines.enumerated() {
      guard index < calls.count else {
        found.append("line \(expected.number): there is no such call")
        continue
      }
      for (name, value) in expected.fields.sorted(by: { $0.key < $1.key }) {
        let actual = calls[index].fields[name] ?? "null"
        if actual != value {
          found.append("line \(expected.number): \(name) is \(actual), expected \(value)")
        }
      }
    }
    if calls.count > lines.count {
      found.append("\(calls.count - lines.count) more calls than expected")
    }
    return found
  }
}
