// SPDX-License-Identifier: Apache-2.0

import Bytes
import Testing

/// RFC 3720 and zlib's own test string.
@Suite struct CRC32Tests {
  @Test(arguments: [("", 0), ("a", 0xe8b7_be43), ("123456789", 0xcbf4_3926)] as [(String, UInt32)])
  func knownValues(text: String, expected: UInt32) {
    #expect(CRC32.checksum(Array(text.utf8).span) == expected)
  }

  @Test func partsGiveTheWhole() {
    let bytes = (0..<100).map { UInt8($0) }
    for cut in 0...100 {
      let (front, back) = (Array(bytes[..<cut]), Array(bytes[cut...]))
      let parts = CRC32.checksum(back.span, after: CRC32.checksum(front.span))
      #expect(parts == CRC32.checksum(bytes.span))
    }
  }
}
