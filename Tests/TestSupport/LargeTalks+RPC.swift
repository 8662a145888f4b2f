// SPDX-License-Identifier: Apache-2.0

import Protocols

extension LargeTalks {
  static let rpc = dubbo

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
}
