// SPDX-License-Identifier: Apache-2.0

/// One file of the web UI, carried inside the program. The build plugin `EmbedWeb` writes
/// ``WebFile/all`` from `web/`.
package struct WebFile: Sendable {
  /// The path it is served under, from the slash.
  package let path: StaticString
  /// Its Content-Type.
  package let type: StaticString
  /// Bytes of the file.
  package let size: Int
  /// The file as one gzip member (RFC 1952), in base64 (RFC 4648 section 4).
  package let base64: StaticString

  init(path: StaticString, type: StaticString, size: Int, base64: StaticString) {
    self.path = path
    self.type = type
    self.size = size
    self.base64 = base64
  }
}
