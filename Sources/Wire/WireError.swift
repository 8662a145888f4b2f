// SPDX-License-Identifier: Apache-2.0

/// Why bytes are not a frame, or a frame cannot be made.
///
/// After one of these the stream has no place to go on from: the connection is to be closed.
package struct WireError: Error, Hashable {
  package enum Fault: UInt8, Hashable, Sendable {
    /// More bytes, or more rows, than ``WireLimits`` allows.
    case oversized
    /// The frame ends before what it announces.
    case truncated
    /// The bytes are not what the layout demands.
    case malformed
    /// A frame version or encoding that this build does not know.
    case unsupported
    /// The compressed payload does not decompress to what it announces.
    case compression
  }

  package var fault: Fault
  /// Bytes from the start of the frame's body (after decompression), or of the frame when the
  /// fault is in its head.
  package var offset: Int
  package var expected: StaticString

  package init(_ fault: Fault, at offset: Int, expected: StaticString) {
    self.fault = fault
    self.offset = offset
    self.expected = expected
  }

  package static func == (a: Self, b: Self) -> Bool {
    a.fault == b.fault && a.offset == b.offset && a.expected.description == b.expected.description
  }

  package func hash(into hasher: inout Hasher) {
    hasher.combine(fault)
    hasher.combine(offset)
    hasher.combine(expected.description)
  }
}

extension WireError: CustomStringConvertible {
  package var description: String {
    "\(fault) frame at byte \(offset): expected \(expected)"
  }
}
