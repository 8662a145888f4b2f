// SPDX-License-Identifier: Apache-2.0

import Protocols

/// Records of FastCGI.
package enum FastCGITalks {
  package static func record(
    _ type: UInt8, id: UInt8 = 1, _ contents: [UInt8], padding: UInt8 = 0
  ) -> [UInt8] {
    [1, type, 0, id, UInt8(contents.count >> 8), UInt8(contents.count & 0xff), padding, 0]
      + contents + [UInt8](repeating: 0, count: Int(padding))
  }

  /// Names and values behind their lengths, of one byte or four.
  package static func pairs(_ pairs: KeyValuePairs<String, String>) -> [UInt8] {
    func length(_ text: String) -> [UInt8] {
      let count = text.utf8.count
      return count < 128
        ? [UInt8(count)]
        : [0x80, UInt8(count >> 16), UInt8(count >> 8 & 0xff), UInt8(count & 0xff)]
    }
    return pairs.flatMap { pair in
      length(pair.key) + length(pair.value) + Array(pair.key.utf8) + Array(pair.value.utf8)
    }
  }

  package static func request(
    id: UInt8 = 1, _ parameters: KeyValuePairs<String, String>, every count: Int = 60_000,
    body: [UInt8] = []
  ) -> Talk {
    let bytes = pairs(parameters)
    let pieces = stride(from: 0, to: bytes.count, by: count).flatMap {
      record(4, id: id, Array(bytes[$0..<min($0 + count, bytes.count)]), padding: 3)
    }
    let front = record(1, id: id, [0, 1, 1, 0, 0, 0, 0, 0]) + pieces + record(4, id: id, [])
    return Talk(
      .client, bytes: front + (body.isEmpty ? [] : record(5, id: id, body)) + record(5, id: id, []))
  }

  package static func response(
    id: UInt8 = 1, _ output: String, status: UInt8 = 0, more: [UInt8] = []
  ) -> Talk {
    Talk(
      .server,
      bytes: record(6, id: id, Array(output.utf8), padding: 1)
        + (more.isEmpty ? [] : record(6, id: id, more)) + record(6, id: id, [])
        + end(id: id, status))
  }

  package static func end(id: UInt8 = 1, _ status: UInt8, application: UInt8 = 0) -> [UInt8] {
    record(3, id: id, [0, 0, 0, application, status, 0, 0, 0])
  }
}
