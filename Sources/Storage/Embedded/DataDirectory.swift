// SPDX-License-Identifier: Apache-2.0

import Foundation
import Glibc

/// The directory that one server and its engine keep everything in, locked for as long as the value
/// lives.
///
///     metaflow-store      marks the directory as ours: the layout's version
///     lock                held by the server; its process id
///     engine.xml          the engine's configuration, written at every start
///     engine/             the engine's files
///     tmp/                the engine's temporary files
///     log/                what the engine says, bounded
///     ballast             room that is given up when the disk is full, so that it can be emptied
final class DataDirectory: Sendable {
  let path: String
  private let lock: Int32

  /// Opens, and creates where nothing is.
  ///
  /// - Throws: ``StorageError/directoryInUse(path:processID:)`` when another server has it,
  ///   ``StorageError/directoryUnusable(path:reason:)`` when it holds something else, cannot be
  ///   written, or was laid out by a newer version. Nothing is changed then.
  init(_ path: String) throws(StorageError) {
    self.path = URL(fileURLWithPath: path).standardizedFileURL.path
    try Self.makeDirectory(self.path)
    try Self.checkContents(self.path)
    lock = try Self.takeLock(self.path)
    do {
      try Self.write(Self.mark, to: self.path + "/metaflow-store")
      for name in ["engine", "tmp", "log"] { try Self.makeDirectory(self.path + "/" + name) }
    } catch {
      close(lock)
      throw error
    }
  }

  deinit { close(lock) }

  /// Lets another server have the directory. Nothing may be written to it afterwards.
  func release() { flock(lock, LOCK_UN) }

  private static let mark = "metaflow-store 1\n"

  func file(_ name: String) -> String { path + "/" + name }

  /// Writes a file that only we may read, whole or not at all.
  func write(_ text: String, to name: String) throws(StorageError) {
    try Self.write(text, to: file(name))
  }

  /// Waits until everything in the directory is on the disk; takes as long as the disk takes, for
  /// what others left to write on the same file system as well.
  func synchronize() throws(StorageError) {
    guard syncfs(lock) == 0 else {
      throw .unavailable("\(path) cannot be synchronized (\(errorText(errno)))")
    }
  }

  /// Takes 16 MiB of the disk out of everybody's reach, as far as there is room.
  func loadBallast() {
    let descriptor = unsafe open(file("ballast"), O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { return }
    if posix_fallocate(descriptor, 0, 16 << 20) != 0 { ftruncate(descriptor, 0) }
    close(descriptor)
  }

  /// Gives the room back.
  func dropBallast() { unsafe unlink(file("ballast")) }

  private static func makeDirectory(_ path: String) throws(StorageError) {
    do {
      try FileManager.default.createDirectory(
        atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    } catch {
      throw .directoryUnusable(path: path, reason: "it cannot be created (\(reason(error)))")
    }
  }

  /// A new directory is empty; ours has the mark. Anything else belongs to somebody.
  private static func checkContents(_ path: String) throws(StorageError) {
    let names: [String]
    do {
      names = try FileManager.default.contentsOfDirectory(atPath: path)
    } catch {
      throw .directoryUnusable(path: path, reason: "it cannot be read (\(reason(error)))")
    }
    // A start that was cut short can leave the lock alone.
    if names.allSatisfy({ $0 == "lock" || $0 == "lost+found" }) { return }
    guard names.contains("metaflow-store") else {
      throw .directoryUnusable(
        path: path, reason: "it is not empty and no MetaFlow store; give an empty --data-dir")
    }
    guard let found = FileManager.default.contents(atPath: path + "/metaflow-store") else {
      throw .directoryUnusable(path: path, reason: "metaflow-store in it cannot be read")
    }
    let text = String(decoding: found.prefix(64), as: UTF8.self)
    guard text != mark else { return }
    let version =
      text.hasPrefix("metaflow-store ") ? Int(text.dropFirst(15).prefix { $0.isNumber }) : nil
    if let version, version > 1 {
      throw .directoryUnusable(
        path: path, reason: "a newer MetaFlow laid it out (version \(version), this one knows 1)")
    }
    throw .directoryUnusable(path: path, reason: "its file metaflow-store is damaged")
  }

  /// The kernel gives the lock back when the process ends, however it ends. No child inherits it.
  private static func takeLock(_ path: String) throws(StorageError) -> Int32 {
    let file = path + "/lock"
    let descriptor = unsafe open(file, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else {
      throw .directoryUnusable(path: path, reason: "it cannot be written (\(errorText(errno)))")
    }
    guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
      let holder = FileManager.default.contents(atPath: file) ?? Data()
      close(descriptor)
      throw .directoryInUse(
        path: path,
        processID: Int32(String(decoding: holder, as: UTF8.self).prefix { $0.isNumber }) ?? 0)
    }
    let text = Array("\(getpid())\n".utf8)
    ftruncate(descriptor, 0)
    guard unsafe Glibc.write(descriptor, text, text.count) == text.count else {
      let code = errno
      close(descriptor)
      throw refusal(path, code)
    }
    return descriptor
  }

  private static func refusal(_ path: String, _ code: Int32) -> StorageError {
    code == ENOSPC
      ? .diskFull("\(path) cannot be written.")
      : .directoryUnusable(path: path, reason: "it cannot be written (\(errorText(code)))")
  }

  private static func write(_ text: String, to path: String) throws(StorageError) {
    let temporary = path + ".new"
    let descriptor = unsafe open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw refusal(path, errno) }
    let bytes = Array(text.utf8)
    let isWritten =
      unsafe Glibc.write(descriptor, bytes, bytes.count) == bytes.count && fsync(descriptor) == 0
    let code = errno
    close(descriptor)
    guard isWritten else { throw refusal(path, code) }
    guard unsafe rename(temporary, path) == 0 else { throw refusal(path, errno) }
  }

  private static func reason(_ error: any Error) -> String {
    (error as NSError).localizedDescription
  }
}

/// syncfs(2); the Glibc module leaves out what is not POSIX.
@_silgen_name("syncfs") private func syncfs(_ descriptor: CInt) -> CInt
