// SPDX-License-Identifier: Apache-2.0

internal import CProbes
internal import Glibc

/// An open network namespace. It lives for as long as this does, so hold it briefly.
struct NetworkNamespace: ~Copyable {
  let descriptor: CInt
  /// What tells it from others.
  let inode: UInt32

  /// - Parameter path: `/proc/PID/ns/net`, or a file it is bound to.
  init(path: String) throws(SystemError) {
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw SystemError.last("opening a network namespace") }
    self.init(descriptor: descriptor)
  }

  /// The namespace that a socket was opened in.
  init(of socket: CInt) throws(SystemError) {
    let descriptor = mf_namespace_of_socket(socket)
    guard descriptor >= 0 else { throw SystemError.last("opening a socket's network namespace") }
    self.init(descriptor: descriptor)
  }

  private init(descriptor: CInt) {
    var status = stat()
    unsafe fstat(descriptor, &status)
    self.descriptor = descriptor
    inode = UInt32(truncatingIfNeeded: status.st_ino)
  }

  /// The namespace of the calling thread.
  static func current() throws(SystemError) -> NetworkNamespace {
    try NetworkNamespace(path: "/proc/thread-self/ns/net")
  }

  deinit { close(descriptor) }

  /// Moves the calling thread into it. The number is CLONE_NEWNET, so that it can be nothing else.
  func enter() throws(SystemError) {
    guard mf_enter_namespace(descriptor, 0x4000_0000) == 0 else {
      throw SystemError.last("entering a network namespace")
    }
  }

  /// A way to a namespace that was found.
  struct Place: Hashable {
    var inode: UInt32
    var path: String
  }

  /// The namespaces of all processes and of `ip netns`, each once, in the order of their inodes.
  ///
  /// Costs a system call a process. Namespaces of processes that may not be looked at are not found.
  static func findAll(limit: Int) -> [Place] {
    var found: [UInt32: String] = [:]
    var own = stat()
    guard unsafe stat("/proc/thread-self/ns/net", &own) == 0 else { return [] }
    for name in Directory.names("/proc") where name.utf8.first.map({ $0 - 48 < 10 }) == true {
      note("/proc/\(name)/ns/net", on: own.st_dev, in: &found, limit: limit)
    }
    for name in Directory.names("/run/netns") {
      note("/run/netns/\(name)", on: own.st_dev, in: &found, limit: limit)
    }
    return found.map { Place(inode: $0.key, path: $0.value) }.sorted { $0.inode < $1.inode }
  }

  /// - Parameter device: the file system of namespaces; a file left behind by a gone one is on another.
  private static func note(
    _ path: String, on device: dev_t, in found: inout [UInt32: String], limit: Int
  ) {
    var status = stat()
    guard unsafe stat(path, &status) == 0, status.st_dev == device else { return }
    let inode = UInt32(truncatingIfNeeded: status.st_ino)
    if found[inode] == nil, found.count < limit { found[inode] = path }
  }
}

/// Reads folders.
enum Directory {
  /// The names in a folder without `.` and `..`; none when it cannot be read.
  static func names(_ path: String) -> [String] {
    guard let folder = unsafe opendir(path) else { return [] }
    defer { unsafe closedir(folder) }
    var names: [String] = []
    while let entry = unsafe readdir(folder) {
      let name = unsafe withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
        unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
      }
      if name != "." && name != ".." { names.append(name) }
    }
    return names
  }
}
