// SPDX-License-Identifier: Apache-2.0

import FoundationEssentials

/// A plugin's file.
package enum PluginFile {
  /// What tells one content from another without reading it.
  package struct Mark: Hashable, Sendable {
    private var size: Int
    private var modified: Date
    private var number: Int

    /// Nil when the file is not there.
    package init?(_ file: String) {
      guard let facts = try? FileManager.default.attributesOfItem(atPath: file),
        let size = facts[.size] as? Int, let modified = facts[.modificationDate] as? Date
      else { return nil }
      self.size = size
      self.modified = modified
      number = facts[.systemFileNumber] as? Int ?? 0
    }
  }

  /// The file's name without its folder and ending.
  package static func stem(_ file: String) -> String {
    let name = file.split(separator: "/").last ?? ""
    return String(name.lastIndex(of: ".").map { name[..<$0] } ?? name)
  }

  package static func read(_ file: String, _ limit: Int) throws(PluginError) -> [UInt8] {
    guard let size = try? FileManager.default.attributesOfItem(atPath: file)[.size] as? Int else {
      throw PluginError("it is not there, or cannot be read")
    }
    guard size <= limit else {
      throw PluginError("it has \(size) bytes; a module may have \(limit)")
    }
    guard let data = FileManager.default.contents(atPath: file) else {
      throw PluginError("it cannot be read")
    }
    return Array(data)
  }
}
