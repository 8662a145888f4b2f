// SPDX-License-Identifier: Apache-2.0

import Protocols
import Telemetry

/// What servers were found to speak: on a connection to one that is known, its protocol is asked first, as on
/// a port of its own.
///
/// Learned of answered requests only. A newer server takes the place of one that has the same slot and is
/// less sure, so memory is what it is from the start.
struct EndpointMemory {
  private struct Entry {
    /// Hash of the server; 0 for none.
    var server: UInt32 = 0
    var number: UInt8 = 0
    /// Conversations that were answered, less those that were not to be read.
    var confidence: UInt8 = 0
  }

  private static let slots = 4_096
  /// Conversations that it takes to be believed.
  private static let enough: UInt8 = 2
  private static let most: UInt8 = 16

  private var entries = [Entry](repeating: Entry(), count: EndpointMemory.slots)
  private let seed: UInt64

  init(seed: UInt64) { self.seed = seed }

  /// The protocol that the conversation's server speaks, as far as is known.
  func number(of conversation: inout Conversation) -> Int? {
    let hash = hash(&conversation)
    let entry = entries[Self.slot(hash)]
    return entry.server == hash && entry.confidence >= Self.enough ? Int(entry.number) : nil
  }

  /// The server of a conversation has answered in its protocol.
  mutating func learn(_ conversation: inout Conversation) {
    let number = conversation.protocolIndex
    let hash = hash(&conversation)
    let slot = Self.slot(hash)
    if entries[slot].server == hash, Int(entries[slot].number) == number {
      if entries[slot].confidence < Self.most { entries[slot].confidence += 1 }
    } else if entries[slot].confidence > 0 {
      entries[slot].confidence -= 1
    } else {
      entries[slot] = Entry(server: hash, number: UInt8(number), confidence: 1)
    }
  }

  /// What was said on a conversation was not its protocol's.
  mutating func doubt(_ conversation: inout Conversation) {
    let number = conversation.protocolIndex
    let hash = hash(&conversation)
    let slot = Self.slot(hash)
    guard entries[slot].server == hash, Int(entries[slot].number) == number else { return }
    entries[slot].confidence /= 2
  }

  private static func slot(_ hash: UInt32) -> Int { Int(hash >> 1) & (slots - 1) }

  private func hash(_ conversation: inout Conversation) -> UInt32 {
    var hash = Hash(seed: seed)
    let port = conversation.serverPort
    let isLocal =
      conversation.side.map { $0 == .server }
      ?? (conversation.localPort == port && conversation.remotePort != port)
    hash.combine(isLocal ? conversation.local : conversation.remote)
    hash.combine(
      UInt64(port) << 40 | UInt64(conversation.networkNamespace) << 8
        | UInt64(conversation.transport.rawValue))
    return hash.value
  }
}
