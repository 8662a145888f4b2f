// SPDX-License-Identifier: Apache-2.0

import Protocols
import TestSupport
import Testing

/// Messages of sizes around every limit, whole and in segments.
@Suite struct SizeTests {
  @Test(arguments: LargeTalks.all.indices)
  func noSizeEndsAParserAndNoCutChangesWhatItSays(index: Int) {
    let large = LargeTalks.all[index]
    for size in LargeTalks.sizes {
      let talks = large.make(size)
      let whole = hold(large.kind, talks)
      #expect(whole.violations == [], "\(large), \(size)")
      #expect(whole.error == nil, "\(large), \(size)")
      let requests = whole.messages.count { $0.kind == .request }
      let responses = whole.messages.count { $0.kind == .response }
      #expect(requests == 3 && responses == 3, "\(large), \(size): \(requests), \(responses)")
      for count in [1_000, 1_460] {
        let held = hold(large.kind, LargeTalks.cut(talks, every: count))
        #expect(held.violations == [], "\(large), \(size) in \(count)")
        let isSame = held.messages == whole.messages
        #expect(isSame, "\(large), \(size) in \(count)")
      }
      let final = hold(large.kind, LargeTalks.cut(talks, every: 4_096), isFinal: true)
      #expect(final.violations == [], "\(large), \(size) in final views")
    }
  }
}
