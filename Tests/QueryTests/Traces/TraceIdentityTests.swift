// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Query

@Suite struct TraceIdentityTests {
  @Test func anIDThatIsMadeNamesItsRecord() {
    for record in [1, 7_689_984_213_423_620_096, UInt64.max] as [UInt64] {
      let id = TraceIdentity.made(record)
      #expect(id.utf8.count == 32 && TraceIdentity.record(id) == record)
      #expect(TraceIdentity.record(id.uppercased()) == record)
      #expect(TraceIdentity.seeds(id).first == .record(record))
    }
    #expect(TraceIdentity.record("4bf92f3577b34da6a3ce929d0e0e4736") == nil)
    #expect(TraceIdentity.span(255) == "00000000000000ff")
  }

  @Test(arguments: [
    ("4BF92F3577B34DA6A3CE929D0E0E4736", "4bf92f3577b34da6a3ce929d0e0e4736"),
    ("a3ce929d0e0e4736", "0000000000000000a3ce929d0e0e4736"),
    ("0000000000000000a3ce929d0e0e4736", "0000000000000000a3ce929d0e0e4736"),
    ("12", nil), ("00000000000000000000000000000000", nil), ("a.b-c", nil), ("", nil),
    ("4bf92f3577b34da6a3ce929d0e0e47361", nil),
  ])
  func whatIsCarriedIsTakenWhereItFits(id: String, padded: String?) {
    #expect(TraceIdentity.padded(id) == padded)
  }

  /// What tools ask by is padded, in lower case; what services send need not be.
  @Test func aPaddedIDFindsTheOneThatWasSent() {
    let seeds = TraceIdentity.seeds("0000000000000000A3CE929d0e0e4736")
    #expect(seeds.contains(.trace("a3ce929d0e0e4736")))
    #expect(seeds.first == .trace("0000000000000000A3CE929d0e0e4736"))
    #expect(
      TraceIdentity.seeds("00000000000000000123456789abcdef").contains(.trace("123456789abcdef")))
  }

  @Test func aTraceHasTheIDOfItsCallsOrOfTheFirstOne() throws {
    var records = TraceRecords()
    let first = records.add("c-p", call: 10, 0...100)
    let bare = try #require(TraceAssembly.trace(records.all, of: first))
    #expect(bare.identity == TraceIdentity.made(first))
    records = TraceRecords()
    let carrier = records.add("c-p", call: 10, 0...100, trace: "a3ce929d0e0e4736")
    let carried = try #require(TraceAssembly.trace(records.all, of: carrier))
    #expect(carried.identity == "0000000000000000a3ce929d0e0e4736")
  }

  /// However many keys a round has, each of its statements can be read.
  @Test func statementsHaveABound() {
    var keys = TraceKeys()
    var asked: Set<String> = []
    var records = TraceRecords()
    for number in 0..<6_000 as Range<UInt64> {
      records.add(
        "c-p", call: 4_000_000_000 + number * 2, 0...10, from: .process(7),
        chains: (1 << 60 + number, 0),
        trace: String(repeating: "t", count: 900) + "\(number % 100)", identifier: "id-\(number)")
    }
    for record in records.all { keys.add(record, asked: &asked) }
    #expect(keys.exact.count > 10)
    for condition in keys.exact { #expect(condition.utf8.count < 30_000) }
    #expect(keys.hashes.count > 12_000)
  }

  @Test func stretchesThatTouchAreAskedForOnce() {
    #expect(TraceKeys.merged([50...60, 0...10, 5...20]) == [0...60])
    #expect(TraceKeys.merged([100_000...200_000, 0...10, 0...5]) == [0...10, 100_000...200_000])
    #expect(TraceKeys.merged([]).isEmpty)
  }
}
