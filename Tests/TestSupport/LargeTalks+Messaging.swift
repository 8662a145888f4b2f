// SPDX-License-Identifier: Apache-2.0

import Protocols

/// Brokers and queues.
extension LargeTalks {
  static let messaging = mqtt + nats + amqp + rocketMQ

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

  // MARK: AMQP

  private static let amqp: [LargeTalks] = [
    amqp("body", calls: 4) { size in
      let publish = AMQPTalks.method(.client, 60, 40, [0, 0, 1, 97, 1, 98, 0])
      let body = AMQPTalks.content(.client, text(size))
      return [Talk(.client, bytes: publish.bytes + body.bytes)]
    },
    amqp("arguments") { size in
      let arguments = [0, 0, 1, 97, 0] + [UInt8](repeating: 0x62, count: size)
      return [AMQPTalks.method(.client, 50, 20, arguments), AMQPTalks.method(.server, 50, 21)]
    },
    amqp("headers", calls: 4) { size in
      let publish = AMQPTalks.method(.client, 60, 40, [0, 0, 1, 97, 1, 98, 0])
      let table = [1, 97, 0x53] + AMQPTalks.number(UInt64(size), 4) + Array(text(size).utf8)
      let properties = [0x20, 0] + AMQPTalks.number(UInt64(table.count), 4) + table
      let body = AMQPTalks.content(.client, properties: properties, "a")
      return [Talk(.client, bytes: publish.bytes + body.bytes)]
    },
  ]

  /// What is published has no answer; a question more makes up for it.
  private static func amqp(
    _ part: String, calls: Int = 3, _ exchange: @escaping @Sendable (Int) -> [Talk]
  ) -> LargeTalks {
    let ask = [AMQPTalks.declare("a"), AMQPTalks.declareOK("a")]
    return LargeTalks(kind: AMQP(), port: 5_672, part: part, calls: calls) {
      let talks = exchange($0)
      return ask + talks + (talks.count == 1 ? ask : []) + ask
    }
  }

  // MARK: RocketMQ

  private static let rocketMQ: [LargeTalks] = [
    rocketMQ("body") { size in
      [
        RocketMQTalks.json(
          .client, code: 310, opaque: 9, fields: "\"b\":\"t\"",
          body: [UInt8](repeating: 0x61, count: size)),
        RocketMQTalks.json(.server, code: 0, opaque: 9, flag: 1),
      ]
    },
    rocketMQ("messages") { size in
      [
        RocketMQTalks.binary(.client, code: 11, opaque: 9),
        RocketMQTalks.binary(
          .server, code: 0, opaque: 9, flag: 1,
          body: RocketMQTalks.stored(topic: "t", properties: "", body: text(size))),
      ]
    },
  ]

  private static func rocketMQ(
    _ part: String, _ exchange: @escaping @Sendable (Int) -> [Talk]
  ) -> LargeTalks {
    let beat = [
      RocketMQTalks.json(.client, code: 34, opaque: 1),
      RocketMQTalks.json(.server, code: 0, opaque: 1, flag: 1),
    ]
    return LargeTalks(kind: RocketMQ(), port: 10_911, part: part) { beat + exchange($0) + beat }
  }
}
