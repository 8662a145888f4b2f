// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

@testable import Protocols

/// Header blocks of other implementations' encoders, which lie beside the repository and are not part of it.
@Suite struct HPACKStoryTests {
  struct Story: CustomTestStringConvertible {
    var path: String
    var testDescription: String { path.split(separator: "/").suffix(2).joined(separator: "/") }

    /// Blocks, and the fields in them.
    func cases() throws -> [(wire: [UInt8], fields: [String])] {
      let data = try Data(contentsOf: URL(filePath: path))
      let object = try JSONSerialization.jsonObject(with: data) as? [String: Any]
      return (object?["cases"] as? [[String: Any]] ?? []).map { one in
        let headers = one["headers"] as? [[String: String]] ?? []
        return (
          bytes(one["wire"] as? String ?? ""),
          headers.flatMap { $0.map { "\($0.key): \($0.value)" } }
        )
      }
    }
  }

  static let stories: [Story] = {
    let root = URL(filePath: #filePath).deletingLastPathComponent()
      .appending(path: "../../../../shared/corpus/hpack").standardizedFileURL
    let walk = FileManager.default.enumerator(atPath: root.path)
    let found = (walk?.compactMap { $0 as? String } ?? []).filter { $0.hasSuffix(".json") }
    if found.isEmpty { print("corpus: no stories of HPACK beside the repository") }
    return found.sorted().map { Story(path: root.appending(path: $0).path) }
  }()

  @Test(arguments: stories) func allFieldsAreRead(story: Story) throws {
    var blocks = Blocks()
    // A larger table than ours loses what is oldest.
    let isLarge = story.path.contains("16384")
    for (number, one) in try story.cases().enumerated() {
      let found = blocks.decode(one.wire)
      #expect(Self.differences(found, one.fields, mayBeUnknown: isLarge) == [], "block \(number)")
    }
  }

  /// Found in the middle, at each block: what is told is right, and what was said before is unknown.
  @Test(arguments: stories) func joinedInTheMiddleNoFieldIsAnother(story: Story) throws {
    let cases = try story.cases()
    var unknown = 0
    for start in stride(from: 1, to: cases.count, by: max(1, cases.count / 4)) {
      var blocks = Blocks(fromTheStart: false)
      for one in cases[start...] {
        let found = blocks.decode(one.wire)
        #expect(Self.differences(found, one.fields, mayBeUnknown: true) == [], "from \(start)")
        unknown += found?.count { $0.hasSuffix(": ?") } ?? 0
      }
    }
    #expect(unknown > 0 || cases.count < 10 || story.path.contains("linear"))
  }

  /// The fields that are not as they were sent.
  private static func differences(
    _ found: [String]?, _ sent: [String], mayBeUnknown: Bool
  ) -> [String] {
    guard let found else { return ["none"] }
    guard found.count == sent.count else { return ["\(found.count) of \(sent.count)"] }
    return zip(found, sent).compactMap { field, sent in
      let name = sent.prefix { $0 != ":" || sent.hasPrefix(":") && $0 == sent.first }
      let isUnknown = field == "?: ?" || field.hasSuffix(": ?") && field.hasPrefix(name)
      return field == sent || mayBeUnknown && isUnknown ? nil : "\(field), not \(sent)"
    }
  }
}
