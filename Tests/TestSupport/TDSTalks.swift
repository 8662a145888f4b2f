// SPDX-License-Identifier: Apache-2.0

import Protocols

/// Messages of SQL Server, in packets.
package enum TDSTalks {
  package static func packet(
    _ type: UInt8, _ contents: [UInt8], isLast: Bool = true, spid: UInt8 = 0, number: UInt8 = 1
  ) -> [UInt8] {
    let length = contents.count + 8
    return [type, isLast ? 1 : 0, UInt8(length >> 8), UInt8(length & 0xff), 0, spid, number, 0]
      + contents
  }

  /// A message in packets of `size` bytes at most.
  package static func message(_ type: UInt8, _ contents: [UInt8], every size: Int = 4_000)
    -> [UInt8]
  {
    stride(from: 0, to: contents.count, by: size).flatMap { start in
      let end = min(start + size, contents.count)
      return packet(
        type, Array(contents[start..<end]), isLast: end == contents.count, spid: type == 4 ? 53 : 0)
    }
  }

  /// Letters of two bytes.
  package static func wide(_ text: String) -> [UInt8] {
    text.utf16.flatMap { [UInt8($0 & 0xff), UInt8($0 >> 8)] }
  }

  package static let headers = KafkaTalks.bytes("16000000 12000000 0200 0000000000000000 01000000")

  package static func batch(_ sql: String) -> [UInt8] { headers + wide(sql) }

  /// A text of at most 8,000 bytes, as a parameter without a name.
  package static func text(_ text: String) -> [UInt8] {
    let bytes = wide(text)
    let count = [UInt8(bytes.count & 0xff), UInt8(bytes.count >> 8)]
    return [0, 0, 0xe7, 0x40, 0x1f, 9, 4, 0xd0, 0, 0x34] + count + bytes
  }

  /// One of any length, in pieces.
  package static func long(_ text: String) -> [UInt8] {
    let bytes = wide(text)
    let count = Array(KafkaTalks.number(UInt32(bytes.count)).reversed())
    return [0, 0, 0xe7, 0xff, 0xff, 9, 4, 0xd0, 0, 0x34] + count + [0, 0, 0, 0] + count + bytes
      + [0, 0, 0, 0]
  }

  package static let handle: [UInt8] = [0, 1, 0x26, 4, 4, 0, 0, 0, 0]

  package static func call(_ number: UInt8, _ parameters: [UInt8]) -> [UInt8] {
    headers + [0xff, 0xff, number, 0, 0, 0] + parameters
  }

  package static func call(_ name: String, _ parameters: [UInt8] = []) -> [UInt8] {
    headers + [UInt8(name.utf16.count), 0] + wide(name) + [0, 0] + parameters
  }

  package static func done(_ status: UInt8 = 0, rows: UInt8 = 0) -> [UInt8] {
    [0xfd, status, 0, 0xc1, 0, rows, 0, 0, 0, 0, 0, 0, 0]
  }

  package static func error(_ number: UInt32, severity: UInt8 = 16, _ text: String) -> [UInt8] {
    let body =
      Array(KafkaTalks.number(number).reversed()) + [1, severity, UInt8(text.utf16.count), 0]
      + wide(text) + [0, 0, 1, 0, 0, 0]
    return [0xaa, UInt8(body.count & 0xff), UInt8(body.count >> 8)] + body
  }

  /// What nobody walks over: columns, and rows behind them.
  package static func rows(_ count: Int) -> [UInt8] {
    [0x81, 1, 0, 0, 0, 0, 0, 9, 0, 0xe7] + [UInt8](repeating: 0xd1, count: count)
  }
}
