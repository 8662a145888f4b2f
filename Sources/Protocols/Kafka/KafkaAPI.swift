// SPDX-License-Identifier: Apache-2.0

/// One kind of request, and the places of what is told of all kinds. Facts of Kafka 4.1, and of what
/// earlier ones had: https://kafka.apache.org/protocol#protocol_api_keys.
struct KafkaAPI: Sendable {
  let name: StaticString
  /// The latest version.
  let newest: Int
  /// The first version with varints and tagged fields.
  let flexible: Int
  /// Versions whose response begins with the milliseconds it was held back.
  let throttle: Int
  /// Versions whose response has an error of its own, at the front or behind that number; others have
  /// theirs deeper inside.
  let error: ClosedRange<Int>?
  /// Whether the request begins with the name of a group, and is not read further.
  let hasGroup: Bool
  /// Whether the broker may wait with its answer until there is something to tell.
  let mayBlock: Bool

  init(
    _ name: StaticString, _ newest: Int, flexible: Int, throttle: Int = 0,
    error: ClosedRange<Int>? = 0...99, hasGroup: Bool = false, mayBlock: Bool = false
  ) {
    self.name = name
    self.newest = newest
    self.flexible = flexible
    self.throttle = throttle
    self.error = error
    self.hasGroup = hasGroup
    self.mayBlock = mayBlock
  }

  static let produce = 0
  static let fetch = 1
  static let listOffsets = 2
  static let metadata = 3
  static let offsetCommit = 8
  static let offsetFetch = 9
  static let findCoordinator = 10
  static let saslHandshake = 17
  static let apiVersions = 18
  static let createTopics = 19
  static let deleteTopics = 20
  static let transactionCommit = 28

  static func numbered(_ key: Int) -> KafkaAPI? {
    key >= 0 && key < all.count ? all[key] : nil
  }

  /// Whether errors deep inside of the response are read.
  static func tellsInside(_ key: Int) -> Bool {
    switch key {
    case produce, fetch, listOffsets, metadata, offsetCommit, offsetFetch, findCoordinator,
      apiVersions, createTopics, deleteTopics, transactionCommit:
      true
    default: false
    }
  }

  /// Whether a request is read to its last byte.
  static func isReadWhole(_ key: Int) -> Bool {
    switch key {
    case produce, fetch, metadata, apiVersions: true
    default: false
    }
  }

  private static let never = 100

