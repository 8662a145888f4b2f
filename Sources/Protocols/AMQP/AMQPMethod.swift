// SPDX-License-Identifier: Apache-2.0

import Bytes

/// A method, section 1.4 on: what it is called, who says it, and what it answers.
struct AMQPMethod {
  enum Role {
    /// The other side answers.
    case request
    /// Of the method with this number of the same class.
    case answer(UInt16)
    case oneWay
  }

  let number: UInt32
  let name: StaticString
  let role: Role
  /// The only side that says it; nil when both do.
  let sender: Side?

  var classNumber: UInt16 { UInt16(number >> 16) }
  var methodNumber: UInt16 { UInt16(truncatingIfNeeded: number) }

  /// The method of a frame; nil when there is none of its numbers.
  init?(_ bytes: Span<UInt8>, _ frame: AMQPFrame) {
    guard bytes.count >= AMQPFrame.headSize + 4,
      let known = Self.table[bytes.bigEndian32(at: AMQPFrame.headSize)]
    else { return nil }
    self = known
  }

  private init(
    _ classNumber: UInt32, _ method: UInt32, _ name: StaticString, _ role: Role, _ sender: Side?
  ) {
    number = classNumber << 16 | method
    self.name = name
    self.role = role
    self.sender = sender
  }

  /// Whether a message follows it.
  var hasContent: Bool {
    switch number {
    case Self.publish, Self.returned, Self.deliver, Self.getOK: true
    default: false
    }
  }

  static let publish: UInt32 = 60 << 16 | 40
  static let returned: UInt32 = 60 << 16 | 50
  static let deliver: UInt32 = 60 << 16 | 60
  static let getOK: UInt32 = 60 << 16 | 71
  static let connectionClose: UInt32 = 10 << 16 | 50
  static let channelClose: UInt32 = 20 << 16 | 40

  private static let table: [UInt32: AMQPMethod] = {
    var table: [UInt32: AMQPMethod] = [:]
    for method in connection + channel + exchange + queue + basic + transactions {
      table[method.number] = method
    }
    return table
  }()

  private static let connection: [AMQPMethod] = [
    AMQPMethod(10, 10, "Connection.Start", .request, .server),
    AMQPMethod(10, 11, "Connection.StartOk", .answer(10), .client),
    AMQPMethod(10, 20, "Connection.Secure", .request, .server),
    AMQPMethod(10, 21, "Connection.SecureOk", .answer(20), .client),
    AMQPMethod(10, 30, "Connection.Tune", .request, .server),
    AMQPMethod(10, 31, "Connection.TuneOk", .answer(30), .client),
    AMQPMethod(10, 40, "Connection.Open", .request, .client),
    AMQPMethod(10, 41, "Connection.OpenOk", .answer(40), .server),
    AMQPMethod(10, 50, "Connection.Close", .request, nil),
    AMQPMethod(10, 51, "Connection.CloseOk", .answer(50), nil),
    AMQPMethod(10, 60, "Connection.Blocked", .oneWay, .server),
    AMQPMethod(10, 61, "Connection.Unblocked", .oneWay, .server),
    AMQPMethod(10, 70, "Connection.UpdateSecret", .request, .client),
    AMQPMethod(10, 71, "Connection.UpdateSecretOk", .answer(70), .server),
  ]

  private static let channel: [AMQPMethod] = [
    AMQPMethod(20, 10, "Channel.Open", .request, .client),
    AMQPMethod(20, 11, "Channel.OpenOk", .answer(10), .server),
    AMQPMethod(20, 20, "Channel.Flow", .request, nil),
    AMQPMethod(20, 21, "Channel.FlowOk", .answer(20), nil),
    AMQPMethod(20, 40, "Channel.Close", .request, nil),
    AMQPMethod(20, 41, "Channel.CloseOk", .answer(40), nil),
  ]

