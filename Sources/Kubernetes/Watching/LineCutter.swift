// SPDX-License-Identifier: Apache-2.0

internal import Bytes

/// Cuts a stream that arrives in pieces of any size into lines.
struct LineCutter {
  private var buffer: [UInt8] = []
  /// Up to where lines were taken, and up to where there is no line's end.
  private var start = 0
  private var searched = 0
  private let limit: Int

  /// - Parameter limit: bytes that a line may have.
  init(limit: Int) {
    self.limit = limit
  }

  /// Whether more bytes wait for their line's end than a line may have.
  var isOverfull: Bool { buffer.count - start > limit }

  /// Whether everything that came was lines.
  var isEmpty: Bool { buffer.count == start }

  mutating func append(_ chunk: Span<UInt8>) {
    if start > 0 {
      buffer.removeFirst(start)
      searched -= start
      start = 0
    }
    buffer.reserveCapacity(buffer.count + chunk.count)
    for index in chunk.indices { buffer.append(chunk[index]) }
  }

  /// The next whole line that is not empty, without its end.
  mutating func next() -> [UInt8]? {
    while let end = buffer.span.firstIndex(
      of: UInt8(ascii: "\n"), from: searched, to: buffer.count)
    {
      let line = buffer[start..<end]
      start = end + 1
      searched = start
      if !line.isEmpty { return Array(line) }
    }
    searched = buffer.count
    return nil
  }

  mutating func removeAll() {
    buffer = []
    start = 0
    searched = 0
  }
}
