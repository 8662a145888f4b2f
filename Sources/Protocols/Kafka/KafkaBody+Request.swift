// SPDX-License-Identifier: Apache-2.0

/// Bodies of requests. The fields of each version: https://kafka.apache.org/protocol#protocol_messages.
extension KafkaBody {
  mutating func readRequest(
    _ api: KafkaAPI, in bytes: Span<UInt8>
  ) throws(KafkaFault) {
    switch key {
    case KafkaAPI.produce: try readProduce(in: bytes)
    case KafkaAPI.fetch: try readFetch(in: bytes)
    case KafkaAPI.metadata: try readMetadata(in: bytes)
    case KafkaAPI.findCoordinator: try readCoordinator(in: bytes)
    case KafkaAPI.apiVersions: try readClient(in: bytes)
    case KafkaAPI.listOffsets: try readListOffsets(in: bytes)
    case KafkaAPI.offsetCommit: try readOffsetCommit(in: bytes)
    case KafkaAPI.offsetFetch: try readOffsetFetch(in: bytes)
    case KafkaAPI.transactionCommit: try readTransactionCommit(in: bytes)
    case KafkaAPI.createTopics, KafkaAPI.deleteTopics: try readTopics(in: bytes)
    default: if api.hasGroup { group = try cursor.text(in: bytes) }
    }
  }

  private mutating func readProduce(in bytes: Span<UInt8>) throws(KafkaFault) {
    if version >= 3 { _ = try cursor.text(in: bytes) }
    acks = try cursor.number(of: 2, in: bytes)
    try cursor.pass(4)
    let topicCount = try cursor.count(in: bytes)
    for topic in 0..<topicCount {
      try readTopic(in: bytes)
      let partitionCount = try cursor.count(in: bytes)
      for partition in 0..<partitionCount {
        note(partition: try cursor.number(of: 4, in: bytes), offset: nil)
        try readRecords(in: bytes)
        recordsAreCounted = topic + 1 == topicCount && partition + 1 == partitionCount
        try cursor.tags(in: bytes)
      }
      try cursor.tags(in: bytes)
    }
    try cursor.tags(in: bytes)
  }

  private mutating func readFetch(in bytes: Span<UInt8>) throws(KafkaFault) {
    // The replica up to version 14, how long to wait and for how much; how much at most; isolation;
    // the session.
    try cursor.pass(
      (version < 15 ? 12 : 8) + (version >= 3 ? 4 : 0) + (version >= 4 ? 1 : 0)
        + (version >= 7 ? 8 : 0))
    for _ in 0..<(try cursor.count(in: bytes)) {
      try readTopic(in: bytes)
      for _ in 0..<(try cursor.count(in: bytes)) {
        let partition = try cursor.number(of: 4, in: bytes)
        if version >= 9 { try cursor.pass(4) }
        note(partition: partition, offset: try cursor.number(of: 8, in: bytes))
        try cursor.pass((version >= 12 ? 4 : 0) + (version >= 5 ? 8 : 0) + 4)
        try cursor.tags(in: bytes)
      }
      try cursor.tags(in: bytes)
    }
    if version >= 7 { try passForgotten(in: bytes) }
    if version >= 11 { _ = try cursor.text(in: bytes) }
    try cursor.tags(in: bytes)
  }

  /// Topics that a session is to leave out.
  private mutating func passForgotten(in bytes: Span<UInt8>) throws(KafkaFault) {
    for _ in 0..<(try cursor.count(in: bytes)) {
      if version >= 13 { try cursor.pass(16) } else { _ = try cursor.text(in: bytes) }
      try cursor.pass(4 * (try cursor.count(in: bytes)))
      try cursor.tags(in: bytes)
    }
  }

  private mutating func readMetadata(in bytes: Span<UInt8>) throws(KafkaFault) {
    for _ in 0..<(try cursor.count(in: bytes)) {
      let id = version >= 10 ? try cursor.range(of: 16, in: bytes) : 0..<0
      let name = try cursor.text(in: bytes)
      add(topic: name.isEmpty ? id : name, isID: name.isEmpty)
      try cursor.tags(in: bytes)
    }
    // What may be created, and which rights are told of.
    try cursor.pass((version >= 4 ? 1 : 0) + (version >= 8 ? 1 : 0) + (8...10 ~= version ? 1 : 0))
    try cursor.tags(in: bytes)
  }

  private mutating func readCoordinator(in bytes: Span<UInt8>) throws(KafkaFault) {
    if version >= 4 {
      // Of a group, not of a transaction.
      guard try cursor.number(of: 1, in: bytes) == 0, try cursor.count(in: bytes) > 0 else {
        return
      }
      group = try cursor.text(in: bytes)
    } else {
      let name = try cursor.text(in: bytes)
      if version == 0 { return group = name }
      if try cursor.number(of: 1, in: bytes) == 0 { group = name }
    }
  }

  private mutating func readClient(in bytes: Span<UInt8>) throws(KafkaFault) {
    guard version >= 3 else { return }
    software = try cursor.text(in: bytes)
    softwareVersion = try cursor.text(in: bytes)
    try cursor.tags(in: bytes)
  }
}
