// SPDX-License-Identifier: Apache-2.0

/// What the body of a request or a response tells, as far as it can be read.
struct KafkaBody {
  var cursor: KafkaCursor
  let key: Int
  let version: Int

  /// Where the names of topics stand, or their ids.
  private(set) var topics: [8 of Range<Int>] = InlineArray(repeating: 0..<0)
  private(set) var topicCount = 0
  private(set) var topicsAreIDs = false
  /// The first partition that is named, and where it is read from, or was written to.
  private(set) var partition: Int64?
  private(set) var offset: Int64?
  var records = KafkaRecords()
  /// Where the records that were fetched lie, if in one partition: its topic, its number, and that of
  /// the first record in it.
  private(set) var recordTopic = 0..<0
  private(set) var recordPlace: (partition: Int64, offset: Int64)?
  private var recordPartitions = 0
  private var latestTopic = 0..<0
  /// Whether ``records`` are those of all partitions.
  var recordsAreCounted = false
  /// Milliseconds that the client's quota held the response back.
  var throttle: Int64 = 0
  /// The first error.
  private(set) var error: Int64?
  var acks: Int64?
  var group = 0..<0
  /// Of the client: its software's name, and the version of that.
  var software = 0..<0
  var softwareVersion = 0..<0

  init(at place: Int, key: Int, version: Int, isFlexible: Bool) {
    cursor = KafkaCursor(at: place, isFlexible: isFlexible)
    self.key = key
    self.version = version
  }

  /// What a request tells; nil when nobody knows how it is built.
  init?(ofRequest header: KafkaHeader, _ bytes: Span<UInt8>) {
    guard let api = header.api, header.version <= api.newest, let place = header.body else {
      return nil
    }
    self.init(
      at: place, key: header.key, version: header.version, isFlexible: header.isFlexible)
    // What ends in the middle is told as far as it goes.
    try? readRequest(api, in: bytes)
  }

  /// Reads which topic comes next. Later versions have its id in place of its name (KIP-516).
  mutating func readTopic(in bytes: Span<UInt8>) throws(KafkaFault) {
    let isID =
      switch key {
      case KafkaAPI.produce, KafkaAPI.fetch: version >= 13
      case KafkaAPI.offsetCommit, KafkaAPI.offsetFetch: version >= 10
      default: false
      }
    add(
      topic: isID
        ? try cursor.range(of: 16, in: bytes) : try cursor.text(in: bytes), isID: isID)
  }

  mutating func add(topic: Range<Int>, isID: Bool) {
    latestTopic = topic
    guard !topic.isEmpty, topicCount < topics.count else { return }
    topics[topicCount] = topic
    topicCount += 1
    topicsAreIDs = isID
  }

  mutating func note(partition: Int64, offset: Int64?) {
    guard self.partition == nil else { return }
    self.partition = partition
    // -1 when nothing was written.
    if let offset, offset >= 0 { self.offset = offset }
  }

  /// Notes that records of a partition were read.
  mutating func noteRecords(of partition: Int64) {
    guard let first = records.firstOffset else { return }
    recordPartitions += 1
    recordTopic = latestTopic
    recordPlace = recordPartitions == 1 && first >= 0 ? (partition, first) : nil
  }

  mutating func note(error: Int64) {
    if self.error == nil || self.error == 0 { self.error = error }
  }

  /// Passes over records and counts them.
  mutating func readRecords(in bytes: Span<UInt8>) throws(KafkaFault) {
    let length = max(0, try cursor.length(of: 4, in: bytes))
    records.add(length, from: cursor.place, in: bytes)
    try cursor.pass(length)
  }
}
