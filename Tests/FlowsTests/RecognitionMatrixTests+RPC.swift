// SPDX-License-Identifier: Apache-2.0

import Protocols
import Telemetry
import TestSupport

extension RecognitionMatrixTests {
  static let rpc: [Opening] = [
    .init("Dubbo", .client, DubboTalks.request(DubboTalks.head("a.S", "m")).bytes, "Dubbo"),
    .init("Dubbo answer", nil, DubboTalks.response("92").bytes, "Dubbo"),
    .init("TLS hello", .client, TLSTalks.handshake(TLSTalks.hello13), "TLS"),
    .init("TLS hello of server", .server, TLSTalks.handshake(TLSTalks.choice12), "TLS"),
    .init("TLS, joined", nil, TLSTalks.hidden(), "TLS"),
    .init(
      "TLS in datagrams", .client, TLSTalks.datagram(TLSTalks.hello12, sequence: 0), "TLS", .udp),
    .init("SOFARPC", .client, RPCTalks.boltRequest(method: "m").bytes, "SofaRPC"),
    .init("SOFARPC answer", .server, RPCTalks.boltResponse().bytes, "SofaRPC"),
    .init("bRPC", .client, RPCTalks.brpcRequest(method: "m").bytes, "bRPC,?MQTT"),
    .init("bRPC answer", nil, RPCTalks.brpcResponse().bytes, "bRPC,?MQTT"),
    .init("KRPC", .client, KafkaTalks.bytes("'KR' 0006 00000006 0801 1002 1803"), "KRPC"),
    .init("Tars", .client, RPCTalks.tarsRequest(function: "m").bytes, "Tars"),
    .init("Tars answer", nil, RPCTalks.tarsResponse().bytes, "Tars"),
    .init(
      "Thrift", .client, KafkaTalks.bytes("80010001 00000003 'buy' 00000001 00"),
      "Thrift,?Memcached"),
    .init(
      "Thrift in a frame", nil,
      KafkaTalks.bytes("00000010 80010002 00000003 'buy' 00000001 00"), "Thrift"),
    .init("Thrift, compact", .client, KafkaTalks.bytes("8221 01 03 'buy' 00"), "Thrift,?MQTT"),
    .init("FastCGI", .client, FastCGITalks.request(["A": "b"]).bytes, "FastCGI,?Kafka"),
    .init("FastCGI answer", .server, FastCGITalks.response("A: b\r\n\r\n").bytes, "FastCGI,?MySQL"),
    .init(
      "SOME/IP", .client, KafkaTalks.bytes("00290004 00000008 00010001 01010000"), "SOME/IP", .udp),
    .init(
      "SOME/IP, stream", nil, KafkaTalks.bytes("00290004 00000008 00010001 01018000"), "SOME/IP"),
  ]
}
