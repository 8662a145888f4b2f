// SPDX-License-Identifier: Apache-2.0

internal import CProbes
internal import Glibc

/// A part of a file that a process has mapped to run code from.
struct FileMapping: Hashable {
  var process: Int32
  var start: UInt64
  var end: UInt64
  /// As the process names it.
  var path: String

  /// Whether it may hold a TLS library: one by itself, or a program that has it built in.
  var mayHoldTLS: Bool {
    guard path.hasPrefix("/") else { return false }
    let name = path[path.index(after: path.lastIndex(of: "/")!)...]
    return name.hasPrefix("libssl") || name.hasPrefix("libgnutls") || !name.contains(".so")
  }

  /// Reads a `PERF_RECORD_MMAP2`; nil for anything else.
  init?(record: [UInt8]) {
    let headBytes = MemoryLayout<mf_mapping_record>.size
    guard record.count > headBytes else { return nil }
    let head = unsafe record.withUnsafeBytes { unsafe $0.loadUnaligned(as: mf_mapping_record.self) }
    guard head.kind == UInt32(MF_RECORD_MAPPING) else { return nil }
    process = Int32(bitPattern: head.process)
    start = head.address
    end = head.address &+ head.length
    path = String(decoding: record[headBytes...].prefix { $0 != 0 }, as: UTF8.self)
  }

  /// Reads a line of `/proc/PID/maps` (proc(5)); nil unless it is of a file that is run.
  init?(line: Substring, process: Int32) {
    let fields = line.split(separator: " ", maxSplits: 5, omittingEmptySubsequences: true)
    guard fields.count == 6, fields[1].dropFirst(2).first == "x" else { return nil }
    // What is left of the line begins with the blanks that put it into a column.
    let name = fields[5].drop { $0 == " " }
    guard name.hasPrefix("/") else { return nil }
    let ends = fields[0].split(separator: "-")
    guard ends.count == 2, let start = UInt64(ends[0], radix: 16),
      let end = UInt64(ends[1], radix: 16)
    else { return nil }
    self.process = process
    self.start = start
    self.end = end
    path = String(name)
  }

  /// What a process runs code from; empty when it is gone or may not be looked at.
  static func all(of process: Int32) -> [FileMapping] {
    guard let text = try? HostFile.text("/proc/\(process)/maps", limit: 1 << 20) else { return [] }
    return text.split(separator: "\n").compactMap { FileMapping(line: $0, process: process) }
  }

  /// Opens the file itself, also when another lies at its path by now, or it is deleted. Negative
  /// when the process is gone, or nobody may.
  func open() -> CInt {
    let range = String(start, radix: 16) + "-" + String(end, radix: 16)
    let mapped = unsafe Glibc.open("/proc/\(process)/map_files/\(range)", O_RDONLY | O_CLOEXEC)
    if mapped >= 0 { return mapped }
    return unsafe Glibc.open("/proc/\(process)/root\(path)", O_RDONLY | O_CLOEXEC)
  }
}

/// A file, whatever it is called and wherever it is seen from.
struct FileIdentity: Hashable {
  var device: UInt64
  var inode: UInt64

  init?(descriptor: CInt) {
    var status = stat()
    guard unsafe fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      return nil
    }
    device = UInt64(status.st_dev)
    inode = UInt64(status.st_ino)
  }

  init?(path: String) {
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    self.init(descriptor: descriptor)
  }
}
