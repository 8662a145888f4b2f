// SPDX-License-Identifier: Apache-2.0

import Protocols
import Telemetry
import Testing

@Suite struct FieldBufferTests {
  @Test func textsAreCutNeverGrown() {
    var fields = FieldBuffer()
    let long = [UInt8](repeating: 0x61, count: FieldBuffer.capacity * 2)
    for _ in 0..<(FieldBuffer.capacity / FieldBuffer.textLimit) {
      #expect(Int(fields.append(long.span).length) == FieldBuffer.textLimit)
    }
    #expect(fields.append(long.span) == .empty)
    #expect(fields.append("x") == .empty)
    fields.push(1)
    fields.push("x")
    fields.push(long.span)
    #expect(fields.count == FieldBuffer.capacity)
  }

  @Test func aTextOfPiecesIsCutToTheLimit() {
    var fields = FieldBuffer()
    let long = [UInt8](repeating: 0x61, count: FieldBuffer.textLimit)
    _ = fields.append("before")
    let mark = fields.mark
    fields.push("a")
    fields.push(long.span)
    let text = fields.finish(from: mark)
    #expect(text == Text(offset: 6, length: UInt32(FieldBuffer.textLimit)))
    #expect(fields.finish(from: fields.mark) == .empty)
    #expect(fields.finish(from: -1) == .empty)
  }

  @Test(
    arguments: [(0, "0"), (7, "7"), (10, "10"), (1_234, "1234"), (.max, "18446744073709551615")]
      as [(UInt64, String)])
  func numbersAreDecimal(number: UInt64, text: String) {
    var fields = FieldBuffer()
    fields.push(decimal: number)
    let pushed = fields.finish(from: 0)
    #expect(String(decoding: fields.bytes(pushed), as: UTF8.self) == text)
  }

  @Test func aPlaceOutsideOfTheBufferIsEmpty() {
    let fields = FieldBuffer()
    #expect(fields.bytes(Text(offset: .max, length: .max)).isEmpty)
  }
}
