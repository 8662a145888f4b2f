// SPDX-License-Identifier: Apache-2.0

/// Bodies of responses. The fields of each version: https://kafka.apache.org/protocol#protocol_messages.
extension KafkaBody {
  mutating func readResponse(
    _ api: KafkaAPI, in bytes: Span<UInt8>
  ) throws(KafkaFault) {
    switch key {
    case KafkaAPI.produce: try readProduced(in: bytes)
    case KafkaAPI.fetch: try readFetched(in: bytes)
    case KafkaAPI.metadata: try readCluster(in: bytes)
    case KafkaAPI.apiVersions: try readVersions(in: bytes)
    default:
      if version >= api.throttle { throttle = try cursor.number(of: 4, in: bytes) }
      if api.error?.contains(version) == true { note(error: try cursor.number(of: 2, in: bytes)) }
      try readInside(in: bytes)
    }
  }

  /// Errors that are not at the front.
  private mutating func readInside(in bytes: Span<UInt8>) throws(KafkaFault) {
    switch key {
    case KafkaAPI.listOffsets:
      try readPartitionErrors((version >= 1 ? 16 : 0) + (version >= 4 ? 4 : 0), in: bytes)
    case KafkaAPI.offsetCommit, KafkaAPI.transactionCommit:
      try readPartitionErrors(0, in: bytes)
    case KafkaAPI.offsetFetch: try readFetchedOffsets(in: bytes)
    case KafkaAPI.findCoordinator: if version >= 4 { try readCoordinators(in: bytes) }
    case KafkaAPI.createTopics, KafkaAPI.deleteTopics: try readTopicErrors(in: bytes)
    default: break
    }
  }

  private mutating func readProduced(in bytes: Span<UInt8>) throws(KafkaFault) {
    for _ in 0..<(try cursor.count(in: bytes)) {
      try readTopic(in: bytes)
      for _ in 0..<(try cursor.count(in: bytes)) {
        let partition = try cursor.number(of: 4, in: bytes)
        note(error: try cursor.number(of: 2, in: bytes))
        note(partition: partition, offset: try cursor.number(of: 8, in: bytes))
        try cursor.pass((version >= 2 ? 8 : 0) + (version >= 5 ? 8 : 0))
        if version >= 8 { try passRecordErrors(in: bytes) }
        try cursor.tags(in: bytes)
      }
      try cursor.tags(in: bytes)
    }
    if version >= 1 { throttle = try cursor.number(of: 4, in: bytes) }
    try cursor.tags(in: bytes)
  }

  private mutating func passRecordErrors(in bytes: Span<UInt8>) throws(KafkaFault) {
    for _ in 0..<(try cursor.count(in: bytes)) {
      try cursor.pass(4)
      _ = try cursor.text(in: bytes)
      try cursor.tags(in: bytes)
    }
    _ = try cursor.text(in: bytes)
  }

  private mutating func readFetched(in bytes: Span<UInt8>) throws(KafkaFault) {
    if version >= 1 { throttle = try cursor.number(of: 4, in: bytes) }
    if version >= 7 {
      note(error: try cursor.number(of: 2, in: bytes))
      try cursor.pass(4)
    }
    let topicCount = try cursor.count(in: bytes)
    recordsAreCounted = topicCount == 0
    for topic in 0..<topicCount {
      try readTopic(in: bytes)
      let partitionCount = try cursor.count(in: bytes)
      for partition in 0..<partitionCount {
        let number = try cursor.number(of: 4, in: bytes)
        note(partition: number, offset: nil)
        note(error: try cursor.number(of: 2, in: bytes))
        try cursor.pass(8 + (version >= 4 ? 8 : 0) + (version >= 5 ? 8 : 0))
        if version >= 4 { try passAborted(in: bytes) }
        if version >= 11 { try cursor.pass(4) }
        try readRecords(in: bytes)
        noteRecords(of: number)
        recordsAreCounted = topic + 1 == topicCount && partition + 1 == partitionCount
        try cursor.tags(in: bytes)
      }
      try cursor.tags(in: bytes)
    }
    try cursor.tags(in: bytes)
  }

  private mutating func passAborted(in bytes: Span<UInt8>) throws(KafkaFault) {
    for _ in 0..<(try cursor.count(in: bytes)) {
      _ = try cursor.range(of: 16, in: bytes)
      try cursor.tags(in: bytes)
    }
  }

  private mutating func readCluster(in bytes: Span<UInt8>) throws(KafkaFault) {
    if version >= 3 { throttle = try cursor.number(of: 4, in: bytes) }
    for _ in 0..<(try cursor.count(in: bytes)) {
      try cursor.pass(4)
      _ = try cursor.text(in: bytes)
      try cursor.pass(4)
      if version >= 1 { _ = try cursor.text(in: bytes) }
      try cursor.tags(in: bytes)
    }
    if version >= 2 { _ = try cursor.text(in: bytes) }
    if version >= 1 { try cursor.pass(4) }
    for _ in 0..<(try cursor.count(in: bytes)) {
      note(error: try cursor.number(of: 2, in: bytes))
      _ = try cursor.text(in: bytes)
      try cursor.pass((version >= 10 ? 16 : 0) + (version >= 1 ? 1 : 0))
      for _ in 0..<(try cursor.count(in: bytes)) { try passPartition(in: bytes) }
      if version >= 8 { try cursor.pass(4) }
      try cursor.tags(in: bytes)
    }
    if 8...10 ~= version { try cursor.pass(4) }
    if version >= 13 { note(error: try cursor.number(of: 2, in: bytes)) }
    // What is wrong with a partition, such as that it has no leader, is told and no failure of this.
    note(error: 0)
  }

  private mutating func passPartition(in bytes: Span<UInt8>) throws(KafkaFault) {
    try cursor.pass(10 + (version >= 7 ? 4 : 0))
    for _ in 0..<(version >= 5 ? 3 : 2) {
      try cursor.pass(4 * (try cursor.count(in: bytes)))
    }
    try cursor.tags(in: bytes)
  }

  private mutating func readVersions(in bytes: Span<UInt8>) throws(KafkaFault) {
    let error = try cursor.number(of: 2, in: bytes)
    note(error: error)
    // A broker that does not know the version says so in the oldest form.
    guard error == 0, version >= 1 else { return }
    for _ in 0..<(try cursor.count(in: bytes)) {
      _ = try cursor.range(of: 6, in: bytes)
      try cursor.tags(in: bytes)
    }
    throttle = try cursor.number(of: 4, in: bytes)
  }
}
