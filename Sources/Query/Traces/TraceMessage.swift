// SPDX-License-Identifier: Apache-2.0

/// What a call hands to a broker, or has from it, as far as that names one message among all.
struct TraceMessage: Hashable, Sendable {
  enum Way: Hashable, Sendable {
    case sent, received
  }

  /// Consecutive messages of a log, by their numbers in it.
  struct Run: Hashable, Sendable {
    var log: String
    var numbers: ClosedRange<Int64>
  }

  var way: Way
  /// Whether the broker sent it unasked; else it was fetched.
  var isPushed = false
  /// What a message that was sent has in common with itself when it is received, and with no other.
  var keys: [String] = []
  var run: Run?
  /// A condition of the dialect that finds the other side.
  var condition: String?

  /// Nil for what brings or takes no message.
  ///
  /// - Parameters:
  ///   - attributes: As the parsers of `Protocols` report them.
  ///   - span: That the message carries, with its trace; empty without.
  ///   - sent: Messages in the request, and in the response; 0 unknown.
  init?(
    _ application: String, type: String, attributes: [String: String], span: String,
    isPushed: Bool, sent: UInt64, received: UInt64
  ) {
    self.isPushed = isPushed
    let type = type.lowercased()
    switch application {
    case "Kafka":
      guard type == "produce" || type == "fetch" else { return nil }
      way = type == "fetch" ? .received : .sent
      readKafka(attributes, way == .sent ? sent : received)
    case "AMQP":
      guard ["basic.publish", "basic.deliver", "basic.get"].contains(type) else { return nil }
      way = type == "basic.publish" ? .sent : .received
      readAMQP(attributes)
    case "NATS":
      guard ["pub", "hpub", "msg", "hmsg"].contains(type) else { return nil }
      way = type.hasSuffix("pub") ? .sent : .received
      readNATS(attributes)
    case "RocketMQ":
      let isSent = type.hasPrefix("send_")
      guard isSent || type.contains("pull") || type.contains("pop") else { return nil }
      way = isSent ? .sent : .received
      readRocketMQ(attributes)
    case "MQTT":
      guard type == "publish" else { return nil }
      way = isPushed ? .received : .sent
    default: return nil
    }
    // Whoever carries a trace on tells each message's own span.
    if !span.isEmpty { keys.append("span \(span)") }
    guard !keys.isEmpty || run != nil else { return nil }
  }

  private static func equal(_ name: String, _ value: String) -> String {
    "\(CallFilter.quoted("attribute." + name)) = \(CallFilter.literal(value))"
  }

  private mutating func find(_ application: String, _ conditions: [String]) {
    let all = conditions.joined(separator: " AND ")
    condition = "(l7_protocol = \(CallFilter.literal(application)) AND \(all))"
  }

  /// What is written gets consecutive numbers in its partition; what is fetched has them.
  private mutating func readKafka(_ attributes: [String: String], _ count: UInt64) {
    let isFetched = way == .received
    let prefix = isFetched ? "kafka.record_" : "kafka."
    let name = attributes[prefix + "topic"] == nil ? "topic_id" : "topic"
    guard let topic = attributes[prefix + name], let partition = attributes[prefix + "partition"],
      let first = attributes[prefix + "offset"].flatMap({ Int64($0) }), first >= 0
    else { return }
    let last = first.addingReportingOverflow(Int64(clamping: max(1, count)) - 1)
    guard !last.overflow else { return }
    run = Run(log: "\(topic) partition \(partition)", numbers: first...last.partialValue)
    let other = isFetched ? "kafka." : "kafka.record_"
    find(
      "Kafka", [Self.equal(other + name, topic), Self.equal(other + "partition", partition)])
  }

  /// Who publishes names exchange and key, which the delivery repeats with the message's ids.
  private mutating func readAMQP(_ attributes: [String: String]) {
    let message = attributes["amqp.message_id"] ?? ""
    let correlation = attributes["amqp.correlation_id"] ?? ""
    guard !message.isEmpty || !correlation.isEmpty else { return }
    let parts = [
      "exchange \(attributes["amqp.exchange"] ?? "")",
      "routing key \(attributes["amqp.routing_key"] ?? "")", "message id \(message)",
      "correlation id \(correlation)", "reply to \(attributes["amqp.reply_to"] ?? "")",
    ]
    keys = [parts.filter { !$0.hasSuffix(" ") }.joined(separator: ", ")]
    find(
      "AMQP",
      [
        message.isEmpty
          ? Self.equal("amqp.correlation_id", correlation)
          : Self.equal("amqp.message_id", message)
      ])
  }

  /// Where an answer shall go is made anew for each request; a stream numbers its messages.
  private mutating func readNATS(_ attributes: [String: String]) {
    let subject = attributes["nats.subject"] ?? ""
    let reply = attributes["nats.reply_to"] ?? ""
    if let stream = attributes["nats.stream"], let number = attributes["nats.stream_sequence"] {
      keys.append("stream \(stream), sequence \(number)")
      find(
        "NATS", [Self.equal("nats.stream", stream), Self.equal("nats.stream_sequence", number)])
    }
    if reply.hasPrefix("_INBOX.") {
      keys.append("subject \(subject), reply to \(reply)")
      find("NATS", [Self.equal("nats.reply_to", reply)])
    }
    if let id = attributes["nats.msg_id"] {
      keys.append("subject \(subject), message id \(id)")
      if condition == nil { find("NATS", [Self.equal("nats.msg_id", id)]) }
    }
  }

  private mutating func readRocketMQ(_ attributes: [String: String]) {
    if let key = attributes["rocketmq.unique_key"] {
      keys = ["unique key \(key)"]
      find("RocketMQ", [Self.equal("rocketmq.unique_key", key)])
    } else if let topic = attributes["rocketmq.topic"], let queue = attributes["rocketmq.queue_id"],
      let offset = attributes["rocketmq.queue_offset"]
    {
      keys = ["topic \(topic), queue \(queue), offset \(offset)"]
      find(
        "RocketMQ",
        [
          Self.equal("rocketmq.topic", topic), Self.equal("rocketmq.queue_id", queue),
          Self.equal("rocketmq.queue_offset", offset),
        ])
    }
  }
}

extension TraceCall {
  /// What the call hands to a broker or has from it; nil for other calls.
  var message: TraceMessage? { records.lazy.compactMap(\.message).first }

  /// Whether it brings messages to its client, which then works on them.
  var isReceipt: Bool { message?.way == .received }

  /// The record of who received a message; nil for other calls, and where that was not seen.
  var receipt: TraceRecord? {
    isReceipt ? records.first(where: \.isClientProcess) : nil
  }

  /// Who received a message, when, and in which chain the thread that read it went on; nil for other
  /// calls, and where that process was not seen.
  var receiver: (process: TraceProcess?, chain: UInt64, time: Int64)? {
    guard let record = receipt else { return nil }
    let process =
      record.agent != 0 && record.client.process != 0
      ? TraceProcess(agent: record.agent, pid: record.client.process) : nil
    return record.isReversed
      ? (process, record.requestChain, record.start) : (process, record.responseChain, record.end)
  }
}
