// SPDX-License-Identifier: Apache-2.0

import Bytes

/// Counts the messages of one direction of a stream: a byte of flags, a length of four, and so many bytes of
/// which none is looked at.
struct GRPCWalk: Sendable {
  /// Messages that have begun.
  private(set) var count: UInt32 = 0
  /// Bytes of the message under way that are to come.
  private var rest: UInt32 = 0
  /// Bytes of the next one's head that were seen, and its length as far as that goes.
  private var head: UInt8 = 0
  private var flags: UInt8 = 0
  private var length: UInt32 = 0
  /// Whether nobody knows any more where messages begin.
  private(set) var isLost = false
  /// Where the fields behind the messages of gRPC-Web lie in the bytes that were walked over last; empty when
  /// they do not, or not all of them.
  private(set) var trailers = Place()

  mutating func lose() { isLost = true }

  /// Whether the next `count` bytes say nothing that is counted.
  func isInside(_ count: Int) -> Bool { isLost || count <= Int(rest) }

  /// Moves over `count` bytes of which ``isInside(_:)`` is true.
  mutating func skip(_ count: Int) {
    if !isLost { rest -= UInt32(truncatingIfNeeded: count) }
  }

  /// Moves over the bytes between two places; how many messages begin there.
  mutating func advance(_ bytes: Span<UInt8>, _ range: Range<Int>) -> UInt32 {
    guard !isLost else { return 0 }
    let before = count
    trailers = Place()
    var position = range.lowerBound
    while position < range.upperBound {
      if rest > 0 {
        let step = min(Int(rest), range.upperBound - position)
        rest -= UInt32(truncatingIfNeeded: step)
        position += step
        continue
      }
      // A flag that is none: these are no messages.
      if head == 0 {
        flags = bytes[position]
        guard flags & 0x7c == 0 else {
          isLost = true
          break
        }
      } else {
        length = length << 8 | UInt32(bytes[position])
      }
      head += 1
      position += 1
      guard head == 5 else { continue }
      // What is said behind the messages is none (gRPC-Web, Connect).
      if flags & 0x82 == 0 { count &+= 1 }
      if flags & 0x81 == 0x80, Int(length) <= range.upperBound - position {
        trailers = Place(start: position, end: position + Int(length))
      }
      rest = length
      head = 0
      length = 0
    }
    return count &- before
  }
}

/// The fields behind the messages of gRPC-Web: lines as in HTTP/1.
struct GRPCTrailers {
  private(set) var status: Int32?
  private(set) var message = Place()

  init(_ bytes: Span<UInt8>, at place: Place) {
    var line = place.range.lowerBound
    while line < place.range.upperBound {
      let end = bytes.firstIndex(of: 0x0a, from: line, to: place.range.upperBound)
      take(bytes, line..<(end ?? place.range.upperBound))
      line = (end ?? place.range.upperBound) + 1
    }
  }

  private mutating func take(_ bytes: Span<UInt8>, _ line: Range<Int>) {
    var length = 0
    guard
      let name = HeaderName(bytes, from: line.lowerBound, to: line.upperBound, length: &length)
    else { return }
    var start = line.lowerBound + length + 1
    var end = line.upperBound
    while start < end, bytes[start] == 0x20 { start += 1 }
    while start < end, bytes[end - 1] <= 0x20 { end -= 1 }
    if name == HeaderName("grpc-message") { message = Place(start: start, end: end) }
    guard name == HeaderName("grpc-status"), start < end, end - start <= 3 else { return }
    var number: Int32 = 0
    for index in start..<end {
      guard bytes[index] &- 0x30 < 10 else { return }
      number = number * 10 + Int32(bytes[index] - 0x30)
    }
    status = number
  }
}
