// SPDX-License-Identifier: Apache-2.0

package import Protocols

/// Frames of AMQP 0-9-1.
package enum AMQPTalks {
  package static func frame(
    _ side: Side, _ type: UInt8, channel: UInt16 = 1, _ payload: [UInt8]
  ) -> Talk {
    Talk(
      side,
      bytes: [type] + number(UInt64(channel), 2) + number(UInt64(payload.count), 4) + payload
        + [0xce])
  }

  /// A method; `arguments` stand behind its two numbers.
  package static func method(
    _ side: Side, _ classNumber: UInt16, _ method: UInt16, channel: UInt16 = 1,
    _ arguments: [UInt8] = []
  ) -> Talk {
    frame(
      side, 1, channel: channel,
      number(UInt64(classNumber), 2) + number(UInt64(method), 2) + arguments)
  }

  /// The header and the body of a message; `properties` are flags and what they announce.
  package static func content(
    _ side: Side, channel: UInt16 = 1, properties: [UInt8] = [0, 0], _ body: String
  ) -> Talk {
    let header = frame(
      side, 2, channel: channel,
      [0, 60, 0, 0] + number(UInt64(body.utf8.count), 8) + properties)
    let rest = body.isEmpty ? [] : frame(side, 3, channel: channel, Array(body.utf8)).bytes
    return Talk(side, bytes: header.bytes + rest)
  }

  package static func text(_ text: String) -> [UInt8] {
    [UInt8(text.utf8.count)] + Array(text.utf8)
  }

  package static func number(_ value: UInt64, _ size: Int) -> [UInt8] {
    (0..<size).reversed().map { UInt8(truncatingIfNeeded: value >> ($0 * 8)) }
  }

  /// What a broker says that closes a channel.
  package static func close(_ code: UInt16, _ reason: String, channel: UInt16 = 1) -> Talk {
    method(
      .server, 20, 40, channel: channel, number(UInt64(code), 2) + text(reason) + [0, 50, 0, 10])
  }

  package static func declare(_ queue: String, channel: UInt16 = 1, flags: UInt8 = 0) -> Talk {
    method(.client, 50, 10, channel: channel, [0, 0] + text(queue) + [flags, 0, 0, 0, 0])
  }

  package static func declareOK(_ queue: String, channel: UInt16 = 1) -> Talk {
    method(.server, 50, 11, channel: channel, text(queue) + [0, 0, 0, 0, 0, 0, 0, 0])
  }
}
