// SPDX-License-Identifier: Apache-2.0

import Protocols

/// Brokers and queues.
extension LargeTalks {
  static let messaging = mqtt + nats

  // MARK: MQTT

  private static let mqtt: [LargeTalks] = [
    mqtt("payload") {
      [
        MQTTTalks.publish(.client, "a", qos: 1, id: 9, payload: text($0)),
        MQTTTalks.identified(.server, 0x40, id: 9),
      ]
    },
    mqtt("topic") {
      [
        MQTTTalks.publish(.client, text(min($0, 65_500)), qos: 1, id: 9),
        MQTTTalks.identified(.server, 0x40, id: 9),
      ]
    },
    mqtt("filters") {
      let filters = Array(repeating: MQTTTalks.text("abc") + [0], count: $0 / 6).flatMap { $0 }
      return [
        MQTTTalks.identified(.client, 0x82, id: 9, filters),
        MQTTTalks.identified(.server, 0x90, id: 9, [UInt8](repeating: 0, count: $0 / 6)),
      ]
    },
  ]

  private static func mqtt(
    _ part: String, _ exchange: @escaping @Sendable (Int) -> [Talk]
  ) -> LargeTalks {
    let ping = [MQTTTalks.packet(.client, 0xc0, []), MQTTTalks.packet(.server, 0xd0, [])]
    return LargeTalks(kind: MQTT(), port: 1_883, part: part) { ping + exchange($0) + ping }
  }

  // MARK: NATS

  private static let nats: [LargeTalks] = [
    nats("payload") { ("PUB a _INBOX.1 \($0)\r\n\(text($0))\r\n", "MSG _INBOX.1 1 2\r\nhi\r\n") },
    nats("subject") {
      ("PUB \(text($0)) _INBOX.1 2\r\nhi\r\n", "MSG _INBOX.1 1 2\r\nhi\r\n")
    },
    nats("headers") {
      let headers = "NATS/1.0\r\nA: \(text($0))\r\n\r\n"
      let count = headers.utf8.count
      return (
        "HPUB a _INBOX.1 \(count) \(count)\r\n\(headers)\r\n",
        "MSG _INBOX.1 1 \($0)\r\n\(text($0))\r\n"
      )
    },
  ]

  private static func nats(
    _ part: String, _ exchange: @escaping @Sendable (Int) -> (String, String)
  ) -> LargeTalks {
    let ping = [Talk(.client, "PING\r\n"), Talk(.server, "PONG\r\n")]
    return LargeTalks(kind: NATS(), port: 4_222, part: part) {
      let (request, response) = exchange($0)
      return ping + [Talk(.client, request), Talk(.server, response)] + ping
    }
  }
}
