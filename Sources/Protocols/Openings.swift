// SPDX-License-Identifier: Apache-2.0

/// Which bytes a protocol's conversations can begin with, at each of the first few places: of a request, of
/// an answer, or of whatever else is recognised. Of bytes that begin otherwise the protocol is not asked,
/// so what nobody knows costs the same however many protocols there are.
///
/// On the protocol's own ports it is asked in any case.
package struct Openings: Hashable, Sendable {
  /// Places that are looked at.
  package static let places = 8

  private var sets: [ByteSet] = Array(repeating: .all, count: Openings.places)

  /// Any bytes.
  package init() {}

  /// Only these bytes at `place`, which is less than ``places``.
  package func with(_ bytes: ByteSet, at place: Int) -> Openings {
    var openings = self
    openings.sets[place] = bytes
    return openings
  }

  package func allow(_ byte: UInt8, at place: Int) -> Bool { sets[place].contains(byte) }
}

/// Some of the 256 bytes.
package struct ByteSet: Hashable, Sendable {
  private var words = [UInt64](repeating: 0, count: 4)

  package init(_ bytes: some Sequence<UInt8>) {
    for byte in bytes { words[Int(byte >> 6)] |= 1 << UInt64(byte & 63) }
  }

  /// Those for which `isMember` says so.
  package init(where isMember: (UInt8) -> Bool) {
    self.init((0...255).filter(isMember))
  }

  package static let all = ByteSet(0...255)
  package static let letters = ByteSet { $0 | 0x20 >= 0x61 && $0 | 0x20 <= 0x7a }

  package func contains(_ byte: UInt8) -> Bool {
    words[Int(byte >> 6)] & 1 << UInt64(byte & 63) != 0
  }

  package func union(_ other: ByteSet) -> ByteSet {
    ByteSet { contains($0) || other.contains($0) }
  }
}
