// SPDX-License-Identifier: Apache-2.0

import Telemetry
import Testing

@Suite struct CallTextsTests {
  /// Every stored text is listed once: what `update` misses would not travel.
  @Test func updateVisitsEveryText() {
    var texts = CallTexts()
    var count: UInt32 = 0
    texts.visit { _, text in
      text = Text(offset: count, length: 1)
      count += 1
    }
    #expect(Int(count) * MemoryLayout<Text>.size == MemoryLayout<CallTexts>.size)
  }

  @Test func fillEmptyKeepsWhatIsThere() {
    var request = CallTexts()
    var response = CallTexts()
    request.version = Text(offset: 1, length: 1)
    response.visit { _, text in text = Text(offset: 9, length: 9) }
    request.fillEmpty(from: response)
    #expect(request.version == Text(offset: 1, length: 1))
    var filled = 0
    request.visit { _, text in if text == Text(offset: 9, length: 9) { filled += 1 } }
    #expect(
      filled * MemoryLayout<Text>.size == MemoryLayout<CallTexts>.size - MemoryLayout<Text>.size)
  }
}
