// SPDX-License-Identifier: Apache-2.0

import Protocols
import Telemetry
import TestSupport

/// Brokers, coordinators and directories.
extension RecognitionMatrixTests {
  static let brokers: [Opening] = [
    .init("ZooKeeper", .client, ZooKeeperTalks.connect.bytes, "ZooKeeper"),
    .init("ZooKeeper answers", .server, ZooKeeperTalks.connected().bytes, "ZooKeeper"),
    .init("ZooKeeper, joined", nil, ZooKeeperTalks.get(9, "/a/b").bytes, "ZooKeeper"),
    .init("STOMP", .client, "CONNECT\naccept-version:1.2\n\n\0", "STOMP"),
    .init("STOMP answers", .server, "CONNECTED\nversion:1.2\n\n\0", "STOMP"),
    .init("STOMP, cut", .client, "SEND", "?STOMP,?DNS,?HTTP,?PostgreSQL"),
    .init("Pulsar", .client, PulsarTalks.lookup(1, "a").bytes, "Pulsar"),
    .init("Pulsar answers", .server, PulsarTalks.error(1, 3).bytes, "Pulsar"),
    .init(
      "AMQP 1.0", .client, AMQP10Talks.header(.client, layer: 3).bytes, "AMQP 1.0,?DNS"),
    .init("AMQP 1.0, joined", nil, AMQP10Talks.attach(.client, "l", "a").bytes, "AMQP 1.0"),
    .init(
      "ZMTP", .server, [0xff, 0, 0, 0, 0, 0, 0, 0, 1, 0x7f, 3, 0],
      "ZMTP,?DNS,?MongoDB"),
    .init("LDAP", .client, LDAPTalks.bind("", password: "").bytes, "LDAP"),
    .init("LDAP searches", nil, LDAPTalks.search(id: 300, "dc=a").bytes, "LDAP"),
    .init("LDAP answers", .server, LDAPTalks.result(id: 1, 0x61).bytes, "LDAP,?MySQL"),
  ]
}
