// SPDX-License-Identifier: Apache-2.0

import Protocols
import TestSupport

extension RecognitionMatrixTests {
  static let rpc: [Opening] = [
    .init("Dubbo", .client, DubboTalks.request(DubboTalks.head("a.S", "m")).bytes, "Dubbo"),
    .init("Dubbo answer", nil, DubboTalks.response("92").bytes, "Dubbo"),
  ]
}
