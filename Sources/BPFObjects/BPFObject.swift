// SPDX-License-Identifier: Apache-2.0

/// One compiled probe of `bpf/`, carried inside the program.
///
/// The build plugin compiles each `bpf/<name>.bpf.c` and writes `BPFObject.<name>`. The object is
/// kept as base64 in a static string because that is what the compiler takes in no time; it is
/// decoded once, when the probe is loaded.
package struct BPFObject: Sendable {
  /// The file's name without its ending, for people and for the kernel's program list.
  package let name: StaticString
  private let base64: StaticString

  package init(name: StaticString, base64: StaticString) {
    self.name = name
    self.base64 = base64
  }

  /// The ELF file.
  package var bytes: [UInt8] {
    base64.withUTF8Buffer { text in unsafe Self.decode(text.span) }
  }

  /// Decodes RFC 4648 section 4 text; what is not of the alphabet (the padding) adds nothing.
  static func decode(_ text: Span<UInt8>) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(text.count / 4 * 3)
    var bits: UInt32 = 0
    var count = 0
    for index in text.indices {
      guard let value = value(of: text[index]) else { continue }
      bits = bits << 6 | UInt32(value)
      count += 6
      if count >= 8 {
        count -= 8
        bytes.append(UInt8(truncatingIfNeeded: bits >> UInt32(count)))
      }
    }
    return bytes
  }

  private static func value(of letter: UInt8) -> UInt8? {
    switch letter {
    case UInt8(ascii: "A")...UInt8(ascii: "Z"): letter - UInt8(ascii: "A")
    case UInt8(ascii: "a")...UInt8(ascii: "z"): letter - UInt8(ascii: "a") + 26
    case UInt8(ascii: "0")...UInt8(ascii: "9"): letter - UInt8(ascii: "0") + 52
    case UInt8(ascii: "+"): 62
    case UInt8(ascii: "/"): 63
    default: nil
    }
  }
}
