// SPDX-License-Identifier: Apache-2.0

import Protocols
import Telemetry
import TestSupport

/// Brokers and queues.
extension Language {
  static let messaging = [mqtt, nats, amqp, rocketMQ]

  /// What went wrong is told by a number that stands for the id, which is told, too.
  private static let mqtt = Language(
    kind: MQTT(), port: 1_883,
    request: {
      MQTTTalks.identified(
        .client, 0x82, id: UInt16($0 + 1), MQTTTalks.text("t/\($0)") + [0]
      ).bytes
    },
    response: { MQTTTalks.identified(.server, 0x90, id: UInt16($0 + 1), [0]).bytes },
    numbers: {
      let topic = number(behind: "t/", $1.string($0.texts.requestResource))
      return (topic, $0.responseCode == nil ? nil : $0.requestID.map { Int($0) - 1 })
    })

  /// The status of an answer carries the number.
  private static let nats = Language(
    kind: NATS(), port: 4_222,
    request: { Array("PUB t/\($0) _INBOX.\($0) 2\r\nhi\r\n".utf8) },
    response: { Array("HMSG _INBOX.\($0) 1 16 16\r\nNATS/1.0 \(500 + $0)\r\n\r\n\r\n".utf8) },
    numbers: {
      (
        number(behind: "t/", $1.string($0.texts.requestResource)),
        $0.responseCode.map { Int($0) - 500 }
      )
    }, hasIDs: false)

  private static let amqp = Language(
    kind: AMQP(), port: 5_672,
    request: { AMQPTalks.declare("t/\($0)", channel: UInt16($0 + 1)).bytes },
    response: { AMQPTalks.declareOK("t/\($0)", channel: UInt16($0 + 1)).bytes },
    numbers: { record, batch in
      var walk = AttributeWalk(record.attributes, in: batch.text.span)
      var queues: [Int?] = []
      while let (name, value) = walk.next(in: batch.text.span) {
        if batch.string(name) == "amqp.queue" {
          queues.append(number(behind: "t/", batch.string(value)))
        }
      }
      let asked = number(behind: "t/", batch.string(record.texts.requestResource))
      return (asked, record.hasDuration ? queues.last ?? nil : nil)
    }, hasIDs: false)

  private static let rocketMQ = Language(
    kind: RocketMQ(), port: 10_911,
    request: {
      RocketMQTalks.binary(.client, code: 105, opaque: $0, fields: [("topic", "t/\($0)")]).bytes
    },
    response: {
      RocketMQTalks.binary(.server, code: 17, opaque: $0, flag: 1, remark: "no t/\($0)").bytes
    },
    numbers: {
      (
        number(behind: "t/", $1.string($0.texts.requestResource)),
        number(behind: "no t/", $1.string($0.texts.responseException))
      )
    })
}