  /// By their numbers.
  private static let all: [KafkaAPI] = [
    KafkaAPI("Produce", 13, flexible: 9, error: nil),
    KafkaAPI("Fetch", 18, flexible: 12, error: nil, mayBlock: true),
    KafkaAPI("ListOffsets", 11, flexible: 6, throttle: 2, error: nil),
    KafkaAPI("Metadata", 13, flexible: 9, error: nil),
    KafkaAPI("LeaderAndIsr", 7, flexible: 4, throttle: never),
    KafkaAPI("StopReplica", 4, flexible: 2, throttle: never),
    KafkaAPI("UpdateMetadata", 8, flexible: 6, throttle: never),
    KafkaAPI("ControlledShutdown", 3, flexible: 3, throttle: never),
    KafkaAPI("OffsetCommit", 10, flexible: 8, throttle: 3, error: nil),
    KafkaAPI("OffsetFetch", 10, flexible: 6, throttle: 3, error: nil),
    KafkaAPI("FindCoordinator", 6, flexible: 3, throttle: 1, error: 0...3),
    KafkaAPI("JoinGroup", 9, flexible: 6, throttle: 2, hasGroup: true, mayBlock: true),
    KafkaAPI("Heartbeat", 4, flexible: 4, throttle: 1, hasGroup: true),
    KafkaAPI("LeaveGroup", 5, flexible: 4, throttle: 1, hasGroup: true),
    KafkaAPI("SyncGroup", 5, flexible: 4, throttle: 1, hasGroup: true, mayBlock: true),
    KafkaAPI("DescribeGroups", 6, flexible: 5, throttle: 1, error: nil),
    KafkaAPI("ListGroups", 5, flexible: 3, throttle: 1),
    KafkaAPI("SaslHandshake", 1, flexible: never, throttle: never),
    KafkaAPI("ApiVersions", 4, flexible: 3, throttle: never),
    KafkaAPI("CreateTopics", 7, flexible: 5, throttle: 2, error: nil),
    KafkaAPI("DeleteTopics", 6, flexible: 4, throttle: 1, error: nil),
    KafkaAPI("DeleteRecords", 2, flexible: 2, error: nil),
    KafkaAPI("InitProducerId", 6, flexible: 2),
    KafkaAPI("OffsetForLeaderEpoch", 4, flexible: 4, throttle: 2, error: nil),
    KafkaAPI("AddPartitionsToTxn", 5, flexible: 3, error: 4...99),
    KafkaAPI("AddOffsetsToTxn", 4, flexible: 3),
    KafkaAPI("EndTxn", 5, flexible: 3),
    KafkaAPI("WriteTxnMarkers", 2, flexible: 1, throttle: never, error: nil),
    KafkaAPI("TxnOffsetCommit", 5, flexible: 3, error: nil),
    KafkaAPI("DescribeAcls", 3, flexible: 2),
    KafkaAPI("CreateAcls", 3, flexible: 2, error: nil),
    KafkaAPI("DeleteAcls", 3, flexible: 2, error: nil),
    KafkaAPI("DescribeConfigs", 4, flexible: 4, error: nil),
    KafkaAPI("AlterConfigs", 2, flexible: 2, error: nil),
    KafkaAPI("AlterReplicaLogDirs", 2, flexible: 2, error: nil),
    KafkaAPI("DescribeLogDirs", 5, flexible: 2, error: 3...99),
    KafkaAPI("SaslAuthenticate", 2, flexible: 2, throttle: never),
    KafkaAPI("CreatePartitions", 3, flexible: 2, error: nil),
    KafkaAPI("CreateDelegationToken", 3, flexible: 2, throttle: never),
    KafkaAPI("RenewDelegationToken", 2, flexible: 2, throttle: never),
    KafkaAPI("ExpireDelegationToken", 2, flexible: 2, throttle: never),
    KafkaAPI("DescribeDelegationToken", 3, flexible: 2, throttle: never),
    KafkaAPI("DeleteGroups", 2, flexible: 2, error: nil),
    KafkaAPI("ElectLeaders", 2, flexible: 2, error: 1...99),
    KafkaAPI("IncrementalAlterConfigs", 1, flexible: 1, error: nil),
    KafkaAPI("AlterPartitionReassignments", 1, flexible: 0, error: 0...0),
    KafkaAPI("ListPartitionReassignments", 0, flexible: 0),
    KafkaAPI("OffsetDelete", 0, flexible: never, throttle: never, hasGroup: true),
    KafkaAPI("DescribeClientQuotas", 1, flexible: 1),
    KafkaAPI("AlterClientQuotas", 1, flexible: 1, error: nil),
    KafkaAPI("DescribeUserScramCredentials", 0, flexible: 0),
    KafkaAPI("AlterUserScramCredentials", 0, flexible: 0, error: nil),
    KafkaAPI("Vote", 2, flexible: 0, throttle: never),
    KafkaAPI("BeginQuorumEpoch", 1, flexible: 1, throttle: never),
    KafkaAPI("EndQuorumEpoch", 1, flexible: 1, throttle: never),
    KafkaAPI("DescribeQuorum", 2, flexible: 0, throttle: never),
    KafkaAPI("AlterPartition", 3, flexible: 0),
    KafkaAPI("UpdateFeatures", 2, flexible: 0),
    KafkaAPI("Envelope", 0, flexible: 0, throttle: never, error: nil),
    KafkaAPI("FetchSnapshot", 1, flexible: 0),
    KafkaAPI("DescribeCluster", 2, flexible: 0),
    KafkaAPI("DescribeProducers", 0, flexible: 0, error: nil),
    KafkaAPI("BrokerRegistration", 4, flexible: 0),
    KafkaAPI("BrokerHeartbeat", 1, flexible: 0),
    KafkaAPI("UnregisterBroker", 0, flexible: 0),
    KafkaAPI("DescribeTransactions", 0, flexible: 0, error: nil),
    KafkaAPI("ListTransactions", 2, flexible: 0),
    KafkaAPI("AllocateProducerIds", 0, flexible: 0),
    KafkaAPI("ConsumerGroupHeartbeat", 1, flexible: 0, hasGroup: true),
    KafkaAPI("ConsumerGroupDescribe", 1, flexible: 0, error: nil),
    KafkaAPI("ControllerRegistration", 0, flexible: 0),
    KafkaAPI("GetTelemetrySubscriptions", 0, flexible: 0),
    KafkaAPI("PushTelemetry", 0, flexible: 0),
    KafkaAPI("AssignReplicasToDirs", 0, flexible: 0),
    KafkaAPI("ListConfigResources", 1, flexible: 0),
    KafkaAPI("DescribeTopicPartitions", 0, flexible: 0, error: nil),
    KafkaAPI("ShareGroupHeartbeat", 1, flexible: 0, hasGroup: true),
    KafkaAPI("ShareGroupDescribe", 1, flexible: 0, error: nil),
    KafkaAPI("ShareFetch", 2, flexible: 0, hasGroup: true, mayBlock: true),
    KafkaAPI("ShareAcknowledge", 2, flexible: 0, hasGroup: true),
    KafkaAPI("AddRaftVoter", 1, flexible: 0),
    KafkaAPI("RemoveRaftVoter", 0, flexible: 0),
    KafkaAPI("UpdateRaftVoter", 0, flexible: 0),
    KafkaAPI("InitializeShareGroupState", 0, flexible: 0, throttle: never, error: nil),
    KafkaAPI("ReadShareGroupState", 0, flexible: 0, throttle: never, error: nil),
    KafkaAPI("WriteShareGroupState", 1, flexible: 0, throttle: never, error: nil),
    KafkaAPI("DeleteShareGroupState", 0, flexible: 0, throttle: never, error: nil),
    KafkaAPI("ReadShareGroupStateSummary", 1, flexible: 0, throttle: never, error: nil),
    KafkaAPI("StreamsGroupHeartbeat", 0, flexible: 0, hasGroup: true),
    KafkaAPI("StreamsGroupDescribe", 0, flexible: 0, error: nil),
    KafkaAPI("DescribeShareGroupOffsets", 1, flexible: 0, error: nil),
    KafkaAPI("AlterShareGroupOffsets", 0, flexible: 0, error: nil),
    KafkaAPI("DeleteShareGroupOffsets", 0, flexible: 0),
  ]
}
