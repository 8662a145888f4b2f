// SPDX-License-Identifier: Apache-2.0

import Protocols

extension LargeTalks {
  static let rpc = dubbo + others

  private static let dubbo: [LargeTalks] = [
    dubbo("argument") { size in
      let text = [UInt8](repeating: 0x61, count: min(size, 65_535))
      let head: [UInt8] = [0x53, UInt8(text.count >> 8), UInt8(text.count & 0xff)]
      return [
        DubboTalks.request(
          DubboTalks.head("a.S", "m", types: "Ljava/lang/String;") + " "
            + KafkaTalks.words(head + text) + " 48 5a"),
        DubboTalks.response("92"),
      ]
    },
    dubbo("result") { size in
      let text = KafkaTalks.words([UInt8](repeating: 0x61, count: size))
      return [DubboTalks.request(call), DubboTalks.response("91 42 \(text)")]
    },
    dubbo("thrown") { size in
      let fields = KafkaTalks.words([UInt8](repeating: 0, count: size))
      return [
        DubboTalks.request(call), DubboTalks.response("90 43 01 'T' 49 0000ffff \(fields)"),
      ]
    },
  ]

  private static let call = DubboTalks.head("a.S", "m") + " 48 5a"

  private static func dubbo(
    _ part: String, _ exchange: @escaping @Sendable (Int) -> [Talk]
  ) -> LargeTalks {
    let ping = [DubboTalks.request(id: 1, call), DubboTalks.response(id: 1, "92")]
    return LargeTalks(kind: Dubbo(), port: 20_880, part: part) { ping + exchange($0) + ping }
  }

  private static func bytes(_ count: Int) -> [UInt8] { [UInt8](repeating: 0x61, count: count) }

  private static let others: [LargeTalks] = [
    make(
      SofaRPC(), "body", { [RPCTalks.boltRequest(id: $0, method: "m", body: bytes($1))] },
      { [RPCTalks.boltResponse(id: $0, body: bytes($1))] }),
    make(
      BRPC(), "body", { [RPCTalks.brpcRequest(id: $0, method: "m"), stream($1)] },
      { [RPCTalks.brpcResponse(id: $0, body: bytes($1))] }),
    make(
      Tars(), "result",
      { id, _ in [RPCTalks.tarsRequest(id: id, function: "m")] },
      { [RPCTalks.tarsResponse(id: $0, body: bytes(min($1, 65_535)))] }),
    make(
      Thrift(), "argument", { [thrift(.client, 1, $0, bytes($1))] },
      { [thrift(.server, 2, $0, bytes($1))] }),
    make(
      FastCGI(), "parameter",
      {
        let value = String(repeating: "a", count: min($1, 65_000))
        return [FastCGITalks.request(id: $0, ["REQUEST_URI": "/", "X": value])]
      }, { id, _ in [FastCGITalks.response(id: id, "A: b\r\n\r\n")] }),
    make(
      FastCGI(), "output", { id, _ in [FastCGITalks.request(id: id, ["REQUEST_URI": "/"])] },
      { [FastCGITalks.response(id: $0, "A: b\r\n\r\n", more: bytes(min($1, 65_535)))] }),
    make(
      SOMEIP(), "payload", { id, _ in [someIP(.client, "00", id, [])] },
      { [someIP(.server, "80", $0, bytes($1))] }),
  ]

  /// Three exchanges, the second of them large.
  private static func make(
    _ kind: any ProtocolKind, _ part: String,
    _ request: @escaping @Sendable (UInt8, Int) -> [Talk],
    _ response: @escaping @Sendable (UInt8, Int) -> [Talk]
  ) -> LargeTalks {
    LargeTalks(kind: kind, port: kind.descriptor.defaultPorts.first ?? 7_001, part: part) { size in
      [(1, 1), (2, size), (3, 1)].flatMap { (id: UInt8, size: Int) -> [Talk] in
        request(id, size) + response(id, size)
      }
    }
  }

  private static func stream(_ count: Int) -> Talk {
    let length = KafkaTalks.number(UInt32(count + 2))
    return Talk(
      .client, bytes: Array("STRM".utf8) + length + [0, 0, 0, 2, 8, 1] + bytes(count))
  }

  private static func thrift(
    _ side: Side, _ type: UInt8, _ id: UInt8, _ body: [UInt8]
  ) -> Talk {
    let value = KafkaTalks.number(UInt32(body.count)) + body
    let message = [0x80, 1, 0, type, 0, 0, 0, 1, 0x6d, 0, 0, 0, id, 11, 0, 0] + value + [0]
    return KafkaTalks.framed(side, message)
  }

  private static func someIP(
    _ side: Side, _ type: String, _ id: UInt8, _ body: [UInt8]
  ) -> Talk {
    let front = KafkaTalks.bytes("00290004") + KafkaTalks.number(UInt32(body.count + 8))
    return Talk(
      side, bytes: front + [0, 1, 0, id] + KafkaTalks.bytes("0101 \(type) 00") + body)
  }
}
