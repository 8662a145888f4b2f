// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

/// The style that formatters cannot see, as tests.
@Suite struct TidyTests {
  private static let code = [".swift", ".c", ".h"]

  /// A file that outgrows this is two subjects.
  @Test func noSourceFileIsLongerThan500Lines() throws {
    for file in try Repository.checkout.files(ending: Self.code) {
      #expect(file.lines.count <= 501, "\(file.path) has \(file.lines.count) lines; split it")
    }
  }

  @Test func noFunctionIsLongerThan70Lines() throws {
    for file in try Repository.checkout.files(ending: [".swift"]) {
      for function in longFunctions(in: file, limit: 70) {
        Issue.record("\(file.path):\(function.line) has \(function.length) lines; split it")
      }
    }
  }

  @Test func everySourceFileNamesItsLicence() throws {
    for file in try Repository.checkout.files(ending: Self.code) {
      let head = file.lines.prefix(2).joined(separator: "\n")
      #expect(head.contains("SPDX-License-Identifier: "), "\(file.path) lacks its SPDX line")
    }
  }

  /// Drawers for things without a place hide the place they should have.
  @Test func noDrawers() throws {
    let drawers: Set = [
      "common", "core", "utils", "helpers", "models", "shared", "extras", "misc", "types", "util",
    ]
    for path in try Repository.checkout.listing() {
      for part in path.split(separator: "/") {
        let stem = part.split(separator: ".").first.map { $0.lowercased() } ?? ""
        #expect(!drawers.contains(stem), "\(path): name '\(part)' after what it holds")
      }
    }
  }

  @Test func noPlansInComments() throws {
    let words = ["TO" + "DO", "FIX" + "ME", "XX" + "X:", "HA" + "CK:"]
    for file in try Repository.checkout.files(ending: Self.code + [".md", ".js", ".css", ".html"]) {
      for word in words where file.text.contains(word) {
        Issue.record("\(file.path) contains \(word): do it, or write an issue")
      }
    }
  }

  /// A program that is handed a borrowed or shared value must not lie about it to the compiler.
  @Test func noUncheckedConcurrency() throws {
    let words = ["@unchecked " + "Sendable", "nonisolated" + "(unsafe)"]
    for file in try Repository.checkout.files(ending: [".swift"]) {
      for word in words where file.text.contains(word) {
        Issue.record("\(file.path) contains \(word)")
      }
    }
  }

  /// The pure middle reads no clock, file or socket; importing none of these keeps it so.
  @Test func thePureTargetsImportNothingThatDoesInputOrOutput() throws {
    let pure = ["Bytes", "Telemetry", "Protocols", "Flows", "Wire", "Kubernetes"]
    let banned = ["Foundation", "FoundationEssentials", "Glibc", "Dispatch", "NIOCore", "Logging"]
    for file in try Repository.checkout.files(ending: [".swift"]) {
      guard pure.contains(where: { file.path.hasPrefix("Sources/\($0)/") }) else { continue }
      for line in file.lines where line.contains("import ") {
        for module in banned where line.hasSuffix("import \(module)") {
          Issue.record("\(file.path) imports \(module)")
        }
      }
    }
  }

  /// A range that was read from bytes, or found in another view, may lie outside of this one: only
  /// `clipped` takes it, which no number can end.
  @Test func noViewIsCutByARangeThatMayLieOutsideOfIt() throws {
    let safe = ["first: ", "last: ", "droppingFirst: ", "droppingLast: "]
    for file in try Repository.checkout.files(ending: [".swift"]) {
      guard file.path.hasPrefix("Sources/"), !file.path.hasPrefix("Sources/Bytes/") else {
        continue
      }
      for piece in file.text.split(separator: "extracting(", omittingEmptySubsequences: false)
        .dropFirst()
      {
        let argument = piece.drop { $0.isWhitespace }
        #expect(
          safe.contains { argument.hasPrefix($0) },
          "\(file.path) cuts by \(argument.prefix(20)): use clipped")
      }
    }
  }

  /// What was downloaded or built is fetched or built again, never committed.
  @Test func noLargeOrBinaryFiles() throws {
    let endings = [".o", ".so", ".a", ".whl", ".pcap", ".pcapng", ".zip", ".gz", ".zst", ".wasm"]
    for path in try Repository.checkout.listing() {
      #expect(!endings.contains { path.hasSuffix($0) }, "\(path) is a build product or download")
      let url = Repository.checkout.root.appending(path: path)
      let size = try? FileManager.default.attributesOfItem(atPath: url.path)[.size] as? Int
      #expect((size ?? 0) < 300_000, "\(path) has \(size ?? 0) bytes")
    }
  }

  private struct Function {
    var line: Int
    var length: Int
  }

  /// Functions by indentation: from the line that declares one to the brace that closes it.
  private func longFunctions(in file: Repository.File, limit: Int) -> [Function] {
    var found: [Function] = []
    let lines = file.lines
    for (index, line) in lines.enumerated() {
      let body = line.drop { $0 == " " }
      guard isFunction(body) else { continue }
      let indent = line.count - body.count
      let closing = String(repeating: " ", count: indent) + "}"
      guard let end = lines[index...].firstIndex(where: { $0 == closing }) else { continue }
      if end - index + 1 > limit {
        found.append(Function(line: index + 1, length: end - index + 1))
      }
    }
    return found
  }

  private func isFunction(_ line: Substring) -> Bool {
    let words = line.split(separator: " ")
    guard line.hasSuffix("{") || line.hasSuffix("(") else { return false }
    return words.prefix(5).contains("func") || words.first?.hasPrefix("init") == true
  }
}
