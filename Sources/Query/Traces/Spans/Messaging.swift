// SPDX-License-Identifier: Apache-2.0

/// Protocols that carry messages by a broker.
enum Messaging {
  static let protocols: Set<String> = [
    "Kafka", "AMQP", "MQTT", "NATS", "RocketMQ", "Pulsar", "STOMP",
  ]

  /// Whether a call asks a broker for messages, and has them or not.
  static func isFetch(_ text: TraceText) -> Bool {
    guard protocols.contains(text.application) else { return false }
    let type = text.type.lowercased()
    return ["fetch", "basic.get"].contains(type) || type.contains("pull") || type.contains("pop_")
  }

  /// Whether a call brings a message from a broker.
  static func isReceived(_ text: TraceText) -> Bool {
    isFetch(text)
      || protocols.contains(text.application)
        && ["basic.deliver", "msg", "hmsg"].contains(text.type.lowercased())
  }

  /// Whether a call hands a message to a broker, or from it to who gets it.
  static func isSent(_ text: TraceText) -> Bool {
    guard protocols.contains(text.application) else { return false }
    let type = text.type.lowercased()
    return ["produce", "basic.publish", "publish", "pub", "hpub"].contains(type)
      || type.hasPrefix("send_message")
  }
}
