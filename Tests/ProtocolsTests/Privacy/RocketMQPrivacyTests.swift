// SPDX-License-Identifier: Apache-2.0

import Protocols
import TestSupport
import Testing

/// Bodies, keys, properties and signatures are in no text; see ``SecretPropertyTests``.
@Suite struct RocketMQPrivacyTests {
  typealias T = RocketMQTalks

  @Test func commands() {
    let mark = SecretPropertyTests.mark
    let properties = "KEYS\\u0001\(mark)\\u0002user\\u0001\(mark)\\u0002"
    SecretPropertyTests().search(
      RocketMQ(),
      [
        T.json(
          .client, code: 310, opaque: 1,
          fields: "\"b\":\"t\",\"Signature\":\"\(mark)\",\"i\":\"\(properties)\"",
          body: Array(mark.utf8))
      ])
    let pull = T.json(.client, code: 11, opaque: 1)
    let message = T.stored(
      topic: "t", properties: "KEYS\u{1}\(mark)\u{2}a\u{1}\(mark)\u{2}", body: mark)
    SecretPropertyTests().search(
      RocketMQ(), [pull, T.binary(.server, code: 0, opaque: 1, flag: 1, body: message)])
    SecretPropertyTests().search(
      RocketMQ(), [pull, T.json(.server, code: 1, opaque: 1, flag: 1, remark: "no '\(mark)'")])
  }
}
