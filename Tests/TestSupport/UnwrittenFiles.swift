// SPDX-License-Identifier: Apache-2.0

import Foundation
import Glibc

/// The files below `directory` with content that only the kernel's memory has: what a power cut
/// would take. Nil on file systems that do not tell (tmpfs).
///
/// Asks for the extents that have no place on the disk yet (FIEMAP_EXTENT_DELALLOC,
/// Documentation/filesystems/fiemap.rst of Linux).
package func unwrittenFiles(in directory: String) -> [String]? {
  var unwritten: [String] = []
  for name in FileManager.default.enumerator(atPath: directory) ?? .init() {
    guard let name = name as? String else { continue }
    let descriptor = unsafe open(directory + "/" + name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC)
    guard descriptor >= 0 else { continue }
    defer { close(descriptor) }
    var status = stat()
    guard unsafe fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      continue
    }
    guard let isUnwritten = hasDelayedExtent(descriptor) else { return nil }
    if isUnwritten { unwritten.append(name) }
  }
  return unwritten
}

private func hasDelayedExtent(_ descriptor: CInt) -> Bool? {
  let extents = 64
  // struct fiemap: start, length, flags, mapped, capacity, reserved; then 56 bytes an extent, whose
  // flags are at byte 40.
  var map = [UInt32](repeating: 0, count: 8 + extents * 14)
  map[2] = .max
  map[3] = .max
  map[6] = UInt32(extents)
  guard
    unsafe map.withUnsafeMutableBytes({ unsafe ioctl(descriptor, 0xC020_660B, $0.baseAddress!) })
      == 0
  else { return nil }
  return (0..<Int(map[5])).contains { map[8 + $0 * 14 + 10] & 0x4 != 0 }
}
