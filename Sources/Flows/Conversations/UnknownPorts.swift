// SPDX-License-Identifier: Apache-2.0

/// How many conversations were given up as unknown, by their servers' ports: of the ports that have most.
package struct UnknownPorts: Sendable {
  package struct Entry: Hashable, Sendable {
    package var port: UInt16
    package var conversations: UInt64
  }

  /// Ports that are remembered.
  package static let capacity = 64
  private var entries: [Entry] = []

  package init() {}

  /// Those with most conversations first. A port that took the place of another counts on from what that
  /// had: figures are never too low, and too high by at most the least of them.
  package var ports: [Entry] { entries.sorted { $0.conversations > $1.conversations } }

  mutating func count(_ port: UInt16) {
    if let index = entries.firstIndex(where: { $0.port == port }) {
      entries[index].conversations += 1
    } else if entries.count < Self.capacity {
      entries.append(Entry(port: port, conversations: 1))
    } else if let least = entries.indices.min(by: {
      entries[$0].conversations < entries[$1].conversations
    }) {
      entries[least] = Entry(port: port, conversations: entries[least].conversations + 1)
    }
  }
}
