// SPDX-License-Identifier: Apache-2.0

import Foundation
import Glibc

/// A file that stands while the store may hold rows that are not on the disk yet. It names the boot
/// of the machine, which tells a dead machine from a dead server at the next start.
struct BootMark: Sendable {
  private let path: String

  init(directory: String) {
    path = directory + "/boot"
  }

  /// The kernel's name of this boot (random(4)).
  static func current() throws(JournalError) -> String {
    let path = "/proc/sys/kernel/random/boot_id"
    guard let text = try? String(contentsOfFile: path, encoding: .utf8) else {
      throw JournalError(code: errno, during: "reading \(path)")
    }
    return String(text.prefix { !$0.isNewline })
  }

  /// Whether the machine went down while a server was at work.
  func machineDied(since boot: String) -> Bool {
    guard let bytes = FileManager.default.contents(atPath: path) else { return false }
    return String(decoding: bytes, as: UTF8.self) != boot
  }

  /// The mark is on the disk when this returns.
  func write(_ boot: String) throws(JournalError) {
    _ = try JournalFile(creating: path, content: Array(boot.utf8))
  }

  /// A mark that cannot be removed makes the next start too careful, which costs nothing but time.
  func remove() { unsafe unlink(path) }
}
