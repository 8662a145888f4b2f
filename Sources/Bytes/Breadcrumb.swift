// SPDX-License-Identifier: Apache-2.0

/// Where a thread leaves word of what it is about to parse, for whoever finds the process dead.
///
/// Five words of memory that belong to the thread and outlive it: the address and the count of the
/// bytes, the protocol's number with the activity above it, and the address and the count of a pattern
/// that ends the process when it is read, mostly none. Leaving word is three stores.
@usableFromInline package struct Breadcrumb: Hashable, Sendable {
  @usableFromInline package enum Activity: UInt, Hashable, Sendable {
    /// The protocol is asked whether the bytes are its own.
    case recognising = 1
    /// Its parser reads them.
    case reading = 2
  }

  /// 0 where nobody looks.
  @usableFromInline let address: UInt

  /// Nobody looks.
  package init() { address = 0 }

  /// - Parameter address: of the five words, aligned, for good.
  package init(at address: UInt) { self.address = address }

  /// These bytes, which stay where they are until ``leave()``, are given to a protocol.
  @inlinable @inline(__always)
  package func enter(_ activity: Activity, protocol number: UInt8, _ bytes: Span<UInt8>) {
    guard let words = unsafe UnsafeMutablePointer<UInt>(bitPattern: address) else { return }
    unsafe bytes.withUnsafeBufferPointer { buffer in
      unsafe words[0] = UInt(bitPattern: buffer.baseAddress)
      unsafe words[1] = UInt(bitPattern: buffer.count)
    }
    unsafe words[2] = activity.rawValue << 8 | UInt(number)
    // Only where they are read: so that it can be seen that what is found is no more read.
    if unsafe words[4] != 0, activity == .reading { endIfFound(in: bytes) }
  }

  /// They were given back.
  @inlinable @inline(__always)
  package func leave() {
    guard let words = unsafe UnsafeMutablePointer<UInt>(bitPattern: address) else { return }
    unsafe words[2] = 0
  }

  /// Ends the process when the pattern is among the bytes.
  @usableFromInline @inline(never)
  func endIfFound(in bytes: Span<UInt8>) {
    guard let words = unsafe UnsafeMutablePointer<UInt>(bitPattern: address),
      let start = unsafe UnsafePointer<UInt8>(bitPattern: words[3])
    else { return }
    let pattern = unsafe UnsafeBufferPointer(start: start, count: Int(bitPattern: words[4]))
    guard bytes.count >= pattern.count else { return }
    for first in 0...(bytes.count - pattern.count) {
      var same = 0
      while same < pattern.count, unsafe bytes[first + same] == pattern[same] { same += 1 }
      if same == pattern.count { fatalError("the bytes of --crash-test were read") }
    }
  }
}
