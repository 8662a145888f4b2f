// SPDX-License-Identifier: Apache-2.0

import Protocols

/// What hosts and networks say to each other. SSH is not among it: all of it is one call.
extension LargeTalks {
  static let hosts = tds + [diameter] + oncRPC + [krpc] + lines

  private static func bytes(_ count: Int) -> [UInt8] { [UInt8](repeating: 0x61, count: count) }

  // MARK: SQL Server

  private static let tds: [LargeTalks] = [
    tds("statement") { "SELECT '\(text($0))' FROM t" },
    tds("rows", rows: { $0 }),
  ]

  private static func tds(
    _ part: String, _ statement: @escaping @Sendable (Int) -> String = { _ in "SELECT a FROM t" },
    rows: @escaping @Sendable (Int) -> Int = { _ in 1 }
  ) -> LargeTalks {
    LargeTalks(kind: TDS(), port: 1_433, part: part) { size in
      [1, size, 1].flatMap { size in
        [
          Talk(.client, bytes: TDSTalks.message(1, TDSTalks.batch(statement(size)))),
          Talk(
            .server,
            bytes: TDSTalks.message(4, TDSTalks.rows(rows(size)) + TDSTalks.done(0x10, rows: 1))),
        ]
      }
    }
  }

  // MARK: Diameter

  private static let diameter = LargeTalks(kind: Diameter(), port: 3_868, part: "attribute") {
    size in
    [(1, 1), (2, size), (3, 1)].flatMap { (id: UInt8, size: Int) -> [Talk] in
      let attribute = diameterAttribute(450, bytes(size))
      return [
        diameterMessage(.client, 0x80, id, diameterAttribute(263, [0x61]) + attribute),
        diameterMessage(.server, 0, id, diameterAttribute(268, [0, 0, 7, 0xd1]) + attribute),
      ]
    }
  }

  private static func diameterAttribute(_ code: UInt32, _ contents: [UInt8]) -> [UInt8] {
    KafkaTalks.number(code) + KafkaTalks.number(0x4000_0000 | UInt32(contents.count + 8))
      + contents + [UInt8](repeating: 0, count: (4 - contents.count % 4) % 4)
  }

  private static func diameterMessage(
    _ side: Side, _ flags: UInt8, _ id: UInt8, _ attributes: [UInt8]
  ) -> Talk {
    Talk(
      side,
      bytes: KafkaTalks.number(0x0100_0000 | UInt32(attributes.count + 20)) + [flags, 0, 1, 16]
        + [0, 0, 0, 4, 0, 0, 0, id, 0, 0, 0, id] + attributes)
  }

  // MARK: ONC RPC

  private static let oncRPC: [LargeTalks] = [
    oncRPC("arguments", every: 1 << 20), oncRPC("fragments", every: 900),
  ]

  private static func oncRPC(_ part: String, every count: Int) -> LargeTalks {
    LargeTalks(kind: ONCRPC(), port: 2_049, part: part) { size in
      [(1, 4), (2, size / 4 * 4), (3, 4)].flatMap { (id: UInt8, size: Int) -> [Talk] in
        let call = KafkaTalks.bytes(
          "000000\(KafkaTalks.words([id])) 00000000 00000002 000186a3 00000003 00000007"
            + " 00000000 00000000 00000000 00000000")
        let reply = KafkaTalks.bytes(
          "000000\(KafkaTalks.words([id])) 00000001 00000000 00000000 00000000 00000000 00000000")
        return [
          record(.client, call + bytes(size), every: count),
          record(.server, reply + bytes(size), every: count),
        ]
      }
    }
  }

  private static func record(_ side: Side, _ message: [UInt8], every count: Int) -> Talk {
    let pieces = stride(from: 0, to: message.count, by: count).flatMap { (start: Int) -> [UInt8] in
      let end = min(start + count, message.count)
      let mark = UInt32(end - start) | (end == message.count ? 0x8000_0000 : 0)
      return KafkaTalks.number(mark) + message[start..<end]
    }
    return Talk(side, bytes: pieces)
  }

  // MARK: KRPC

  private static let krpc = LargeTalks(kind: KRPC(), port: 7_001, part: "body") { size in
    [(1, 1), (2, size), (3, 1)].flatMap { (id: UInt8, size: Int) -> [Talk] in
      [Side.client, .server].map { side in
        let meta: [UInt8] = [8, side == .client ? 1 : 2, 16, 2, 24, 3, 32, id]
        return Talk(
          side,
          bytes: Array("KR".utf8) + [0, UInt8(meta.count)]
            + KafkaTalks.number(UInt32(meta.count + size)) + meta + bytes(size))
      }
    }
  }

  // MARK: SMTP, FTP

  private static let lines = [
    LargeTalks(kind: SMTP(), port: 25, part: "mail") { size in
      [
        Talk(.client, "EHLO a.test\r\n"), Talk(.server, "250 ok\r\n"), Talk(.client, "DATA\r\n"),
        Talk(.server, "354 go\r\n"), Talk(.client, "\(text(size))\r\n.\r\n"),
        Talk(.server, "250 ok\r\n"), Talk(.client, "NOOP\r\n"), Talk(.server, "250 ok\r\n"),
      ]
    },
    LargeTalks(kind: FTP(), port: 21, part: "reply") { size in
      [
        Talk(.client, "SYST\r\n"), Talk(.server, "215 ok\r\n"), Talk(.client, "FEAT\r\n"),
        Talk(
          .server,
          "211-Features\r\n" + Array(repeating: " MLSD\r\n", count: size / 7).joined()
            + "211 End\r\n"), Talk(.client, "NOOP\r\n"), Talk(.server, "200 ok\r\n"),
      ]
    },
  ]
}
