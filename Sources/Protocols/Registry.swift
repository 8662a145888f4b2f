// SPDX-License-Identifier: Apache-2.0

/// The protocols that are known. One line each; their order means nothing, see
/// ``ProtocolDescriptor/sureness``.
package let builtInProtocols: [any ProtocolKind] = [
  HTTP1(),
  MySQL(),
  PostgreSQL(),
  Redis(),
  Memcached(),
  MongoDB(),
  MQTT(),
  NATS(),
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
]
