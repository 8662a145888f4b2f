// SPDX-License-Identifier: Apache-2.0

import Protocols
import TestSupport
import Testing

/// Arguments, results, what is sent along and what errors say of them; see ``SecretPropertyTests``.
@Suite struct DubboPrivacyTests {
  private static let secret = "08 'Zq9xWv7k'"

  @Test(arguments: [
    "Ljava/lang/String; \(secret) 48 05 'token' \(secret) 08 'Zq9xWv7k' 01 'a' 5a",
    "Ljava/util/Map; 48 02 'b3' \(secret) 5a 48 02 'b3' \(secret) 5a", "a \(secret)",
  ])
  func requests(rest: String) {
    let parts = rest.split(separator: " ", maxSplits: 1).map(String.init)
    let head = DubboTalks.head("a.S", "m", types: parts[0])
    SecretPropertyTests().search(Dubbo(), [DubboTalks.request("\(head) \(parts[1])")])
  }

  @Test(
    arguments: [
      (20, "91 \(secret)"), (20, "90 43 01 'T' 91 01 'm' 60 \(secret)"),
      (70, DubboTalks.text("java.lang.Error: Zq9xWv7k")), (80, DubboTalks.text("E Zq9xWv7k")),
      (40, DubboTalks.text("Fail to decode request due to: RpcInvocation [arguments=[Zq9xWv7k]]")),
      (31, DubboTalks.text("timeout, request: Request {data=Zq9xWv7k}")),
      (60, DubboTalks.text("no service, token=Zq9xWv7k")),
    ] as [(UInt8, String)])
  func responses(status: UInt8, body: String) {
    SecretPropertyTests().search(Dubbo(), [DubboTalks.response(status: status, body)])
  }
}
