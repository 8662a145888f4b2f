// SPDX-License-Identifier: Apache-2.0

/// The cyclic redundancy check of zlib and gzip (RFC 1952 section 8), eight bytes a step.
package enum CRC32 {
  private static let tables: [UInt32] = {
    var tables = Array(repeating: UInt32(0), count: 8 * 256)
    for index in 0..<256 {
      var value = UInt32(index)
      for _ in 0..<8 { value = value & 1 == 0 ? value >> 1 : value >> 1 ^ 0xedb8_8320 }
      tables[index] = value
    }
    for index in 256..<(8 * 256) {
      let previous = tables[index - 256]
      tables[index] = previous >> 8 ^ tables[Int(previous & 0xff)]
    }
    return tables
  }()

  /// The check of `bytes`, going on from that of the bytes before them.
  package static func checksum(_ bytes: Span<UInt8>, after previous: UInt32 = 0) -> UInt32 {
    let tables = tables.span
    var value = ~previous
    var index = 0
    while index + 8 <= bytes.count {
      var low = UInt32(0)
      for byte in 0..<4 { low |= UInt32(bytes[index + byte]) << UInt32(byte * 8) }
      low ^= value
      value =
        tables[1792 + Int(low & 0xff)] ^ tables[1536 + Int(low >> 8 & 0xff)]
        ^ tables[1280 + Int(low >> 16 & 0xff)] ^ tables[1024 + Int(low >> 24)]
        ^ tables[768 + Int(bytes[index + 4])] ^ tables[512 + Int(bytes[index + 5])]
        ^ tables[256 + Int(bytes[index + 6])] ^ tables[Int(bytes[index + 7])]
      index += 8
    }
    while index < bytes.count {
      value = value >> 8 ^ tables[Int((value ^ UInt32(bytes[index])) & 0xff)]
      index += 1
    }
    return ~value
  }
}
