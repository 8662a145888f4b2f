// SPDX-License-Identifier: Apache-2.0

import Telemetry

/// `BaseCommand.Type`.
enum PulsarKind: UInt8 {
  case connect = 2
  case connected, subscribe, producer, send, sendReceipt, sendError, message, ack, flow, unsubscribe
  case success, error, closeProducer, closeConsumer, producerSuccess, ping, pong, redeliver
  case partitionedMetadata, partitionedMetadataResponse, lookup, lookupResponse, consumerStats
  case consumerStatsResponse, reachedEndOfTopic, seek, getLastMessageID, getLastMessageIDResponse
  case activeConsumerChange, getTopicsOfNamespace, getTopicsOfNamespaceResponse, getSchema
  case getSchemaResponse, authChallenge, authResponse, ackResponse, getOrCreateSchema
  case getOrCreateSchemaResponse
  case newTransaction = 50
  case newTransactionResponse, addPartitionToTransaction, addPartitionToTransactionResponse
  case addSubscriptionToTransaction, addSubscriptionToTransactionResponse, endTransaction
  case endTransactionResponse, endTransactionOnPartition, endTransactionOnPartitionResponse
  case endTransactionOnSubscription, endTransactionOnSubscriptionResponse, connectToCoordinator
  case connectToCoordinatorResponse, watchTopicList, watchTopicListSuccess, watchTopicUpdate
  case watchTopicListClose, topicMigrated

  enum Role {
    case request, answer, oneWay, silent
  }

  var role: Role {
    switch self {
    case .ping, .pong, .authChallenge, .authResponse: .silent
    case .connect, .subscribe, .producer, .send, .unsubscribe, .closeProducer, .closeConsumer,
      .partitionedMetadata, .lookup, .consumerStats, .seek, .getLastMessageID,
      .getTopicsOfNamespace, .getSchema, .getOrCreateSchema, .newTransaction,
      .addPartitionToTransaction, .addSubscriptionToTransaction, .endTransaction,
      .endTransactionOnPartition, .endTransactionOnSubscription, .connectToCoordinator,
      .watchTopicList, .watchTopicListClose:
      .request
    case .message, .flow, .ack, .redeliver, .reachedEndOfTopic, .activeConsumerChange,
      .watchTopicUpdate, .topicMigrated:
      .oneWay
    default: .answer
    }
  }

  /// The only side that says it; nil when both do.
  var sender: Side? {
    switch self {
    case .ping, .pong, .closeProducer, .closeConsumer: nil
    case .authChallenge, .message, .reachedEndOfTopic, .activeConsumerChange, .watchTopicUpdate,
      .topicMigrated:
      .server
    case .authResponse, .flow, .ack, .redeliver: .client
    default: role == .request ? .client : .server
    }
  }

  /// The field of the command that holds the id by which requests and answers find each other; nil of those
  /// of messages, and of the first.
  var requestIDField: Int? {
    switch self {
    case .subscribe: 5
    case .producer: 3
    case .unsubscribe, .closeProducer, .closeConsumer, .partitionedMetadata,
      .partitionedMetadataResponse, .lookup, .seek, .getLastMessageID, .getLastMessageIDResponse:
      2
    case .lookupResponse: 4
    case .ack: 8
    case .ackResponse: 6
    case .connect, .connected, .send, .sendReceipt, .sendError, .message, .flow, .redeliver,
      .activeConsumerChange, .reachedEndOfTopic, .watchTopicUpdate, .topicMigrated:
      nil
    default: 1
    }
  }

  var name: StaticString {
    switch self {
    case .connect: "Connect"
    case .subscribe: "Subscribe"
    case .producer: "Producer"
    case .send: "Send"
    case .message: "Message"
    case .ack: "Ack"
    case .flow: "Flow"
    case .unsubscribe: "Unsubscribe"
    case .closeProducer: "CloseProducer"
    case .closeConsumer: "CloseConsumer"
    case .redeliver: "RedeliverUnacknowledgedMessages"
    case .partitionedMetadata: "PartitionedTopicMetadata"
    case .lookup: "LookupTopic"
    case .consumerStats: "ConsumerStats"
    case .reachedEndOfTopic: "ReachedEndOfTopic"
    case .seek: "Seek"
    case .getLastMessageID: "GetLastMessageId"
    case .activeConsumerChange: "ActiveConsumerChange"
    case .getTopicsOfNamespace: "GetTopicsOfNamespace"
    case .getSchema: "GetSchema"
    case .getOrCreateSchema: "GetOrCreateSchema"
    case .newTransaction: "NewTxn"
    case .addPartitionToTransaction: "AddPartitionToTxn"
    case .addSubscriptionToTransaction: "AddSubscriptionToTxn"
    case .endTransaction: "EndTxn"
    case .endTransactionOnPartition: "EndTxnOnPartition"
    case .endTransactionOnSubscription: "EndTxnOnSubscription"
    case .connectToCoordinator: "TcClientConnectRequest"
    case .watchTopicList: "WatchTopicList"
    case .watchTopicUpdate: "WatchTopicUpdate"
    case .watchTopicListClose: "WatchTopicListClose"
    case .topicMigrated: "TopicMigrated"
    default: "Answer"
    }
  }
}

/// `ServerError`.
enum PulsarError {
  static func status(_ code: UInt64) -> ResponseStatus {
    switch code {
    // It is the broker that could not, or not yet.
    case 0, 1, 2, 6, 7, 8, 14, 19, 20: .serverError
    default: .clientError
    }
  }

  static func name(_ code: UInt64) -> StaticString {
    switch code {
    case 1: "MetadataError"
    case 2: "PersistenceError"
    case 3: "AuthenticationError"
    case 4: "AuthorizationError"
    case 5: "ConsumerBusy"
    case 6: "ServiceNotReady"
    case 7: "ProducerBlockedQuotaExceededError"
    case 8: "ProducerBlockedQuotaExceededException"
    case 9: "ChecksumError"
    case 10: "UnsupportedVersionError"
    case 11: "TopicNotFound"
    case 12: "SubscriptionNotFound"
    case 13: "ConsumerNotFound"
    case 14: "TooManyRequests"
    case 15: "TopicTerminatedError"
    case 16: "ProducerBusy"
    case 17: "InvalidTopicName"
    case 18: "IncompatibleSchema"
    case 19: "ConsumerAssignError"
    case 20: "TransactionCoordinatorNotFound"
    case 21: "InvalidTxnStatus"
    case 22: "NotAllowedError"
    case 23: "TransactionConflict"
    case 24: "TransactionNotFound"
    case 25: "ProducerFenced"
    default: "UnknownError"
    }
  }
}
