// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

@testable import Protocols

@Suite struct HPACKDecoderTests {
  /// RFC 7541 appendix C.4: requests, coded.
  @Test func theRequestsOfTheSpecificationAreRead() {
    var blocks = Blocks()
    #expect(
      blocks.decode(hex: "828684418cf1e3c2e5f23a6ba0ab90f4ff") == [
        ":method: GET", ":scheme: http", ":path: /", ":authority: www.example.com",
      ])
    #expect(
      blocks.decode(hex: "828684be5886a8eb10649cbf") == [
        ":method: GET", ":scheme: http", ":path: /", ":authority: www.example.com",
        "cache-control: no-cache",
      ])
    #expect(
      blocks.decode(hex: "828785bf408825a849e95ba97d7f8925a849e95bb8e8b4bf") == [
        ":method: GET", ":scheme: https", ":path: /index.html", ":authority: www.example.com",
        "custom-key: custom-value",
      ])
  }

  /// Appendix C.6: responses, in a table of 256 octets, from which fields go.
  @Test func theResponsesOfTheSpecificationAreRead() {
    var blocks = Blocks()
    _ = blocks.decode(hex: "3fe101")
    let first = blocks.decode(
      hex: """
        488264025885aec3771a4b6196d07abe941054d444a8200595040b8166e082a62d1bff6e919d29ad171863c78f0b
        97c8e9ae82ae43d3
        """)
    #expect(
      first == [
        ":status: 302", "cache-control: private", "date: Mon, 21 Oct 2013 20:13:21 GMT",
        "location: https://www.example.com",
      ])
    #expect(blocks.decode(hex: "4883640effc1c0bf")?.first == ":status: 307")
    let last = blocks.decode(
      hex: """
        88c16196d07abe941054d444a8200595040b8166e084a62d1bffc05a839bd9ab77ad94e7821dd7f2e6c7b335dfdf
        cd5b3960d5af27087f3672c1ab270fb5291f9587316065c003ed4ee5b1063d5007
        """)
    #expect(
      last == [
        ":status: 200", "cache-control: private", "date: Mon, 21 Oct 2013 20:13:22 GMT",
        "location: https://www.example.com", "content-encoding: gzip",
        "set-cookie: foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1",
      ])
  }

  /// All bytes from 0 to 255, as another implementation codes them.
  @Test func eachByteHasItsCode() {
    var room = [UInt8](repeating: 0, count: 300)
    let decoded = HuffmanCode.shared.decode(bytes(Self.allBytes).span, into: &room)
    #expect(decoded?.count == 256)
    #expect(room.prefix(256).elementsEqual(0...255))
    var few = [UInt8](repeating: 0, count: 3)
    #expect(HuffmanCode.shared.decode(bytes(Self.allBytes).span, into: &few)?.count == 256)
    #expect(few == [0, 1, 2])
  }

  private static let allBytes = """
    ffc7fffd8fffffe2fffffe3fffffe4fffffe5fffffe6fffffe7fffffe8ffffeafffffff3fffffa7fffffabffffff
    dfffffebfffffecfffffedfffffeefffffefffffff0ffffff1ffffff2fffffffbfffffcffffffd3fffffd7fffffd
    bfffffdffffffe3fffffe7fffffebfffffed4fe3f9ffaffcabf1febfafefe7fdfd2cbb00089969b71d79fb9f7fff
    20ffbff3ff50ddbd7f061c58f265cd9f469d5af66dddbf871e5f9cff7ff7fffc3ff9ffe45fff4719242cb34e6e9d
    68a6a3d7dac426defe3cfaf7fffbfe7ffbffdffffffcfffe6ffff4bfff9ffffa3fffd3ffff53fffd5ffffb3fffeb
    7fffdaffffb7ffff73fffeeffffdeffffebffffbfffffd9ffffdbfffebffffe0ffffeeffffc3ffff8bffff1ffffe
    4fffee7fffb1ffff97fffd9ffffcdffff9fffffbffffdafffeeffff4ffffb7fffee7fffe8ffffd3fffdeffffd5ff
    feeffffbdffffe1fffdfffff7fffff5ffffecffff07fff87fffe0ffff17fffedffff87ffff77fffeffffeaffff8b
    fffe3ffff93ffff87fffcbffff37ffff1fffff83ffffe1fffebfffe3ffff3fffff2ffffa3ffffd9fffff17ffffc7
    fffff27ffffdefffffbffffff2fffff8fffffb7fff97fff8fffffe6fffffc1fffff87ffffe7fffffc5ffffe5fffe
    4ffff2fffffd1fffff4ffffffefffffe3fffffc9fffff97fffb3ffffcffffb7fffcdffff4ffff9ffffd1ffffcfff
    feaffffafffffddffffeffffff4fffff5fffffabffffa7ffffd7fffff9bffffecfffffb7fffff3fffffe8fffffd3
    fffffabfffff5fffffff7ffffecfffffdbfffffbbfffff7ffffff0fffffbbf
    """

  @Test(
    arguments: [
      ("80", "a number of no field"), ("be", "a field that was not added"),
      ("8286ff", "a number that is cut"), ("ffffffffffff7f", "a number of no table"),
      ("418c", "a text that is cut"), ("0085", "a name that is cut"),
      ("4184ffffffff", "the end of the string in it"), ("4182f1ff", "padding of a byte"),
      ("418100", "padding of zeros"), ("8220", "a size behind a field"),
    ])
  func whatNobodyWritesIsRefused(hex: String, what: String) {
    var blocks = Blocks()
    #expect(blocks.decode(hex: hex) == nil, "\(what)")
  }

  @Test func ofABlockThatIsCutTheFirstFieldsAreRead() {
    let block = bytes("828684418cf1e3c2e5f23a6ba0ab90f4ff")
    for count in block.indices {
      var blocks = Blocks()
      let found = blocks.decode(Array(block[..<count]), isCut: true)
      #expect(found == Array([":method: GET", ":scheme: http", ":path: /"].prefix(min(count, 3))))
    }
  }

  // MARK: Bounds

  @Test func aFieldThatIsTooLargeForTheTableEmptiesIt() {
    var blocks = Blocks()
    _ = blocks.decode(HTTP2Talks.field("a", "1", isAdded: true))
    #expect(blocks.decode(hex: "be") == ["a: 1"])
    let large = String(repeating: "x", count: 5_000)
    #expect(blocks.decode(HTTP2Talks.field("b", large, isAdded: true)) == ["b: \(large)"])
    #expect(blocks.decode(hex: "be") == nil)
  }

  /// Nobody knows then whether the table had room for it.
  @Test func aLargeFieldBeforeWhichNothingWasSeenIsUnknownAndNotAnother() {
    var blocks = Blocks(fromTheStart: false)
    _ = blocks.decode(HTTP2Talks.field("a", "1", isAdded: true))
    let large = String(repeating: "x", count: 70_000)
    _ = blocks.decode(HTTP2Talks.field("b", large, isAdded: true))
    #expect(blocks.decode(hex: "be") == ["?: ?"])
    _ = blocks.decode(HTTP2Talks.field("c", "3", isAdded: true))
    #expect(blocks.decode(hex: "be bf c0") == ["c: 3", "?: ?", "?: ?"])
  }

  @Test func aTableOfAnySizeIsFollowedAsFarAsItsNewestFields() {
    var blocks = Blocks()
    _ = blocks.decode(HTTP2Talks.number(1 << 27, bits: 5, first: 0x20))
    for number in 0..<100_000 {
      _ = blocks.decode(HTTP2Talks.field("n", "\(number)", isAdded: true))
    }
    #expect(blocks.decode(hex: "be bf c0") == ["n: 99999", "n: 99998", "n: 99997"])
    #expect(
      blocks.decode(HTTP2Talks.number(62 + 99_000, bits: 7, first: 0x80)) == ["?: ?"])
    #expect(blocks.decoder.footprint < 32_768)
  }

  @Test func aSizeOfZeroLeavesNothingUnknown() {
    var blocks = Blocks(fromTheStart: false)
    #expect(blocks.decode(hex: "be") == ["?: ?"])
    #expect(blocks.decode(hex: "203fe11f") == [])
    #expect(blocks.decode(hex: "be") == nil)
  }

  @Test func aNameThatWasNotSeenStaysUnknownWhenItIsUsedAgain() {
    var blocks = Blocks(fromTheStart: false)
    // The name of a field that was added before, with a value of its own, which is added.
    #expect(blocks.decode(hex: "7f00 02 6f6b") == ["?: ?"])
    #expect(blocks.decode(hex: "be") == ["?: ?"])
    _ = blocks.decode(HTTP2Talks.field("a", "1", isAdded: true))
    #expect(blocks.decode(hex: "be bf") == ["a: 1", "?: ?"])
  }

  @Test(arguments: UInt64(0)..<20) func noBytesTrap(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    for _ in 0..<500 {
      var blocks = Blocks(fromTheStart: Bool.random(using: &random))
      for _ in 0..<4 { _ = blocks.decode(random.bytes(count: Int(random.next() % 64))) }
    }
  }
}
