// SPDX-License-Identifier: Apache-2.0

/// The protocols that are known. One line each; their order means nothing, see
/// ``ProtocolDescriptor/sureness``.
///
/// Their numbers are DeepFlow's where it has one, so that what was stored by either reads alike. Others have
/// numbers of our own: messaging and data from 150 up (150 Cassandra, 151 ZooKeeper,
/// 152 STOMP, 153 AMQP 1.0, 155 LDAP), calls of services and hosts from 200 up (200 Thrift,
/// 201 KRPC, 202 SQL Server, 204 ONC RPC, 205 NTP, 206 DHCP, 207 SNMP, 208 Diameter, 209 RADIUS, 212 SSH).
package let builtInProtocols: [any ProtocolKind] = [
  HTTP1(),
  MySQL(),
  PostgreSQL(),
  Redis(),
  Memcached(),
  MongoDB(),
  MQTT(),
  NATS(),
  AMQP(),
  AMQP10(),
  Cassandra(),
  RocketMQ(),
  Pulsar(),
  STOMP(),
  ZooKeeper(),
  LDAP(),
  DNS(),
  Kafka(),
  Dubbo(),
  HTTP2(),
  TLS(),
  SofaRPC(),
  BRPC(),
  Thrift(),
  FastCGI(),
  Tars(),
  SOMEIP(),
  TDS(),
  NTP(),
  DHCP(),
  SNMP(),
  Diameter(),
  RADIUS(),
  SSH(),
  ONCRPC(),
  KRPC(),
]
