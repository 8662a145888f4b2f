// SPDX-License-Identifier: Apache-2.0

import Protocols
import Telemetry
import TestSupport

extension Language {
  static let rpc = [dubbo]

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
}
