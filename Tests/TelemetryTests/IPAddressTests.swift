// SPDX-License-Identifier: Apache-2.0

import Telemetry
import TestSupport
import Testing

@Suite struct IPAddressTests {
  /// RFC 5952 has one text for each address.
  @Test(
    arguments: [
      "0.0.0.0", "127.0.0.1", "255.255.255.255", "::", "::1", "2001:db8::1", "2001:db8:0:1:1:1:1:1",
      "fe80::", "1:2:3:4:5:6:7:8", "2001:0:0:1::1", "ff02::fb",
    ])
  func canonicalTextComesBack(text: String) {
    #expect(IPAddress(text)?.description == text)
  }

  @Test(
    arguments: [
      "", "1", "1.2.3", "1.2.3.256", "1.2.3.4.5", ":::", "1::2::3", "12345::", "1:2", "g::",
    ])
  func otherTextIsRefused(text: String) {
    #expect(IPAddress(text) == nil)
  }

  @Test func mappedAndPlainAddressesAreOne() {
    #expect(IPAddress("::ffff:10.0.0.1") == IPAddress(v4: 0x0a00_0001))
    #expect(IPAddress(v4: 0x0a00_0001).isV4)
    #expect(IPAddress(v4: 0x7f01_0203).isLoopback)
  }

  @Test(arguments: [31, 32] as [UInt64])
  func anyAddressComesBackFromItsText(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    for _ in 0..<2_000 {
      // Few values for a group, so that runs of zeroes of every length come up.
      func word() -> UInt64 { (0..<4).reduce(0) { sum, _ in sum << 16 | random.next() % 2 * 0xab } }
      let address = IPAddress(high: word(), low: word())
      #expect(IPAddress(address.description) == address, "seed \(seed)")
    }
  }
}
