// SPDX-License-Identifier: Apache-2.0

import Protocols
import Telemetry

/// The head of a report: what a worker was doing when it died.
struct CrashReport {
  /// The protocol that was being parsed, by name; nil for none.
  var name: String?
  var extent: Suspension

  /// Reads the lines of a report that the worker's signal handler writes.
  init(_ bytes: [UInt8]) {
    extent = .reading
    // What follows the head are counters and bytes, which say nothing to a program.
    for line in bytes.prefix(4_096).split(separator: UInt8(ascii: "\n")).prefix(8) {
      let words = String(decoding: line, as: UTF8.self).split(separator: " ")
      guard words.count == 2, let number = UInt8(words[1]) else { continue }
      if words[0] == "protocol" {
        name = number > 0 ? Self.name(of: number) : nil
      } else if words[0] == "activity", number == 1 {
        extent = .recognition
      }
    }
    if name == nil { extent = .reading }
  }

  private static func name(of number: UInt8) -> String {
    for parser in builtInProtocols where parser.descriptor.number.rawValue == number {
      return parser.descriptor.name
    }
    return "protocol_\(number)"
  }

  /// The report of a worker that had no time to write one.
  static func bare(version: String, time: Int64, signal: CInt, counters: String) -> [UInt8] {
    Array(
      """
      metaflow-agent crash report 1
      version \(version)
      time \(time)
      signal \(signal)
      protocol 0
      activity 0
      counters
      \(counters)

      """.utf8)
  }
}
