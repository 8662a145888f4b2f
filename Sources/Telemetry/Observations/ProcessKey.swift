// SPDX-License-Identifier: Apache-2.0

/// One run of one process on one host: a pid alone is reused, a pid with its start time is not.
@usableFromInline package struct ProcessKey: Hashable, Sendable, BitwiseCopyable {
  /// Thread group id in the host's pid namespace; 0 when not known.
  @usableFromInline package var pid: UInt32
  /// Milliseconds from host boot to the start of the process (`task_struct.start_boottime`),
  /// rounded down to 10 ms, because /proc tells no finer; 0 when not known.
  @usableFromInline package var startedAfterBoot: UInt64

  @inlinable @inline(__always)
  package init(pid: UInt32, startedAfterBoot: UInt64) {
    self.pid = pid
    self.startedAfterBoot = startedAfterBoot
  }

  package static let unknown = ProcessKey(pid: 0, startedAfterBoot: 0)
}

/// A thread's name as the kernel keeps it (`task_struct.comm`): up to 15 bytes, zero padded.
@usableFromInline package struct ThreadName: Hashable, Sendable, BitwiseCopyable {
  /// Bytes 0 to 7, in memory order of a little-endian load.
  @usableFromInline package var first: UInt64
  /// Bytes 8 to 15, likewise.
  @usableFromInline package var second: UInt64

  @inlinable @inline(__always)
  package init(first: UInt64, second: UInt64) {
    self.first = first
    self.second = second
  }

  package static let empty = ThreadName(first: 0, second: 0)

  /// The first 16 bytes of `text`, zero padded.
  package init(_ text: String) {
    var words: (UInt64, UInt64) = (0, 0)
    for (index, byte) in text.utf8.prefix(15).enumerated() {
      if index < 8 {
        words.0 |= UInt64(byte) << UInt64(index * 8)
      } else {
        words.1 |= UInt64(byte) << UInt64((index - 8) * 8)
      }
    }
    (first, second) = words
  }
}

extension ThreadName: CustomStringConvertible {
  /// The bytes before the first zero, repaired where they are not UTF-8.
  @usableFromInline
  package var description: String {
    var bytes: [UInt8] = []
    for index in 0..<16 {
      let word = index < 8 ? first : second
      let byte = UInt8(truncatingIfNeeded: word >> UInt64(index % 8 * 8))
      if byte == 0 { break }
      bytes.append(byte)
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}
