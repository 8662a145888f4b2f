// SPDX-License-Identifier: Apache-2.0

import Telemetry
import Testing

@Suite struct TraceKeyTests {
  /// Rows are written from bytes and looked for by texts.
  @Test(arguments: ["", "a", "4bf92f3577b34da6a3ce929d0e0e4736", "é \u{0} x"])
  func bytesAndTextAreOneKey(text: String) {
    let bytes = Array(text.utf8)
    #expect(TraceKey(.trace, bytes.span) == TraceKey(.trace, text))
    #expect(TraceKey(.trace, text) != TraceKey(.identifier, text))
  }

  @Test func kindsAndAgentsAreToldApart() {
    let keys = [
      TraceKey(.request, 7), TraceKey(.response, 7), TraceKey(.datagram, 7), TraceKey(.chain, 7),
      TraceKey(.chain, 7, agent: 1), TraceKey(.chain, 8, agent: 1), TraceKey(.trace, "7"),
    ]
    #expect(Set(keys).count == keys.count)
  }

  /// They are looked up for years: what is stored must be found by later versions.
  @Test func theNumbersStay() {
    #expect(TraceKey(.request, 1).hash == TraceKey(.request, 1, agent: 0).hash)
    // Spread over all of the 32 bits.
    let numbers = (0..<10_000 as Range<UInt64>).map { TraceKey(.request, $0).hash }
    #expect(Set(numbers).count > 9_995)
    #expect(numbers.count { $0 < 1 << 31 } > 4_700 && numbers.count { $0 < 1 << 31 } < 5_300)
  }
}
