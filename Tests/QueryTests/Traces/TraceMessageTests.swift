// SPDX-License-Identifier: Apache-2.0

import Storage
import Testing

@testable import Query

/// From who hands a message to a broker to who receives it, and to what that one does then.
@Suite struct TraceMessageTests {
  private static let producer = TraceRecord.Party.process(10, thread: 1, "shop")
  private static let consumer = TraceRecord.Party.process(20, thread: 2, "mailer")
  private static let broker = TraceRecord.Party.process(30, thread: 3, "broker")

  @discardableResult
  private func add(
    _ records: inout TraceRecords, _ application: String, _ type: String,
    _ attributes: [String: String], call: UInt64, _ time: ClosedRange<Int64>,
    from: TraceRecord.Party, isPushed: Bool = false, chains: (UInt64, UInt64) = (0, 0),
    count: (sent: UInt64, received: UInt64) = (0, 0), trace: String = "", span: String = ""
  ) -> UInt64 {
    let point = "c-p"
    records.add(
      point, call: call, time, from: from, to: Self.broker, chains: chains, trace: trace, span: span
    )
    return records.change { record in
      record.text.application = application
      record.text.type = type
      record.isReversed = isPushed
      record.message = TraceMessage(
        application, type: type, attributes: attributes,
        span: trace.isEmpty || span.isEmpty ? "" : "\(trace) \(span)", isPushed: isPushed,
        sent: count.sent, received: count.received)
    }
  }

  private func kafka(_ offset: Int, isFetched: Bool, partition: Int = 0) -> [String: String] {
    let prefix = isFetched ? "kafka.record_" : "kafka."
    return [
      prefix + "topic": "orders", prefix + "partition": "\(partition)",
      prefix + "offset": "\(offset)",
    ]
  }

  private func produce(
    _ records: inout TraceRecords, _ offset: Int, call: UInt64, count: UInt64 = 1
  ) -> UInt64 {
    add(
      &records, "Kafka", "Produce", kafka(offset, isFetched: false), call: call,
      Int64(call)...Int64(call) + 5, from: Self.producer, count: (count, 0))
  }

  @Test func whatIsFetchedStandsBelowWhatWasProduced() throws {
    var records = TraceRecords()
    let sent = produce(&records, 7, call: 10)
    _ = produce(&records, 8, call: 20)
    let fetched = add(
      &records, "Kafka", "Fetch", kafka(7, isFetched: true), call: 30, 5...60, from: Self.consumer,
      chains: (0, 5), count: (0, 1))
    let query = records.add(
      "c-p", call: 40, 70...80, from: Self.consumer, chains: (5, 6), resource: "/mail")
    let trace = try #require(TraceAssembly.trace(records.all, of: sent))
    #expect(trace.edges == [fetched: sent, query: fetched])
    #expect(trace.calls.map(\.confidence) == [nil, 1, 0.9])
    #expect(trace.calls[1].evidence.map(\.kind) == [.message])
    #expect(trace.calls[1].evidence[0].text.contains("offset 7"))
  }

