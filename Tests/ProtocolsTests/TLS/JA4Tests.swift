// SPDX-License-Identifier: Apache-2.0

import Protocols
import TestSupport
import Testing

/// The examples are those of its own description, https://github.com/FoxIO-LLC/ja4.
@Suite struct JA4Tests {
  private static let ciphers: [UInt16] = [
    0x1301, 0x1302, 0x1303, 0xc02b, 0xc02f, 0xc02c, 0xc030, 0xcca9, 0xcca8, 0xc013, 0xc014, 0x009c,
    0x009d, 0x002f, 0x0035,
  ]
  private static let signatures: [UInt8] = [
    0, 16, 4, 3, 8, 4, 4, 1, 5, 3, 8, 5, 5, 1, 8, 6, 6, 1,
  ]

  private func expect(
    _ ciphers: [UInt16], _ extensions: [(UInt16, [UInt8])], _ fingerprint: String
  ) {
    let hello = TLSTalks.hello(ciphers: ciphers, extensions: extensions)
    let held = hold(TLS(), [Talk(.client, bytes: TLSTalks.handshake(hello))])
    #expect(held.messages.first?.attributes?["tls.client.ja4"] == fingerprint)
  }

  @Test func asDescribed() {
    let extensions: [(UInt16, [UInt8])] = [
      TLSTalks.serverName("a.example"), (0x17, []), (0xff01, [0]), (0xa, [0, 2, 0, 29]),
      (0xb, [1, 0]), (0x23, []), (0x10, [0, 3, 2, 0x68, 0x32]), (5, [1, 0, 0, 0, 0]),
      (0xd, Self.signatures), (0x12, []), (0x33, [0, 0]), (0x2d, [1, 1]),
      (0x2b, [6, 0x0a, 0x0a, 3, 4, 3, 3]), (0x1b, [2, 0, 2]), (0x4469, [0, 0]), (0x15, []),
    ]
    expect(Self.ciphers, extensions, "t13d1516h2_8daaf6152771_e5627efa2ab1")
    // What is made up changes nothing, nor does the order.
    expect(
      [0x2a2a] + Self.ciphers.reversed(), [(0x5a5a, [])] + extensions.reversed() + [(0xdada, [0])],
      "t13d1516h2_8daaf6152771_e5627efa2ab1")
  }

  @Test func withLittleToTell() {
    expect([], [], "t12i000000_000000000000_000000000000")
    expect([], [TLSTalks.serverName("a")], "t12d000100_000000000000_000000000000")
    // A name of which a letter is none.
    expect([], [(0x10, [0, 3, 2, 0xab, 0x20])], "t12i0001a0_000000000000_000000000000")
  }
}
