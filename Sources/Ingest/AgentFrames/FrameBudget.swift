// SPDX-License-Identifier: Apache-2.0

import NIOCore

/// How much the connections of one event loop may hold of frames that are not whole yet.
///
/// A small frame is always let in: connections are bounded, so those are too. The others share a
/// budget. When it is used up, a connection whose frame has been coming for long makes room, so that
/// senders who begin frames and never end them cannot keep the others out.
struct FrameBudget {
  /// A frame up to this many bytes needs no share.
  static let smallFrame = 256 << 10

  private struct Share {
    var bytes: Int
    var since: NIODeadline
  }

  let limit: Int
  /// How long a share is safe from others who wait.
  let patience: TimeAmount
  private(set) var held = 0
  private var shares: [ObjectIdentifier: Share] = [:]

  init(limit: Int, patience: TimeAmount) {
    self.limit = limit
    self.patience = patience
  }

  /// Whether `holder` may read on a frame of so many bytes; asked again, it may.
  mutating func reserve(_ bytes: Int, for holder: ObjectIdentifier, now: NIODeadline) -> Bool {
    guard bytes > Self.smallFrame, shares[holder] == nil else { return true }
    guard held + bytes <= limit || shares.isEmpty else { return false }
    shares[holder] = Share(bytes: bytes, since: now)
    held += bytes
    return true
  }

  /// Gives the share back; false when there was none.
  mutating func release(_ holder: ObjectIdentifier) -> Bool {
    guard let share = shares.removeValue(forKey: holder) else { return false }
    held -= share.bytes
    return true
  }

  /// Who has kept others waiting longest, and for too long.
  func slowest(now: NIODeadline) -> ObjectIdentifier? {
    shares.filter { now - $0.value.since > patience }
      .min { $0.value.since < $1.value.since }?.key
  }
}
