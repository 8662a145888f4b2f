// SPDX-License-Identifier: Apache-2.0

import Bytes

/// The links that messages go over, by who says their number: of a few, the oldest give way.
struct AMQP10Links {
  struct Link {
    var side: Side
    var channel: UInt16
    var handle: UInt64
    var address: [UInt8]
    /// Whether all messages of it are settled when they are sent.
    var isSettled: Bool
  }

  private static let most = 64
  private static let longest = 256

  private var links: [Link] = []

  var heldBytes: Int { links.count * (Self.longest + 48) }

  mutating func note(
    _ side: Side, _ channel: UInt16, _ handle: UInt64, _ address: Span<UInt8>, isSettled: Bool
  ) {
    remove(side, channel, handle)
    if links.count == Self.most { links.removeFirst() }
    links.append(
      Link(
        side: side, channel: channel, handle: handle,
        address: (0..<min(address.count, Self.longest)).map { address[$0] }, isSettled: isSettled))
  }

  func link(_ side: Side, _ channel: UInt16, _ handle: UInt64) -> Link? {
    links.last { $0.side == side && $0.channel == channel && $0.handle == handle }
  }

  mutating func remove(_ side: Side, _ channel: UInt16, _ handle: UInt64) {
    links.removeAll { $0.side == side && $0.channel == channel && $0.handle == handle }
  }
}

/// What a receiver made of deliveries (part 2, section 2.7.6): one answer each.
struct AMQP10Outcome {
  var first: UInt64
  var last: UInt64
  /// Of the state (part 3, section 3.4); nil when there is none.
  var state: UInt64?
  var isFailed = false
  var condition = 0..<0
}
