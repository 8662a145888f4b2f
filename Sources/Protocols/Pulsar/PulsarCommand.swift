// SPDX-License-Identifier: Apache-2.0

import Bytes

/// What a command says, of all kinds: each has few of these.
struct PulsarCommand {
  private(set) var requestID: UInt64?
  private(set) var topic = 0..<0
  private(set) var subscription = 0..<0
  private(set) var producer: UInt64?
  private(set) var consumer: UInt64?
  private(set) var sequence: UInt64?
  private(set) var messages: UInt64 = 1
  private(set) var messageID = 0..<0
  private(set) var error: UInt64?
  private(set) var version = 0..<0

  /// Reads as much as is in view.
  init(_ kind: PulsarKind, _ bytes: Span<UInt8>, _ range: Range<Int>) {
    var fields = ProtobufCursor(range.clamped(to: 0..<bytes.count))
    while fields.next(in: bytes) {
      if fields.field == kind.requestIDField { requestID = fields.value }
      take(kind, fields)
    }
  }

  private mutating func take(_ kind: PulsarKind, _ field: ProtobufCursor) {
    switch (kind, field.field) {
    case (.connect, 1), (.connected, 1): version = field.range
    case (.subscribe, 1), (.producer, 1), (.partitionedMetadata, 1), (.lookup, 1), (.getSchema, 2),
      (.getOrCreateSchema, 2), (.getTopicsOfNamespace, 2), (.watchTopicList, 3):
      topic = field.range
    case (.subscribe, 2): subscription = field.range
    case (.subscribe, 4), (.ack, 1), (.flow, 1), (.message, 1), (.unsubscribe, 1), (.seek, 1),
      (.closeConsumer, 1), (.getLastMessageID, 1), (.redeliver, 1), (.activeConsumerChange, 1),
      (.reachedEndOfTopic, 1):
      consumer = field.value
    case (.producer, 2), (.send, 1), (.sendReceipt, 1), (.sendError, 1), (.closeProducer, 1):
      producer = field.value
    case (.send, 2), (.sendReceipt, 2), (.sendError, 2): sequence = field.value
    case (.send, 3): messages = field.value
    case (.sendReceipt, 3), (.message, 2), (.getLastMessageIDResponse, 1): messageID = field.range
    case (.ack, 3): if messageID.isEmpty { messageID = field.range }
    case (.sendError, 3), (.error, 2), (.getSchemaResponse, 2), (.getOrCreateSchemaResponse, 2),
      (.consumerStatsResponse, 2), (.connectToCoordinatorResponse, 2),
      (.partitionedMetadataResponse, 4), (.ackResponse, 4), (.newTransactionResponse, 4),
      (.addPartitionToTransactionResponse, 4), (.addSubscriptionToTransactionResponse, 4),
      (.endTransactionResponse, 4), (.endTransactionOnPartitionResponse, 4),
      (.endTransactionOnSubscriptionResponse, 4), (.lookupResponse, 6):
      error = field.value
    default: break
    }
  }
}

/// What stands in front of a message: a magic number and a checksum, or what the broker adds, and
/// `MessageMetadata`.
struct PulsarMetadata {
  private(set) var partitionKey = 0..<0
  private(set) var trace = TraceHeaders()
  private(set) var messages: UInt64?

  /// Reads what stands at `start`, as far as it is in view.
  init(_ bytes: Span<UInt8>, at start: Int, to end: Int) {
    var cursor = ByteCursor(at: start, to: min(end, bytes.count))
    do throws(EndOfBytes) { try read(&cursor, bytes) } catch {}
  }

  private mutating func read(
    _ cursor: inout ByteCursor, _ bytes: Span<UInt8>
  ) throws(EndOfBytes) {
    var size = try cursor.number(of: 4, in: bytes)
    if size >> 16 == 0x0e02 {
      // `BrokerEntryMetadata`: its length has two bytes more.
      size = (size & 0xffff) << 16 | (try cursor.number(of: 2, in: bytes))
      try cursor.skip(Int(size), in: bytes)
      size = try cursor.number(of: 4, in: bytes)
    }
    if size >> 16 == 0x0e01 {
      try cursor.skip(2, in: bytes)
      size = try cursor.number(of: 4, in: bytes)
    }
    let metadata = try cursor.range(of: Int(size), in: bytes)
    var fields = ProtobufCursor(metadata)
    while fields.next(in: bytes) {
      switch fields.field {
      case 4: take(bytes, fields.range)
      case 6: partitionKey = fields.range
      case 11: messages = fields.value
      default: break
      }
    }
  }

  /// `KeyValue`.
  private mutating func take(_ bytes: Span<UInt8>, _ range: Range<Int>) {
    var name = 0..<0
    var value = 0..<0
    var fields = ProtobufCursor(range)
    while fields.next(in: bytes) {
      if fields.field == 1 { name = fields.range }
      if fields.field == 2 { value = fields.range }
    }
    guard let folded = HeaderName(bytes.clipped(name)), let header = TraceHeader(folded) else {
      return
    }
    trace.note(header, at: Place(start: value.lowerBound, end: value.upperBound))
  }
}
