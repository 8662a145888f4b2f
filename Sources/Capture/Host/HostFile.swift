// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// Reads the kernel's small text files: /proc, /sys, /etc.
enum HostFile {
  /// The first `limit` bytes of a file. Files of /proc tell no size, so it is read to its end.
  static func bytes(_ path: String, limit: Int = 65_536) throws(SystemError) -> [UInt8] {
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw SystemError.last("opening a file of the host") }
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    var parcel = [UInt8](repeating: 0, count: min(limit, 4_096))
    while bytes.count < limit {
      let wanted = min(parcel.count, limit - bytes.count)
      let count = unsafe read(descriptor, &parcel, wanted)
      if count < 0 && errno == EINTR { continue }
      guard count >= 0 else { throw SystemError.last("reading a file of the host") }
      if count == 0 { break }
      bytes.append(contentsOf: parcel[..<count])
    }
    return bytes
  }

  /// The same as text, repaired where it is not UTF-8.
  static func text(_ path: String, limit: Int = 65_536) throws(SystemError) -> String {
    String(decoding: try bytes(path, limit: limit), as: UTF8.self)
  }

  /// Where a symbolic link points; nil when it cannot be read.
  static func link(_ path: String) -> String? {
    var bytes = [UInt8](repeating: 0, count: 4_096)
    let capacity = bytes.count
    let count = unsafe bytes.withUnsafeMutableBytes { buffer in
      unsafe readlink(path, buffer.baseAddress!.assumingMemoryBound(to: CChar.self), capacity)
    }
    guard count > 0 else { return nil }
    return String(decoding: bytes[..<count], as: UTF8.self)
  }

  /// The names in a folder; nil, and errno, when it cannot be listed.
  static func names(in path: String) -> [String]? {
    guard let folder = unsafe opendir(path) else { return nil }
    defer { unsafe closedir(folder) }
    var names: [String] = []
    while let entry = unsafe readdir(folder) {
      names.append(
        unsafe withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
          unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        })
    }
    return names
  }

  /// Names the calling thread, which has the name of the one that started it.
  static func nameThread(_ name: String) {
    let file = unsafe open("/proc/thread-self/comm", O_WRONLY | O_CLOEXEC)
    guard file >= 0 else { return }
    _ = unsafe write(file, name, name.utf8.count)
    close(file)
  }
}
