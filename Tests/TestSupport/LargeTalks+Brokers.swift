// SPDX-License-Identifier: Apache-2.0

import Protocols

/// Brokers, coordinators and directories.
extension LargeTalks {
  static let brokers = zooKeeper + stomp + pulsar + ldap + amqp + [zmtp]

  private static func bytes(_ count: Int) -> [UInt8] { [UInt8](repeating: 0x61, count: count) }

  /// Three exchanges, the second of them large.
  private static func make(
    _ kind: any ProtocolKind, _ part: String, _ exchange: @escaping @Sendable (UInt8, Int) -> [Talk]
  ) -> LargeTalks {
    LargeTalks(kind: kind, port: kind.descriptor.defaultPorts.first ?? 7_001, part: part) { size in
      exchange(1, 1) + exchange(2, size) + exchange(3, 1)
    }
  }

  private static let zooKeeper = [
    make(ZooKeeper(), "data") { id, size in
      [
        ZooKeeperTalks.request(UInt32(id), 5, ZooKeeperTalks.text("/a") + bytes(size)),
        ZooKeeperTalks.answer(UInt32(id), bytes(size)),
      ]
    },
    make(ZooKeeper(), "path") { id, size in
      [ZooKeeperTalks.get(UInt32(id), "/" + text(size)), ZooKeeperTalks.answer(UInt32(id))]
    },
  ]

  private static let stomp = [
    make(STOMP(), "body") { id, size in
      [
        Talk(
          .client,
          "SEND\ndestination:/a\nreceipt:\(id)\ncontent-length:\(size)\n\n\(text(size))\0"),
        Talk(.server, "RECEIPT\nreceipt-id:\(id)\n\n\0"),
      ]
    },
    make(STOMP(), "body without a length") { id, size in
      [
        Talk(.client, "SEND\ndestination:/a\nreceipt:\(id)\n\n\(text(size))\0\n"),
        Talk(.server, "RECEIPT\nreceipt-id:\(id)\n\n\(text(size))\0\n"),
      ]
    },
    make(STOMP(), "header") { id, size in
      [
        Talk(.client, "SEND\nreceipt:\(id)\na:\(text(min(size, 16_000)))\n\n\0"),
        Talk(.server, "RECEIPT\nreceipt-id:\(id)\n\n\0"),
      ]
    },
  ]

  private static let pulsar = [
    make(Pulsar(), "body") { id, size in
      [
        PulsarTalks.command(
          .client, 6, PulsarTalks.field(1, 3) + PulsarTalks.field(2, UInt64(id)),
          rest: PulsarTalks.message(PulsarTalks.field(1, "p"), text(size))),
        PulsarTalks.command(
          .server, 7, PulsarTalks.field(1, 3) + PulsarTalks.field(2, UInt64(id))),
      ]
    },
    // The id stands behind the topic.
    make(Pulsar(), "topic") { id, size in
      [
        PulsarTalks.lookup(UInt64(id), text(min(size, 4_000))),
        PulsarTalks.error(UInt64(id), 11, text(size)),
      ]
    },
  ]

  private static let ldap = [
    make(LDAP(), "name") { id, size in
      [
        LDAPTalks.search(id: UInt16(id), "dc=" + text(size)),
        LDAPTalks.result(id: UInt16(id), 0x65),
      ]
    },
    make(LDAP(), "entry") { id, size in
      [
        LDAPTalks.search(id: UInt16(id), "dc=a"), LDAPTalks.entry(id: UInt16(id), text(size)),
        LDAPTalks.result(id: UInt16(id), 0x65, text(size)),
      ]
    },
  ]

  private static let amqp = [
    make(AMQP10(), "body") { id, size in
      [
        AMQP10Talks.transfer(.client, id: UInt32(id), text(size)),
        AMQP10Talks.outcome(.server, UInt32(id)),
      ]
    },
    make(AMQP10(), "address") { id, size in
      [
        AMQP10Talks.attach(.client, "l\(id)", text(size)),
        AMQP10Talks.attach(.server, "l\(id)", isReceiver: true, text(size)),
      ]
    },
  ]

  /// Both say what they are before.
  private static let zmtp = LargeTalks(kind: ZMTP(), port: 5_555, part: "frame", calls: 5) { size in
    let opening = [Side.client, .server].flatMap { side in
      [
        Talk(
          side,
          bytes: [0xff, 0, 0, 0, 0, 0, 0, 0, 1, 0x7f, 3, 0] + Array("NULL".utf8)
            + [UInt8](repeating: 0, count: 48)),
        Talk(
          side,
          bytes: [4, 25, 5] + Array("READY".utf8) + [11] + Array("Socket-Type".utf8)
            + [0, 0, 0, 3] + Array((side == .client ? "REQ" : "REP").utf8)),
      ]
    }
    return opening
      + [1, size, 1].flatMap { size in
        [Side.client, .server].map { side in
          Talk(
            side, bytes: [1, 0, 2, 0, 0, 0, 0] + KafkaTalks.number(UInt32(size)) + bytes(size))
        }
      }
  }
}
