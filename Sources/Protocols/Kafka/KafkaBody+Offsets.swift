// SPDX-License-Identifier: Apache-2.0

/// Bodies about the offsets of groups and partitions, and about topics as such; responses to these have
/// their errors at each partition or topic.
extension KafkaBody {
  mutating func readListOffsets(in bytes: Span<UInt8>) throws(KafkaFault) {
    try cursor.pass(version >= 2 ? 5 : 4)
    for _ in 0..<(try cursor.count(in: bytes)) {
      try readTopic(in: bytes)
      for _ in 0..<(try cursor.count(in: bytes)) {
        note(partition: try cursor.number(of: 4, in: bytes), offset: nil)
        try cursor.pass((version >= 4 ? 4 : 0) + (version == 0 ? 12 : 8))
        try cursor.tags(in: bytes)
      }
      try cursor.tags(in: bytes)
    }
  }

  mutating func readOffsetCommit(in bytes: Span<UInt8>) throws(KafkaFault) {
    group = try cursor.text(in: bytes)
    if version >= 1 {
      try cursor.pass(4)
      _ = try cursor.text(in: bytes)
    }
    if version >= 7 { _ = try cursor.text(in: bytes) }
    if 2...4 ~= version { try cursor.pass(8) }
    try readCommitted((version >= 6 ? 4 : 0) + (version == 1 ? 8 : 0), in: bytes)
  }

  mutating func readTransactionCommit(in bytes: Span<UInt8>) throws(KafkaFault) {
    _ = try cursor.text(in: bytes)
    group = try cursor.text(in: bytes)
    try cursor.pass(version >= 3 ? 14 : 10)
    if version >= 3 {
      _ = try cursor.text(in: bytes)
      _ = try cursor.text(in: bytes)
    }
    try readCommitted(version >= 2 ? 4 : 0, in: bytes)
  }

  /// Topics of partitions and offsets, behind each of which there are `further` bytes and a note.
  private mutating func readCommitted(
    _ further: Int, in bytes: Span<UInt8>
  ) throws(KafkaFault) {
    for _ in 0..<(try cursor.count(in: bytes)) {
      try readTopic(in: bytes)
      for _ in 0..<(try cursor.count(in: bytes)) {
        let partition = try cursor.number(of: 4, in: bytes)
        note(partition: partition, offset: try cursor.number(of: 8, in: bytes))
        try cursor.pass(further)
        _ = try cursor.text(in: bytes)
        try cursor.tags(in: bytes)
      }
      try cursor.tags(in: bytes)
    }
  }

  mutating func readOffsetFetch(in bytes: Span<UInt8>) throws(KafkaFault) {
    // Of several groups, the first.
    if version >= 8, try cursor.count(in: bytes) == 0 { return }
    group = try cursor.text(in: bytes)
    if version >= 9 {
      _ = try cursor.text(in: bytes)
      try cursor.pass(4)
    }
    for _ in 0..<(try cursor.count(in: bytes)) {
      try readTopic(in: bytes)
      try cursor.pass(4 * (try cursor.count(in: bytes)))
      try cursor.tags(in: bytes)
    }
  }

  mutating func readTopics(in bytes: Span<UInt8>) throws(KafkaFault) {
    for _ in 0..<(try cursor.count(in: bytes)) {
      add(topic: try cursor.text(in: bytes), isID: false)
      if key == KafkaAPI.createTopics {
        // Of what it is to be like nothing is told: the further ones are not looked for.
        return
      }
      if version >= 6 { try cursor.pass(16) }
      if version >= 6 { try cursor.tags(in: bytes) }
    }
  }

  /// Errors of partitions, with `further` bytes behind each.
  mutating func readPartitionErrors(
    _ further: Int, in bytes: Span<UInt8>
  ) throws(KafkaFault) {
    for _ in 0..<(try cursor.count(in: bytes)) {
      try readTopic(in: bytes)
      for _ in 0..<(try cursor.count(in: bytes)) {
        try cursor.pass(4)
        note(error: try cursor.number(of: 2, in: bytes))
        if key == KafkaAPI.listOffsets, version == 0 {
          try cursor.pass(8 * (try cursor.count(in: bytes)))
        }
        try cursor.pass(further)
        try cursor.tags(in: bytes)
      }
      try cursor.tags(in: bytes)
    }
    note(error: 0)
  }

  mutating func readFetchedOffsets(in bytes: Span<UInt8>) throws(KafkaFault) {
    let groups = version >= 8 ? try cursor.count(in: bytes) : 1
    for _ in 0..<groups {
      if version >= 8 { _ = try cursor.text(in: bytes) }
      for _ in 0..<(try cursor.count(in: bytes)) {
        try readTopic(in: bytes)
        for _ in 0..<(try cursor.count(in: bytes)) {
          try cursor.pass(12 + (version >= 5 ? 4 : 0))
          _ = try cursor.text(in: bytes)
          note(error: try cursor.number(of: 2, in: bytes))
          try cursor.tags(in: bytes)
        }
        try cursor.tags(in: bytes)
      }
      if version >= 2 { note(error: try cursor.number(of: 2, in: bytes)) }
      if version >= 8 { try cursor.tags(in: bytes) }
    }
    note(error: 0)
  }

  mutating func readCoordinators(in bytes: Span<UInt8>) throws(KafkaFault) {
    for _ in 0..<(try cursor.count(in: bytes)) {
      _ = try cursor.text(in: bytes)
      try cursor.pass(4)
      _ = try cursor.text(in: bytes)
      try cursor.pass(4)
      note(error: try cursor.number(of: 2, in: bytes))
      _ = try cursor.text(in: bytes)
      try cursor.tags(in: bytes)
    }
    note(error: 0)
  }

  /// What became of topics that were to be made or deleted.
  mutating func readTopicErrors(in bytes: Span<UInt8>) throws(KafkaFault) {
    let isMade = key == KafkaAPI.createTopics
    for _ in 0..<(try cursor.count(in: bytes)) {
      _ = try cursor.text(in: bytes)
      if version >= (isMade ? 7 : 6) { try cursor.pass(16) }
      note(error: try cursor.number(of: 2, in: bytes))
      if version >= (isMade ? 1 : 5) { _ = try cursor.text(in: bytes) }
      if isMade, version >= 5 { try passSettings(in: bytes) }
      try cursor.tags(in: bytes)
    }
    note(error: 0)
  }

  private mutating func passSettings(in bytes: Span<UInt8>) throws(KafkaFault) {
    try cursor.pass(6)
    for _ in 0..<(try cursor.count(in: bytes)) {
      _ = try cursor.text(in: bytes)
      _ = try cursor.text(in: bytes)
      try cursor.pass(3)
      try cursor.tags(in: bytes)
    }
  }
}
