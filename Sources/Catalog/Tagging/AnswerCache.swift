// SPDX-License-Identifier: Apache-2.0

import Telemetry

/// Who ends were, kept by what records say of them, so that most rows cost a look.
///
/// Bounded: what is asked for most stays, because whoever comes takes the place of another one near to
/// where it belongs, and who is pushed out is asked anew.
struct AnswerCache: Sendable {
  struct Key: Hashable, BitwiseCopyable {
    var address: IPAddress
    /// The tag set by what the agent says, and the network's number plus 1.
    var base: UInt32
    var network: UInt32
    /// The other end's tag set, where that says where this one is.
    var peer: UInt32
    var port: UInt16
    var transport: UInt8

    /// Not keyed: who could choose many of one place only makes their own answers be asked again.
    @inline(__always)
    fileprivate var place: Int {
      var hash = address.high ^ (UInt64(base) << 32 | UInt64(network))
      hash = (hash ^ hash >> 32) &* 0x9E37_79B9_7F4A_7C15
      hash ^= address.low ^ UInt64(peer) << 24 ^ UInt64(port) << 8 ^ UInt64(transport)
      hash = (hash ^ hash >> 29) &* 0xBF58_476D_1CE4_E5B9
      return Int(truncatingIfNeeded: (hash ^ hash >> 32) & 0x7fff_ffff)
    }
  }

  struct Answer: BitwiseCopyable {
    var key: Key
    var tags: EndTags
    var resolution: Resolution
    /// Of the ``ChangeMarks``; 0 in an empty place.
    var mark: UInt32
  }

  private static let smallest = 1 << 10
  private static let largest = 1 << 19
  /// Places that are looked at.
  private static let reach = 8

  private var answers: [Answer] = []
  private(set) var count = 0

  /// Where the answer stands; nil where there is none.
  @inline(__always)
  func find(_ key: Key) -> Int? {
    guard !answers.isEmpty else { return nil }
    let mask = answers.count - 1
    var place = key.place & mask
    for _ in 0..<Self.reach {
      if answers[place].mark == 0 { return nil }
      if answers[place].key == key { return place }
      place = (place + 1) & mask
    }
    return nil
  }

  subscript(place: Int) -> Answer {
    @inline(__always) _read { yield answers[place] }
  }

  mutating func put(_ answer: Answer) {
    if answers.isEmpty || (count >= answers.count / 2 && answers.count < Self.largest) { grow() }
    place(answer)
  }

  mutating func removeAll() {
    answers = []
    count = 0
  }

  private mutating func place(_ answer: Answer) {
    let mask = answers.count - 1
    let first = answer.key.place & mask
    var place = first
    for _ in 0..<Self.reach {
      if answers[place].mark == 0 {
        answers[place] = answer
        count += 1
        return
      }
      if answers[place].key == answer.key {
        answers[place] = answer
        return
      }
      place = (place + 1) & mask
    }
    // The oldest of them makes room.
    let oldest = (0..<Self.reach).min {
      answers[(first + $0) & mask].mark < answers[(first + $1) & mask].mark
    }
    answers[(first + (oldest ?? 0)) & mask] = answer
  }

  private mutating func grow() {
    let old = answers
    let empty = Answer(
      key: Key(
        address: .unspecified, base: 0, network: 0, peer: 0, port: 0, transport: 0),
      tags: EndTags(tagSet: 0, service: 0, serviceKind: .address), resolution: Resolution(),
      mark: 0)
    answers = [Answer](
      repeating: empty, count: min(Self.largest, max(Self.smallest, old.count * 4)))
    count = 0
    for answer in old where answer.mark != 0 { place(answer) }
  }
}
