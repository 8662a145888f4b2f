// SPDX-License-Identifier: Apache-2.0

import Bytes

/// Topics and subscriptions of producers and consumers, which go by numbers once they are made: of a few of
/// them, the oldest give way.
struct PulsarNames {
  struct Entry {
    var id: UInt64
    var isProducer: Bool
    var topic: [UInt8]
    var subscription: [UInt8]
  }

  private static let most = 64
  private static let longest = 256

  private var entries: [Entry] = []

  var heldBytes: Int { entries.count * (2 * Self.longest + 64) }

  mutating func note(
    _ id: UInt64, isProducer: Bool, _ topic: Span<UInt8>, _ subscription: Span<UInt8>
  ) {
    entries.removeAll { $0.id == id && $0.isProducer == isProducer }
    if entries.count == Self.most { entries.removeFirst() }
    func copy(_ text: Span<UInt8>) -> [UInt8] {
      (0..<min(text.count, Self.longest)).map { text[$0] }
    }
    entries.append(
      Entry(id: id, isProducer: isProducer, topic: copy(topic), subscription: copy(subscription)))
  }

  func entry(_ id: UInt64, isProducer: Bool) -> Entry? {
    entries.last { $0.id == id && $0.isProducer == isProducer }
  }

  mutating func remove(_ id: UInt64, isProducer: Bool) {
    entries.removeAll { $0.id == id && $0.isProducer == isProducer }
  }
}

/// `MessageIdData`: ledger, entry, and the partition when it is of one.
struct PulsarMessageID {
  private(set) var numbers = NumberRow()

  init(_ bytes: Span<UInt8>, _ range: Range<Int>) {
    var (ledger, entry): (UInt64, UInt64) = (0, 0)
    var partition: Int32 = -1
    var fields = ProtobufCursor(range)
    while fields.next(in: bytes) {
      switch fields.field {
      case 1: ledger = fields.value
      case 2: entry = fields.value
      case 3: partition = Int32(truncatingIfNeeded: fields.value)
      default: break
      }
    }
    numbers.push(ledger)
    numbers.push(entry)
    if partition >= 0 { numbers.push(UInt64(partition)) }
  }
}
