// SPDX-License-Identifier: Apache-2.0

import Capture
import Glibc

/// The file calls of the spool, each whole or failed.
enum SpoolFile {
  static func open(_ path: String, _ flags: CInt) throws(SystemError) -> CInt {
    let descriptor = unsafe Glibc.open(path, flags | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw last("opening a file of the spool") }
    return descriptor
  }

  static func write(_ bytes: [UInt8], to descriptor: CInt, at offset: Int) throws(SystemError) {
    var done = 0
    while done < bytes.count {
      let count = unsafe bytes.withUnsafeBytes { buffer in
        unsafe pwrite(
          descriptor, buffer.baseAddress! + done, bytes.count - done, off_t(offset + done))
      }
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else { throw last("writing to the spool") }
      done += count
    }
  }

  /// Up to `count` bytes from `offset`; fewer at the end of the file.
  static func read(
    _ descriptor: CInt, at offset: Int, count: Int
  ) throws(SystemError) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    var done = 0
    while done < count {
      let got = unsafe bytes.withUnsafeMutableBytes { buffer in
        unsafe pread(descriptor, buffer.baseAddress! + done, count - done, off_t(offset + done))
      }
      if got < 0 && errno == EINTR { continue }
      guard got >= 0 else { throw last("reading the spool") }
      if got == 0 { break }
      done += got
    }
    bytes.removeLast(count - done)
    return bytes
  }

  /// The whole of a file of at most `limit` bytes; nil when it is not there.
  static func contents(_ path: String, limit: Int) throws(SystemError) -> [UInt8]? {
    let descriptor = unsafe Glibc.open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else {
      if errno == ENOENT { return nil }
      throw last("opening a file of the spool")
    }
    defer { close(descriptor) }
    return try read(descriptor, at: 0, count: min(limit, size(descriptor)))
  }

  static func size(_ descriptor: CInt) -> Int {
    let end = lseek(descriptor, 0, SEEK_END)
    return max(0, Int(end))
  }

  /// Replaces a file so that a crash leaves the old or the new one, and syncs it.
  static func replace(_ path: String, in directory: String, with bytes: [UInt8])
    throws(SystemError)
  {
    let temporary = path + ".new"
    let descriptor = try open(temporary, O_WRONLY | O_CREAT | O_TRUNC)
    do {
      defer { close(descriptor) }
      try write(bytes, to: descriptor, at: 0)
      guard fsync(descriptor) == 0 else { throw last("syncing the spool's identity") }
    }
    guard unsafe rename(temporary, path) == 0 else { throw last("replacing the spool's identity") }
    let folder = try open(directory, O_RDONLY | O_DIRECTORY)
    defer { close(folder) }
    guard fsync(folder) == 0 else { throw last("syncing the spool's directory") }
  }

  /// Makes the directory and those above it.
  static func makeDirectory(_ path: String) throws(SystemError) {
    var made = path.hasPrefix("/") ? "" : "."
    for part in path.split(separator: "/") {
      made += "/" + part
      if unsafe mkdir(made, 0o700) != 0 && errno != EEXIST {
        throw last("making the spool's directory")
      }
    }
  }

  static func names(in directory: String) throws(SystemError) -> [String] {
    guard let folder = unsafe opendir(directory) else { throw last("listing the spool") }
    defer { unsafe closedir(folder) }
    var names: [String] = []
    while let entry = unsafe readdir(folder) {
      let name = unsafe withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
        unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
      }
      names.append(name)
    }
    return names.sorted()
  }

  static func last(_ during: StaticString) -> SystemError {
    SystemError(code: errno, during: during)
  }
}