  /// A batch of one sender is its; of several senders it is nobody's.
  @Test func whatSeveralSentHasNoParent() throws {
    var records = TraceRecords()
    let batch = produce(&records, 0, call: 10, count: 3)
    let other = produce(&records, 3, call: 20)
    let whole = add(
      &records, "Kafka", "Fetch", kafka(0, isFetched: true), call: 30, 40...60,
      from: Self.consumer, count: (0, 3))
    let mixed = add(
      &records, "Kafka", "Fetch", kafka(2, isFetched: true), call: 50, 70...90,
      from: Self.consumer, count: (0, 2))
    let part = add(
      &records, "Kafka", "Fetch", kafka(3, isFetched: true), call: 60, 100...120,
      from: Self.consumer, count: (0, 4))
    let elsewhere = add(
      &records, "Kafka", "Fetch", kafka(3, isFetched: true, partition: 1), call: 70, 130...140,
      from: Self.consumer, count: (0, 1))
    for (fetch, parent, confidence) in [
      (whole, batch, 1), (mixed, nil, nil), (part, other, 0.7), (elsewhere, nil, nil),
    ] as [(UInt64, UInt64?, Double?)] {
      let trace = try #require(TraceAssembly.trace(records.all, of: fetch))
      #expect(trace.edges[fetch] == parent)
      let node = try #require(trace.calls.first { $0.id == fetch })
      #expect(node.confidence == confidence)
      #expect(
        parent != nil || node.missing?.contains("It brings messages that several sent") == true)
    }
  }

  @Test func whoFetchesAgainIsDoneWithWhatCameBefore() throws {
    var records = TraceRecords()
    _ = produce(&records, 7, call: 10)
    let first = add(
      &records, "Kafka", "Fetch", kafka(7, isFetched: true), call: 30, 20...40,
      from: Self.consumer, chains: (0, 5), count: (0, 1))
    let empty = add(
      &records, "Kafka", "Fetch", [:], call: 40, 50...60, from: Self.consumer, chains: (5, 6))
    let later = records.add("c-p", call: 50, 70...80, from: Self.consumer, chains: (6, 7))
    let trace = try #require(TraceAssembly.trace(records.all, of: first))
    #expect(trace.edges[empty] == nil && trace.edges[later] == nil)
  }

  private static let published = [
    "amqp.exchange": "", "amqp.routing_key": "mails", "amqp.correlation_id": "c-1",
    "amqp.reply_to": "answers",
  ]

  @Test func aDeliveryStandsBelowThePublicationAndTheAnswerBelowIt() throws {
    var records = TraceRecords()
    let request = add(
      &records, "AMQP", "Basic.Publish", Self.published, call: 10, 0...0, from: Self.producer)
    let delivered = add(
      &records, "AMQP", "Basic.Deliver", Self.published.merging(["amqp.delivery_tag": "1"]) { $1 },
      call: 20, 10...10, from: Self.consumer, isPushed: true, chains: (5, 0))
    let answer = ["amqp.exchange": "", "amqp.routing_key": "answers", "amqp.correlation_id": "c-1"]
    let replied = add(
      &records, "AMQP", "Basic.Publish", answer, call: 30, 20...20, from: Self.consumer,
      chains: (5, 0))
    let received = add(
      &records, "AMQP", "Basic.Deliver", answer, call: 40, 30...30, from: Self.producer,
      isPushed: true)
    let trace = try #require(TraceAssembly.trace(records.all, of: received))
    #expect(trace.edges == [delivered: request, replied: delivered, received: replied])
    #expect(trace.calls.map(\.confidence) == [nil, 1, 0.9, 1])
  }

  @Test(arguments: [
    (
      "NATS", "PUB", "MSG", ["nats.subject": "mail", "nats.reply_to": "_INBOX.a.1"],
      ["nats.subject": "mail", "nats.reply_to": "_INBOX.a.1", "nats.queue_group": "q"]
    ),
    (
      "NATS", "PUB", "HMSG",
      ["nats.subject": "mail", "nats.stream": "M", "nats.stream_sequence": "4"],
      [
        "nats.subject": "mail", "nats.reply_to": "$JS.ACK.M.c.1.4.1.2.0", "nats.stream": "M",
        "nats.stream_sequence": "4",
      ]
    ),
    (
      "RocketMQ", "SEND_MESSAGE_V2", "PULL_MESSAGE",
      ["rocketmq.topic": "mail", "rocketmq.unique_key": "7F01"], ["rocketmq.unique_key": "7F01"]
    ),
    (
      "RocketMQ", "SEND_MESSAGE", "PULL_MESSAGE",
      ["rocketmq.topic": "m", "rocketmq.queue_id": "1", "rocketmq.queue_offset": "9"],
      ["rocketmq.topic": "m", "rocketmq.queue_id": "1", "rocketmq.queue_offset": "9"]
    ),
    (
      "AMQP", "Basic.Publish", "Basic.Get", ["amqp.routing_key": "m", "amqp.message_id": "1"],
      ["amqp.routing_key": "m", "amqp.message_id": "1"]
    ),
  ])
  func aMessageIsKnownByItsIDs(
    application: String, sentAs: String, receivedAs: String, sent: [String: String],
    received: [String: String]
  ) throws {
    var records = TraceRecords()
    let first = add(&records, application, sentAs, sent, call: 10, 0...5, from: Self.producer)
    let isPushed = application == "NATS"
    let second = add(
      &records, application, receivedAs, received, call: 20, 10...10, from: Self.consumer,
      isPushed: isPushed)
    let trace = try #require(TraceAssembly.trace(records.all, of: first))
    #expect(trace.edges == [second: first] && trace.calls[1].confidence == 1)
    // Sent twice with one id, either may be meant.
    let again = add(&records, application, sentAs, sent, call: 30, 6...7, from: Self.producer)
    let both = try #require(TraceAssembly.trace(records.all, of: second))
    #expect(both.edges[second] == again && both.calls.last?.confidence == 0.8)
    // Another message is another one.
    let other = received.mapValues { $0 + "x" }
    let stranger = add(
      &records, application, receivedAs, other, call: 40, 20...20, from: Self.consumer,
      isPushed: isPushed)
    #expect(try #require(TraceAssembly.trace(records.all, of: stranger)).edges[stranger] == nil)
  }

  /// Messages of MQTT have no ids, but a trace may be carried on.
  @Test func aSpanThatTheMessageCarriesJoins() throws {
    var records = TraceRecords()
    let sent = add(
      &records, "MQTT", "PUBLISH", [:], call: 10, 0...5, from: Self.producer, trace: "t", span: "s")
    let received = add(
      &records, "MQTT", "PUBLISH", [:], call: 20, 10...10, from: Self.consumer, isPushed: true,
      trace: "t", span: "s")
    let made = records.add(
      "c-p", call: 30, 500...600, from: Self.consumer, trace: "t", span: "u", parent: "v")
    let trace = try #require(TraceAssembly.trace(records.all, of: sent))
    #expect(trace.edges == [received: sent, made: received])
    #expect(trace.calls[2].confidence == 0.98 && trace.calls[2].evidence.map(\.kind) == [.trace])
  }

  @Test func whoSendsAndReceivesAreProducerAndConsumer() throws {
    var records = TraceRecords()
    let sent = produce(&records, 7, call: 10)
    _ = add(
      &records, "Kafka", "Fetch", kafka(7, isFetched: true), call: 30, 5...60, from: Self.consumer,
      count: (0, 1))
    let tree = SpanTree(try #require(TraceAssembly.trace(records.all, of: sent)), details: [:])
    #expect(tree.spans.map(\.kind) == [.producer, .consumer] && tree.spans[1].parent == 0)
    #expect(tree.spans.map(\.service) == ["shop", "mailer"])
  }
}
