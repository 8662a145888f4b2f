// SPDX-License-Identifier: Apache-2.0

import Bytes
import Telemetry

/// Writes what is shown of a request or a response.
enum KafkaText {
  static func describe(
    _ header: KafkaHeader, _ body: KafkaBody?, _ bytes: Span<UInt8>, on desk: inout Desk
  ) {
    let version = desk.fields.mark
    desk.fields.push(decimal: UInt64(header.version))
    desk.message.texts.version = desk.fields.finish(from: version)
    let type = desk.fields.mark
    push(header, into: &desk.fields)
    desk.message.texts.requestType = desk.fields.finish(from: type)
    append("kafka.client_id", header.clientID, of: bytes, on: &desk)
    guard let body else {
      desk.message.texts.endpoint = desk.message.texts.requestType
      return
    }
    let endpoint = desk.fields.mark
    push(header, into: &desk.fields)
    if body.topicCount > 0 {
      desk.fields.push(0x20)
      if body.topicsAreIDs {
        push(topic: body.topics[0], body, bytes, into: &desk.fields)
      } else {
        desk.fields.push(patternOf: bytes.clipped(body.topics[0]))
      }
    }
    desk.message.texts.endpoint = desk.fields.finish(from: endpoint)
    append("kafka.group", body.group, of: bytes, on: &desk)
    append("kafka.client_software_name", body.software, of: bytes, on: &desk)
    append("kafka.client_software_version", body.softwareVersion, of: bytes, on: &desk)
    if let acks = body.acks { append("kafka.acks", acks, on: &desk) }
    describePlace(body, bytes, on: &desk)
    if let offset = body.offset { append("kafka.offset", offset, on: &desk) }
    describe(body.records, areAll: body.recordsAreCounted, bytes, on: &desk)
  }

  static func describe(
    _ note: KafkaNote, _ body: KafkaBody, _ bytes: Span<UInt8>, on desk: inout Desk
  ) {
    if let error = body.error {
      desk.message.code = Int32(truncatingIfNeeded: error)
      desk.message.status = KafkaErrorCode.status(Int(error))
      if error != 0 {
        desk.message.texts.responseException = append(error, into: &desk.fields)
      }
    }
    // A fetch goes on with what its session has named before: then only the answer tells what that is.
    if !note.hasTopic { describePlace(body, bytes, on: &desk) }
    if note.key == KafkaAPI.produce, let offset = body.offset {
      append("kafka.offset", offset, on: &desk)
    }
    if body.throttle > 0 { append("kafka.throttle_time_ms", body.throttle, on: &desk) }
    describe(body.records, areAll: body.recordsAreCounted, bytes, on: &desk)
    if note.key == KafkaAPI.fetch { describeFetched(body, bytes, on: &desk) }
  }

  /// Where what was fetched lies, if it is all of one partition: what was asked for may be several.
  private static func describeFetched(
    _ body: KafkaBody, _ bytes: Span<UInt8>, on desk: inout Desk
  ) {
    guard body.recordsAreCounted, body.records.isWhole, let place = body.recordPlace else { return }
    if body.topicsAreIDs {
      let id = name(ofID: body.recordTopic, bytes)
      desk.fields.append(attribute: "kafka.record_topic_id", id.span, to: &desk.message.attributes)
    } else {
      append("kafka.record_topic", body.recordTopic, of: bytes, on: &desk)
    }
    append("kafka.record_partition", place.partition, on: &desk)
    append("kafka.record_offset", place.offset, on: &desk)
  }

  private static func describe(
    _ records: KafkaRecords, areAll: Bool, _ bytes: Span<UInt8>, on desk: inout Desk
  ) {
    if areAll, records.isWhole { desk.message.parts = records.count }
    records.trace.write(from: bytes, to: &desk.message.texts, into: &desk.fields)
  }

  /// The topics and the first partition.
  private static func describePlace(
    _ body: KafkaBody, _ bytes: Span<UInt8>, on desk: inout Desk
  ) {
    guard body.topicCount > 0 else { return }
    let resource = desk.fields.mark
    for index in 0..<body.topicCount {
      if index > 0 { desk.fields.push(", ") }
      push(topic: body.topics[index], body, bytes, into: &desk.fields)
    }
    desk.message.texts.requestResource = desk.fields.finish(from: resource)
    if body.topicsAreIDs {
      let id = name(ofID: body.topics[0], bytes)
      desk.fields.append(attribute: "kafka.topic_id", id.span, to: &desk.message.attributes)
    } else {
      append("kafka.topic", body.topics[0], of: bytes, on: &desk)
    }
    if let partition = body.partition { append("kafka.partition", partition, on: &desk) }
  }

  private static func push(_ header: KafkaHeader, into fields: inout FieldBuffer) {
    if let api = header.api { return fields.push(api.name) }
    fields.push("API ")
    fields.push(decimal: UInt64(header.key))
  }

  private static func append(_ error: Int64, into fields: inout FieldBuffer) -> Text {
    if let name = KafkaErrorCode.name(Int(error)) { return fields.append(name) }
    let mark = fields.mark
    fields.push("error ")
    if error < 0 { fields.push(UInt8(ascii: "-")) }
    fields.push(decimal: error.magnitude)
    return fields.finish(from: mark)
  }

  private static func push(
    topic: Range<Int>, _ body: KafkaBody, _ bytes: Span<UInt8>, into fields: inout FieldBuffer
  ) {
    guard body.topicsAreIDs else { return fields.push(bytes.clipped(topic)) }
    let id = name(ofID: topic, bytes)
    fields.push(id.span)
  }

  private static func append(
    _ name: StaticString, _ range: Range<Int>, of bytes: Span<UInt8>, on desk: inout Desk
  ) {
    desk.fields.append(attribute: name, bytes.clipped(range), to: &desk.message.attributes)
  }

  private static func append(_ name: StaticString, _ number: Int64, on desk: inout Desk) {
    var digits = InlineArray<20, UInt8>(repeating: 0)
    var start = 20
    var rest = number.magnitude
    repeat {
      start -= 1
      digits[start] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
      rest /= 10
    } while rest > 0
    if number < 0 {
      start -= 1
      digits[start] = UInt8(ascii: "-")
    }
    desk.fields.append(
      attribute: name, digits.span.clipped(from: start, to: 20), to: &desk.message.attributes)
  }

  private static let letters: StaticString =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

  /// A topic's id as Kafka's own tools write it: base 64 for URLs (RFC 4648 section 5), unpadded.
  private static func name(ofID range: Range<Int>, _ bytes: Span<UInt8>) -> [22 of UInt8] {
    var name: [22 of UInt8] = InlineArray(repeating: 0)
    letters.withUTF8Buffer { letters in
      for index in 0..<22 {
        var bits = 0
        for bit in (index * 6)..<(index * 6 + 6) {
          let place = range.lowerBound + bit / 8
          let byte = bit < 128 && place < range.upperBound ? bytes[place] : 0
          bits = bits << 1 | Int(byte >> UInt8(7 - bit % 8) & 1)
        }
        name[index] = unsafe letters[bits]
      }
    }
    return name
  }
}
