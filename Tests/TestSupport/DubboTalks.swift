// SPDX-License-Identifier: Apache-2.0

package import Protocols

/// Messages of Dubbo; their bodies as ``KafkaTalks/bytes(_:)`` reads them.
package enum DubboTalks {
  package static func request(
    id: UInt8 = 7, flags: UInt8 = 0xc2, _ body: String, _ side: Side = .client
  ) -> Talk {
    message(side, flags, 0, id, KafkaTalks.bytes(body))
  }

  package static func response(
    id: UInt8 = 7, flags: UInt8 = 2, status: UInt8 = 20, _ body: String
  ) -> Talk {
    message(.server, flags, status, id, KafkaTalks.bytes(body))
  }

  package static func message(
    _ side: Side, _ flags: UInt8, _ status: UInt8, _ id: UInt8, _ body: [UInt8]
  ) -> Talk {
    Talk(
      side,
      bytes: [0xda, 0xbb, flags, status, 0, 0, 0, 0, 0, 0, 0, id]
        + KafkaTalks.number(UInt32(body.count)) + body)
  }

  /// The front of a call in Hessian: Dubbo's version, service, its version, method, types.
  package static func head(_ service: String, _ method: String, types: String = "") -> String {
    ["2.0.2", service, "1.0", method, types].map { text($0) }.joined(separator: " ")
  }

  /// A text in Hessian, as a word of digits.
  package static func text(_ text: String) -> String {
    let bytes = Array(text.utf8)
    let count = text.utf16.count
    let head: [UInt8] =
      count < 32 ? [UInt8(count)] : [0x30 + UInt8(count >> 8), UInt8(count & 255)]
    return KafkaTalks.words(head + bytes)
  }
}
