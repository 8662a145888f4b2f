// SPDX-License-Identifier: Apache-2.0

import Bytes
import Testing

@Suite struct ClippedTests {
  @Test func whatLiesInTheViewIsCut() {
    let bytes: [UInt8] = [1, 2, 3, 4]
    #expect(bytes.span.clipped(from: 1, to: 3).copied == [2, 3])
    #expect(bytes.span.clipped(1..<3).copied == [2, 3])
    #expect(bytes.span.clipped(from: 0, to: 4).copied == [1, 2, 3, 4])
  }

  @Test func noTwoNumbersTrap() {
    let bytes: [UInt8] = [1, 2, 3, 4]
    for start in [Int.min, -1, 0, 2, 4, 5, .max] {
      for end in [Int.min, -1, 0, 2, 4, 5, .max] {
        let expected = bytes.indices.filter { $0 >= start && $0 < end }.map { bytes[$0] }
        #expect(bytes.span.clipped(from: start, to: end).copied == expected, "\(start), \(end)")
      }
    }
  }
}

extension Span where Element == UInt8 {
  fileprivate var copied: [UInt8] { indices.map { self[$0] } }
}