  private static let exchange: [AMQPMethod] = [
    AMQPMethod(40, 10, "Exchange.Declare", .request, .client),
    AMQPMethod(40, 11, "Exchange.DeclareOk", .answer(10), .server),
    AMQPMethod(40, 20, "Exchange.Delete", .request, .client),
    AMQPMethod(40, 21, "Exchange.DeleteOk", .answer(20), .server),
    AMQPMethod(40, 30, "Exchange.Bind", .request, .client),
    AMQPMethod(40, 31, "Exchange.BindOk", .answer(30), .server),
    AMQPMethod(40, 40, "Exchange.Unbind", .request, .client),
    AMQPMethod(40, 51, "Exchange.UnbindOk", .answer(40), .server),
  ]

  private static let queue: [AMQPMethod] = [
    AMQPMethod(50, 10, "Queue.Declare", .request, .client),
    AMQPMethod(50, 11, "Queue.DeclareOk", .answer(10), .server),
    AMQPMethod(50, 20, "Queue.Bind", .request, .client),
    AMQPMethod(50, 21, "Queue.BindOk", .answer(20), .server),
    AMQPMethod(50, 30, "Queue.Purge", .request, .client),
    AMQPMethod(50, 31, "Queue.PurgeOk", .answer(30), .server),
    AMQPMethod(50, 40, "Queue.Delete", .request, .client),
    AMQPMethod(50, 41, "Queue.DeleteOk", .answer(40), .server),
    AMQPMethod(50, 50, "Queue.Unbind", .request, .client),
    AMQPMethod(50, 51, "Queue.UnbindOk", .answer(50), .server),
  ]

  private static let basic: [AMQPMethod] = [
    AMQPMethod(60, 10, "Basic.Qos", .request, .client),
    AMQPMethod(60, 11, "Basic.QosOk", .answer(10), .server),
    AMQPMethod(60, 20, "Basic.Consume", .request, .client),
    AMQPMethod(60, 21, "Basic.ConsumeOk", .answer(20), .server),
    // Brokers cancel, too, where a queue is gone; nobody answers that.
    AMQPMethod(60, 30, "Basic.Cancel", .request, nil),
    AMQPMethod(60, 31, "Basic.CancelOk", .answer(30), nil),
    AMQPMethod(60, 40, "Basic.Publish", .oneWay, .client),
    AMQPMethod(60, 50, "Basic.Return", .oneWay, .server),
    AMQPMethod(60, 60, "Basic.Deliver", .oneWay, .server),
    AMQPMethod(60, 70, "Basic.Get", .request, .client),
    AMQPMethod(60, 71, "Basic.GetOk", .answer(70), .server),
    AMQPMethod(60, 72, "Basic.GetEmpty", .answer(70), .server),
    AMQPMethod(60, 80, "Basic.Ack", .oneWay, nil),
    AMQPMethod(60, 90, "Basic.Reject", .oneWay, .client),
    AMQPMethod(60, 100, "Basic.RecoverAsync", .oneWay, .client),
    AMQPMethod(60, 110, "Basic.Recover", .request, .client),
    AMQPMethod(60, 111, "Basic.RecoverOk", .answer(110), .server),
    AMQPMethod(60, 120, "Basic.Nack", .oneWay, nil),
  ]

  private static let transactions: [AMQPMethod] = [
    AMQPMethod(85, 10, "Confirm.Select", .request, .client),
    AMQPMethod(85, 11, "Confirm.SelectOk", .answer(10), .server),
    AMQPMethod(90, 10, "Tx.Select", .request, .client),
    AMQPMethod(90, 11, "Tx.SelectOk", .answer(10), .server),
    AMQPMethod(90, 20, "Tx.Commit", .request, .client),
    AMQPMethod(90, 21, "Tx.CommitOk", .answer(20), .server),
    AMQPMethod(90, 30, "Tx.Rollback", .request, .client),
    AMQPMethod(90, 31, "Tx.RollbackOk", .answer(30), .server),
  ]
}
