// SPDX-License-Identifier: Apache-2.0

import Protocols
import TestSupport
import Testing

/// Credentials, bodies and headers are in no text; see ``SecretPropertyTests``.
@Suite struct AMQPPrivacyTests {
  typealias T = AMQPTalks

  @Test func frames() {
    let mark = SecretPropertyTests.mark
    let response = [0, 0, 0, 0] + T.text("PLAIN") + T.number(10, 4) + Array("\0a\(mark)".utf8)
    SecretPropertyTests().search(AMQP(), [T.method(.client, 10, 11, channel: 0, response)])
    let table = T.text("token") + [UInt8(ascii: "S")] + T.number(8, 4) + Array(mark.utf8)
    let properties = [0x20, 0x18] + T.number(UInt64(table.count), 4) + table + T.text(mark)
    let publish = T.method(.client, 60, 40, [0, 0] + T.text("e") + T.text("k") + [0])
    SecretPropertyTests().search(
      AMQP(), [publish, T.content(.client, properties: properties, mark)])
    SecretPropertyTests().search(
      AMQP(),
      [Talk(.client, bytes: publish.bytes + T.content(.client, properties: properties, mark).bytes)]
    )
    SecretPropertyTests().search(AMQP(), [T.close(403, "ACCESS_REFUSED password=\(mark)")])
  }
}
