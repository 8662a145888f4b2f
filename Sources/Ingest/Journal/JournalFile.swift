// SPDX-License-Identifier: Apache-2.0

import Foundation
import Glibc

/// What the file system refused, and when.
package struct JournalError: Error, Hashable, CustomStringConvertible {
  /// `errno`; 0 when the fault is in the content.
  package var code: CInt
  package var during: String

  package init(code: CInt, during: String) {
    self.code = code
    self.during = during
  }

  package var isDiskFull: Bool { code == ENOSPC || code == EDQUOT }

  package var description: String {
    guard code != 0 else { return during }
    return "\(during): \(unsafe String(cString: strerror(code)))"
  }
}

/// A file that is appended to, closed when its owner goes away.
struct JournalFile: ~Copyable {
  private let descriptor: CInt
  /// Bytes that were appended whole.
  private(set) var length: Int

  /// Makes a file with `content`, which stands under `path` whole or not at all, whatever happens.
  init(creating path: String, content: [UInt8]) throws(JournalError) {
    let temporary = path + ".new"
    descriptor = unsafe open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
    length = 0
    guard descriptor >= 0 else {
      throw JournalError(code: errno, during: "creating \(temporary)")
    }
    try append(content)
    try synchronize()
    guard unsafe rename(temporary, path) == 0 else {
      throw JournalError(code: errno, during: "renaming \(temporary)")
    }
    try Self.synchronizeDirectory(of: path)
  }

  deinit { _ = close(descriptor) }

  /// Appends all of `bytes`, or leaves the file as it was.
  mutating func append(_ bytes: [UInt8]) throws(JournalError) {
    var written = 0
    while written < bytes.count {
      let count = unsafe bytes.withUnsafeBytes { buffer in
        guard let base = buffer.baseAddress else { return 0 }
        return unsafe write(descriptor, base + written, buffer.count - written)
      }
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else {
        let code = count < 0 ? errno : EIO
        cutBack()
        throw JournalError(code: code, during: "writing \(bytes.count) bytes to the journal")
      }
      written += count
    }
    length += bytes.count
  }

  /// Takes the last `count` bytes back, after they could not be made durable.
  mutating func retract(_ count: Int) {
    length -= count
    cutBack()
  }

  /// Waits until what was appended is on the disk.
  func synchronize() throws(JournalError) {
    guard fdatasync(descriptor) == 0 else {
      throw JournalError(code: errno, during: "synchronizing the journal")
    }
  }

  private func cutBack() {
    // Bytes that stay behind are no harm: readers stop at, or pass over, a damaged entry.
    _ = ftruncate(descriptor, off_t(length))
    _ = lseek(descriptor, off_t(length), SEEK_SET)
  }

  static func synchronizeDirectory(of path: String) throws(JournalError) {
    let directory = (path as NSString).deletingLastPathComponent
    let descriptor = unsafe open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { throw JournalError(code: errno, during: "opening \(directory)") }
    defer { _ = close(descriptor) }
    guard fsync(descriptor) == 0 else {
      throw JournalError(code: errno, during: "synchronizing \(directory)")
    }
  }
}

/// The right to use a directory, which one process has at a time and which ends with it.
struct DirectoryLock: ~Copyable {
  private let descriptor: CInt

  init(_ directory: String) throws(JournalError) {
    let path = directory + "/lock"
    descriptor = unsafe open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw JournalError(code: errno, during: "opening \(path)") }
    guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
      let code = errno
      _ = close(descriptor)
      throw JournalError(
        code: code, during: "locking \(path) (does another server use this data directory?)")
    }
  }

  deinit {
    // Closing alone leaves the lock with a child that was forked and has not reached its exec yet.
    _ = flock(descriptor, LOCK_UN)
    _ = close(descriptor)
  }
}

/// The segment files of one journal directory.
struct JournalDirectory: Sendable {
  let path: String

  /// Makes the directory when there is none.
  init(_ path: String) throws(JournalError) {
    self.path = path
    do {
      try FileManager.default.createDirectory(
        atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    } catch {
      throw JournalError(code: 0, during: "making the directory \(path): \(error)")
    }
  }

  func path(of segment: UInt64) -> String { path(of: segment, in: path) }

  func path(of segment: UInt64, in path: String) -> String {
    let digits = String(segment)
    return path + "/" + String(repeating: "0", count: max(0, 20 - digits.count)) + digits
      + ".segment"
  }

  /// The numbers of the segments, ascending.
  func segments() throws(JournalError) -> [UInt64] {
    do {
      return try FileManager.default.contentsOfDirectory(atPath: path).compactMap { name in
        name.hasSuffix(".segment") ? UInt64(name.dropLast(".segment".count)) : nil
      }.sorted()
    } catch {
      throw JournalError(code: 0, during: "listing \(path): \(error)")
    }
  }

  func read(_ segment: UInt64) throws(JournalError) -> [UInt8] {
    try read(path: path(of: segment))
  }

  func read(path: String) throws(JournalError) -> [UInt8] {
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw JournalError(code: errno, during: "opening \(path)") }
    defer { _ = close(descriptor) }
    var bytes: [UInt8] = []
    var chunk = Array(repeating: UInt8(0), count: 1 << 18)
    while true {
      let count = unsafe chunk.withUnsafeMutableBytes {
        unsafe Glibc.read(descriptor, $0.baseAddress, $0.count)
      }
      if count < 0 && errno == EINTR { continue }
      guard count >= 0 else { throw JournalError(code: errno, during: "reading \(path)") }
      guard count > 0 else { return bytes }
      bytes.append(contentsOf: chunk[..<count])
    }
  }

  func size(of segment: UInt64) -> Int {
    let attributes = try? FileManager.default.attributesOfItem(atPath: path(of: segment))
    return attributes?[.size] as? Int ?? 0
  }

  func delete(_ segment: UInt64) throws(JournalError) {
    let path = path(of: segment)
    guard unsafe unlink(path) == 0 || errno == ENOENT else {
      throw JournalError(code: errno, during: "deleting \(path)")
    }
  }

  /// Puts a segment that cannot be stored where nobody looks but a person.
  func setAside(_ segment: UInt64) throws(JournalError) {
    let target = path + "/refused"
    try? FileManager.default.createDirectory(
      atPath: target, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    let source = path(of: segment)
    let name = (source as NSString).lastPathComponent
    guard unsafe rename(source, target + "/" + name) == 0 || errno == ENOENT else {
      throw JournalError(code: errno, during: "moving \(source) to \(target)")
    }
  }
}
