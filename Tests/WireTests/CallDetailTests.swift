// SPDX-License-Identifier: Apache-2.0

import Telemetry
import TestSupport
import Testing

@testable import Wire

/// What calls have beyond their rows travels in a section of its own.
@Suite struct CallDetailTests {
  private func batch(_ change: (inout CallRecord) -> Void = { _ in }) -> RecordBatch {
    var batch = RecordBatch()
    for number in 0..<5 {
      var call = CallRecord(
        client: .zero, server: .zero, start: Timestamp(seconds: 1), end: Timestamp(seconds: 1))
      call.flow = UInt64(number)
      if number == 3 { change(&call) }
      batch.calls.append(call)
    }
    return batch
  }

  private func encoded(_ batch: RecordBatch) -> [UInt8] {
    var writer = WireWriter()
    batch.write(to: &writer)
    return writer.bytes
  }

  private func read(_ bytes: [UInt8]) throws -> RecordBatch {
    var batch = RecordBatch()
    try batch.read(from: bytes.span)
    return batch
  }

  @Test func aCallWithoutDetailsCostsNothing() throws {
    let plain = encoded(batch())
    let counted = encoded(batch { $0.responseMessages = 7 })
    #expect(counted.starts(with: plain))
    // Section and length; one row: three calls on, one field.
    #expect(Array(counted.dropFirst(plain.count)) == [10, 5, 0, 0, 0, 1, 3, 1, 2 << 1, 7])
  }

  /// An older server skips the section and keeps the calls; an older agent does not send it.
  @Test func theCallsAreTheSameWithoutTheSection() throws {
    let calls = try read(encoded(batch())).calls
    #expect(calls == batch().calls)
  }

  @Test func fieldsOfLaterVersionsAreLeftOut() throws {
    let plain = encoded(batch())
    let section: [UInt8] = [
      10, 12, 0, 0, 0, 1, 3, 4, 99 << 1 & 0x7f | 0x80, 1, 5, 101, 0, 0, 2, 9, 8, 1,
    ]
    var bytes = plain + section
    bytes[plain.count + 1] = UInt8(section.count - 5)
    // Field 50 as a text is 101; field 4 is given as a number, which it is not.
    #expect(try read(bytes) == batch { $0.requestMessages = 9 })
  }

  @Test(
    arguments: [
      ("no such call", [10, 5, 0, 0, 0, 1, 5, 1, 4, 7]),
      ("more fields than bytes", [10, 5, 0, 0, 0, 1, 3, 9, 4, 7]),
      ("a text outside", [10, 6, 0, 0, 0, 1, 3, 1, 9, 0, 4]),
      ("more rows than bytes", [10, 3, 0, 0, 0, 9, 3, 0]),
    ] as [(String, [UInt8])])
  func damageIsRefused(what: String, section: [UInt8]) {
    #expect(throws: WireError.self, "\(what)") { try read(encoded(batch()) + section) }
  }
}
