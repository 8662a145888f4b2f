// SPDX-License-Identifier: Apache-2.0

import Bytes

/// Topics that stand for numbers from when both were said (section 3.3.2.3.4), a few of a connection.
struct MQTTAliases {
  private static let capacity = 16
  /// Longer topics are not kept.
  private static let longest = 256

  private struct Alias {
    var number: Int
    var side: Side
    var topic: [UInt8]
  }

  private var aliases: [Alias] = []

  mutating func remember(_ topic: Span<UInt8>, as number: Int, of side: Side) {
    guard topic.count <= Self.longest else { return }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(topic.count)
    for index in topic.indices { bytes.append(topic[index]) }
    let alias = Alias(number: number, side: side, topic: bytes)
    if let known = aliases.firstIndex(where: { $0.number == number && $0.side == side }) {
      if aliases[known].topic != bytes { aliases[known] = alias }
    } else if aliases.count < Self.capacity {
      aliases.append(alias)
    }
  }

  /// Empty when it is not known.
  func topic(_ number: Int, of side: Side) -> [UInt8] {
    aliases.first { $0.number == number && $0.side == side }?.topic ?? []
  }

  mutating func forget(_ side: Side) { aliases.removeAll { $0.side == side } }
}
