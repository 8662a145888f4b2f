// SPDX-License-Identifier: Apache-2.0

import Bytes
import Telemetry

extension MQTTParser {
  /// Section 3.1: the protocol's name and level, flags, a time, properties, the client's id, and
  /// credentials, which are not looked at.
  mutating func readConnect(
    _ bytes: Span<UInt8>, _ packet: MQTTPacket, on desk: inout Desk
  ) throws(ParseError) {
    var cursor = MQTTCursor(packet, in: bytes)
    guard cursor.text(bytes) != nil, let level = cursor.byte(bytes), cursor.byte(bytes) != nil,
      cursor.number16(bytes) != nil
    else {
      // Only a capture that ends in them explains it.
      guard bytes.count < packet.end else { throw ParseError(at: 0, expected: "a CONNECT") }
      return
    }
    guard (3...5).contains(level & 0x7f) else { throw ParseError(at: 0, expected: "a level") }
    self.level = level & 0x7f
    aliases = MQTTAliases()
    desk.message.exchange = Self.key(.connect, 0)
    if self.level == 5, cursor.properties(bytes) == nil { return }
    guard let client = cursor.text(bytes), !client.isEmpty else { return }
    desk.message.texts.requestDomain = desk.fields.append(bytes, at: client)
    desk.fields.append(
      attribute: "mqtt.client_id", bytes.clipped(client), to: &desk.message.attributes)
  }

  /// Section 3.3: a topic, an id where it is acknowledged, properties, and what is published.
  mutating func readPublish(
    _ bytes: Span<UInt8>, _ packet: MQTTPacket, _ side: Side, on desk: inout Desk
  ) {
    if packet.qualityOfService == 0 { desk.message.kind = .session }
    var cursor = MQTTCursor(packet, in: bytes)
    let topic = cursor.text(bytes) ?? 0..<0
    if packet.qualityOfService > 0, let identifier = cursor.number16(bytes) {
      desk.message.exchange = Self.key(.publish, identifier)
      desk.message.requestID = UInt64(identifier)
    }
    var trace = TraceHeaders()
    var alias: Int?
    if level == 5, var properties = cursor.properties(bytes) {
      while let property = properties.next(in: bytes) {
        if property.identifier == MQTTProperties.topicAlias {
          alias = Int(bytes[property.value.lowerBound]) << 8
          alias = (alias ?? 0) | Int(bytes[property.value.lowerBound + 1])
        } else if property.identifier == MQTTProperties.userProperty,
          let name = HeaderName(bytes.clipped(property.name)), let header = TraceHeader(name)
        {
          trace.note(
            header, at: Place(start: property.value.lowerBound, end: property.value.upperBound))
        }
      }
    }
    if let alias, !topic.isEmpty { aliases.remember(bytes.clipped(topic), as: alias, of: side) }
    if topic.isEmpty, let alias {
      let known = aliases.topic(alias, of: side)
      write(topics: known.span, first: known.span, packet.kind, on: &desk)
    } else {
      write(topics: bytes.clipped(topic), first: bytes.clipped(topic), packet.kind, on: &desk)
    }
    desk.fields.append(
      attribute: "mqtt.qos", number: Int64(packet.qualityOfService), to: &desk.message.attributes)
    if packet.flags & 1 != 0 {
      desk.fields.append(attribute: "mqtt.retain", "true", to: &desk.message.attributes)
    }
    trace.write(from: bytes, to: &desk.message.texts, into: &desk.fields)
  }

  /// Sections 3.8 and 3.10: an id, properties, and filters of topics.
  func readSubscription(_ bytes: Span<UInt8>, _ packet: MQTTPacket, on desk: inout Desk) {
    var cursor = MQTTCursor(packet, in: bytes)
    guard let identifier = cursor.number16(bytes) else { return }
    desk.message.exchange = Self.key(packet.kind, identifier)
    desk.message.requestID = UInt64(identifier)
    if level == 5 {
      guard cursor.properties(bytes) != nil else { return }
    } else if level == 0 {
      // Nobody said which version it is: properties are no topic.
      var other = cursor
      if let properties = other.properties(bytes), properties.isValid(in: bytes),
        let topic = other.text(bytes), !topic.isEmpty
      {
        _ = cursor.properties(bytes)
      }
    }
    let mark = desk.fields.mark
    var first = 0..<0
    while desk.fields.mark - mark < FieldBuffer.textLimit, let filter = cursor.text(bytes) {
      if desk.fields.mark > mark { desk.fields.push(", ") } else { first = filter }
      desk.fields.push(bytes.clipped(filter))
      if packet.kind == .subscribe, cursor.byte(bytes) == nil { break }
      desk.message.parts &+= 1
    }
    desk.message.texts.requestResource = desk.fields.finish(from: mark)
    writeEndpoint(bytes.clipped(first), packet.kind, on: &desk)
  }

  private func write(
    topics: Span<UInt8>, first: Span<UInt8>, _ kind: MQTTPacket.Kind, on desk: inout Desk
  ) {
    desk.message.texts.requestResource = desk.fields.append(topics)
    writeEndpoint(first, kind, on: &desk)
  }

  private func writeEndpoint(
    _ topic: Span<UInt8>, _ kind: MQTTPacket.Kind, on desk: inout Desk
  ) {
    guard !topic.isEmpty else { return }
    let mark = desk.fields.mark
    desk.fields.push(kind.name)
    desk.fields.push(0x20)
    desk.fields.push(patternOf: topic)
    desk.message.texts.endpoint = desk.fields.finish(from: mark)
    desk.fields.append(attribute: "mqtt.topic", topic, to: &desk.message.attributes)
  }
}
