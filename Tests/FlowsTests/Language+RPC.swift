// SPDX-License-Identifier: Apache-2.0

import Protocols
import Telemetry
import TestSupport

extension Language {
  static let rpc = [dubbo, sofaRPC, bRPC, tars, thrift]

  private static let dubbo = Language(
    kind: Dubbo(), port: 20_880,
    request: {
      DubboTalks.request(id: UInt8($0 & 0xff), DubboTalks.head("a.S", "m\($0)") + " 48 5a").bytes
    },
    response: {
      let text = DubboTalks.text("no m\($0)")
      return DubboTalks.response(id: UInt8($0 & 0xff), status: 60, text).bytes
    },
    numbers: {
      (
        number(behind: "/m", $1.string($0.texts.endpoint)),
        number(behind: "no m", $1.string($0.texts.responseException))
      )
    })

  /// The status of the answer is the number.
  private static let sofaRPC = Language(
    kind: SofaRPC(), port: 12_200,
    request: { RPCTalks.boltRequest(id: UInt8($0 & 0xff), method: "m\($0)").bytes },
    response: { RPCTalks.boltResponse(id: UInt8($0 & 0xff), status: $0).bytes },
    numbers: byMethodAndCode)

  private static let bRPC = Language(
    kind: BRPC(), port: 8_000,
    request: { RPCTalks.brpcRequest(id: UInt8($0 & 0x7f), method: "m\($0)").bytes },
    response: {
      RPCTalks.brpcResponse(id: UInt8($0 & 0x7f), code: [5], text: "no m\($0)").bytes
    },
    numbers: {
      (
        number(behind: "/m", $1.string($0.texts.endpoint)),
        number(behind: "no m", $1.string($0.texts.responseException))
      )
    })

  private static let tars = Language(
    kind: Tars(), port: 18_993,
    request: { RPCTalks.tarsRequest(id: UInt8($0 & 0x7f), function: "m\($0)").bytes },
    response: {
      RPCTalks.tarsResponse(id: UInt8($0 & 0x7f), result: Int8($0 & 0x7f)).bytes
    }, numbers: byMethodAndCode)

  private static let thrift = Language(
    kind: Thrift(), port: 9_090,
    request: { message(1, "S/m\($0)", $0, "00") },
    response: {
      let text = KafkaTalks.words(Array("no m\($0)".utf8))
      let count = KafkaTalks.words(KafkaTalks.number(UInt32(text.count / 2)))
      return message(3, "S/m\($0)", $0, "0b 0001 \(count) \(text) 08 0002 00000006 00")
    },
    numbers: {
      (
        number(behind: "/m", $1.string($0.texts.endpoint)),
        number(behind: "no m", $1.string($0.texts.responseException))
      )
    })

  /// A message of Thrift's in a frame.
  private static func message(
    _ type: UInt8, _ name: String, _ id: Int, _ body: String
  ) -> [UInt8] {
    let front = [0x80, 1, 0, type] + KafkaTalks.number(UInt32(name.utf8.count)) + Array(name.utf8)
    return KafkaTalks.framed(
      .client, front + KafkaTalks.number(UInt32(id)) + KafkaTalks.bytes(body)
    ).bytes
  }

  private static let byMethodAndCode: @Sendable (CallRecord, RecordBatch) -> (Int?, Int?) = {
    (number(behind: "/m", $1.string($0.texts.endpoint)), $0.responseCode.map { Int($0) })
  }
}
