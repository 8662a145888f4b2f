// SPDX-License-Identifier: Apache-2.0

import Protocols
import Telemetry
import TestSupport

/// Brokers, coordinators and directories: the code of an answer is its number, or stands in it.
extension Language {
  static let brokers = [zooKeeper, stomp, pulsar, ldap, amqp, smtp]

  private static let zooKeeper = Language(
    kind: ZooKeeper(), port: 2_181,
    request: { ZooKeeperTalks.get(UInt32($0 + 1), "/t\($0)").bytes },
    response: { ZooKeeperTalks.answer(UInt32($0 + 1), error: -200 - Int32($0)).bytes },
    numbers: {
      (
        number(behind: "/t", $1.string($0.texts.requestResource)),
        $0.responseCode.map { -200 - Int($0) }
      )
    })

  private static let stomp = Language(
    kind: STOMP(), port: 61_613,
    request: { Array("SEND\ndestination:/t\($0)\nreceipt:\($0)\n\n\0".utf8) },
    response: { Array("ERROR\nreceipt-id:\($0)\nmessage:no t\($0)\n\n\0".utf8) },
    numbers: {
      (
        number(behind: "/t", $1.string($0.texts.requestResource)),
        number(behind: "no t", $1.string($0.texts.responseException))
      )
    }, hasIDs: false)

  private static let pulsar = Language(
    kind: Pulsar(), port: 6_650,
    request: { PulsarTalks.lookup(UInt64($0), "t/\($0)").bytes },
    response: { PulsarTalks.error(UInt64($0), UInt64($0)).bytes },
    numbers: {
      (
        number(behind: "t/", $1.string($0.texts.requestResource)),
        $0.responseCode.map { Int($0) }
      )
    })

  private static let ldap = Language(
    kind: LDAP(), port: 389,
    request: { LDAPTalks.search(id: UInt16($0 + 1), "dc=t\($0)").bytes },
    response: { LDAPTalks.result(id: UInt16($0 + 1), 0x65, code: UInt8($0 % 0x70 + 0x10)).bytes },
    numbers: {
      let asked = number(behind: "dc=t", $1.string($0.texts.requestResource))
      return (
        asked.map { $0 % 0x70 }, $0.responseCode.map { Int($0) - 0x10 }
      )
    })

  /// What was made of a message is told by a reason that nobody knows.
  private static let amqp = Language(
    kind: AMQP10(), port: 5_672,
    request: {
      let message = AMQP10Talks.list(0x73, [AMQP10Talks.text("t/\($0)")])
      return AMQP10Talks.transfer(.client, id: UInt32($0), sections: message, "a").bytes
    },
    response: {
      let reason = AMQP10Talks.list(0x1d, [AMQP10Talks.symbol("a:\($0)")])
      return AMQP10Talks.outcome(
        .server, UInt32($0), state: AMQP10Talks.list(0x25, [reason])
      ).bytes
    },
    numbers: { record, batch in
      var walk = AttributeWalk(record.attributes, in: batch.text.span)
      var asked: Int?
      while let (name, value) = walk.next(in: batch.text.span) {
        if batch.string(name) == "amqp.message_id" {
          asked = number(behind: "t/", batch.string(value))
        }
      }
      return (asked, number(behind: "a:", batch.string(record.texts.responseException)))
    })

  private static let smtp = Language(
    kind: SMTP(), port: 25,
    request: { Array("RCPT TO:<a@t\($0 % 150)>\r\n".utf8) },
    response: { Array("\(400 + $0 % 150) no\r\n".utf8) },
    numbers: {
      (
        number(behind: "?@t", $1.string($0.texts.requestResource)),
        $0.responseCode.map { Int($0) - 400 }
      )
    }, hasIDs: false)
}
