// SPDX-License-Identifier: Apache-2.0

import Protocols
import TestSupport
import Testing

/// What goes with tickets, keys and names that are none is in no text; see ``SecretPropertyTests``.
@Suite struct TLSPrivacyTests {
  private static let secret = Array(SecretPropertyTests.mark.utf8)

  @Test(
    arguments: [
      (0, [0, 11, 0, 0, 8] + secret.map { $0 == 0x71 ? 0x20 : $0 }),
      (0, [0, 11, 9, 0, 8] + secret),
      (0x23, secret), (0x29, secret), (0x2a, secret), (0x33, secret), (0x10, [0, 8] + secret),
    ] as [(UInt16, [UInt8])])
  func hellos(type: UInt16, contents: [UInt8]) {
    let hello = TLSTalks.hello(ciphers: [0x1301], extensions: [(type, contents)])
    SecretPropertyTests().search(TLS(), [Talk(.client, bytes: TLSTalks.handshake(hello))])
  }

  @Test func whatIsSentOverIt() {
    let hello = Talk(.client, bytes: TLSTalks.handshake(TLSTalks.hello13))
    let choice = Talk(.server, bytes: TLSTalks.handshake(TLSTalks.choice13))
    let data = TLSTalks.record(23, Self.secret + Self.secret)
    SecretPropertyTests().search(TLS(), [hello, Talk(.client, bytes: data)])
    SecretPropertyTests().search(TLS(), [hello, choice, Talk(.server, bytes: data)])
  }
}
