// SPDX-License-Identifier: Apache-2.0

import Bytes
import Telemetry

extension NATSParser {
  func writeType(_ verb: NATSCommand.Verb, _ side: Side, on desk: inout Desk) {
    desk.message.texts.requestType = desk.fields.append(verb.name)
    if side == .server { desk.message.isPush = true }
    desk.message.texts.endpoint = desk.message.texts.requestType
    desk.message.texts.requestDomain = desk.fields.append(serverName.span)
    desk.message.texts.version = desk.fields.append(serverVersion.span)
  }

  func writeSubject(_ command: NATSCommand, _ bytes: Span<UInt8>, on desk: inout Desk) {
    desk.message.texts.requestResource = desk.fields.append(bytes, at: command.subject)
    let mark = desk.fields.mark
    desk.fields.push(command.verb.name)
    desk.fields.push(0x20)
    push(patternOf: command.subject, bytes, into: &desk.fields)
    desk.message.texts.endpoint = desk.fields.finish(from: mark)
    desk.fields.append(
      attribute: "nats.subject", bytes.clipped(command.subject), to: &desk.message.attributes)
    desk.fields.append(
      attribute: "nats.queue_group", bytes.clipped(command.queue), to: &desk.message.attributes)
    desk.fields.append(
      attribute: "nats.reply_to", bytes.clipped(command.reply), to: &desk.message.attributes)
  }

  /// Where answers go is made by chance, and so is what acknowledges.
  private func push(
    patternOf subject: Range<Int>, _ bytes: Span<UInt8>, into fields: inout FieldBuffer
  ) {
    for prefix in ["_INBOX.", "$JS.ACK."] as [StaticString]
    where bytes.hasPrefix(prefix, at: subject.lowerBound)
      && subject.count > prefix.utf8CodeUnitCount
    {
      fields.push(prefix)
      return fields.push(UInt8(ascii: "?"))
    }
    fields.push(patternOf: bytes.clipped(subject))
  }

  /// Describes what is sent with a payload, which begins with headers or not at `start`.
  func describe(
    _ command: NATSCommand, _ bytes: Span<UInt8>, _ start: Int, _ side: Side, on desk: inout Desk
  ) {
    if desk.message.kind != .response {
      writeType(command.verb, side, on: &desk)
      writeSubject(command, bytes, on: &desk)
    }
    writeStream(command.reply, bytes, on: &desk)
    let payload = start + command.headers
    if command.headers > 0 {
      let headers = NATSHeaders(bytes, start..<payload)
      desk.fields.append(
        attribute: "nats.msg_id", bytes.clipped(headers.messageID), to: &desk.message.attributes)
      headers.trace.write(from: bytes, to: &desk.message.texts, into: &desk.fields)
      if let status = headers.status { write(status, headers.description, bytes, on: &desk) }
    }
    if desk.message.kind == .response, side == .server {
      writeAnswer(bytes, payload..<(start + command.total), on: &desk)
    }
  }

  /// The status of a message that the server itself made (ADR-4, ADR-13): nobody is there to answer, or
  /// no message to be fetched.
  private func write(
    _ status: Int, _ description: Range<Int>, _ bytes: Span<UInt8>, on desk: inout Desk
  ) {
    desk.message.code = Int32(status)
    switch status {
    case 100, 200, 404, 408: desk.message.status = .ok
    case 400..<500: desk.message.status = .clientError
    default: desk.message.status = .serverError
    }
    guard desk.message.status != .ok else { return }
    var text = description
    while let first = text.first, bytes[first] == 0x20 { text = text.dropFirst() }
    if text.isEmpty, status == 503 {
      desk.message.texts.responseException = desk.fields.append("No Responders")
    } else {
      desk.message.texts.responseException = desk.fields.append(
        errorText: bytes, at: text, .values)
    }
  }

  /// What JetStream answers: an error of its interface, or where a message was stored
  /// (https://docs.nats.io/reference/reference-protocols/nats_api_reference).
  private func writeAnswer(_ bytes: Span<UInt8>, _ range: Range<Int>, on desk: inout Desk) {
    let payload = range.clamped(to: 0..<bytes.count)
    guard payload.count > 2, bytes[payload.lowerBound] == UInt8(ascii: "{") else { return }
    let isAPI =
      JSONField.text("type", in: bytes, payload).map {
        bytes.hasPrefix("io.nats.jetstream.api.", at: $0.lowerBound) && $0.count > 22
      } ?? false
    if isAPI || bytes.hasPrefix("{\"error\":{\"code\":", at: payload.lowerBound),
      let error = JSONField.value("error", in: bytes, payload),
      let code = JSONField.number("code", in: bytes, error..<payload.upperBound)
    {
      desk.message.code = Int32(clamping: code)
      desk.message.status = code < 500 ? .clientError : .serverError
      if let text = JSONField.text("description", in: bytes, error..<payload.upperBound) {
        desk.message.texts.responseException = desk.fields.append(
          errorText: bytes, at: text, .values)
      }
    } else if bytes.hasPrefix("{\"stream\":\"", at: payload.lowerBound),
      let stream = JSONField.text("stream", in: bytes, payload)
    {
      desk.fields.append(
        attribute: "nats.stream", bytes.clipped(stream), to: &desk.message.attributes)
      if let sequence = JSONField.number("seq", in: bytes, payload) {
        desk.fields.append(
          attribute: "nats.stream_sequence", number: Int64(sequence), to: &desk.message.attributes)
      }
    }
  }

  /// The stream, the consumer and the place that an acknowledgement names (ADR-15): behind `$JS.ACK`,
  /// in the newer form behind a domain and an account, too.
  private func writeStream(_ reply: Range<Int>, _ bytes: Span<UInt8>, on desk: inout Desk) {
    guard reply.count > 8, bytes.hasPrefix("$JS.ACK.", at: reply.lowerBound) else { return }
    var tokens: [12 of Range<Int>] = InlineArray(repeating: 0..<0)
    var count = 0
    var start = reply.lowerBound
    for index in reply where bytes[index] == UInt8(ascii: ".") && count < 11 {
      tokens[count] = start..<index
      count += 1
      start = index + 1
    }
    tokens[count] = start..<reply.upperBound
    count += 1
    guard count >= 9 else { return }
    let first = count >= 11 ? 4 : 2
    let names: [(StaticString, Int)] = [
      ("nats.stream", 0), ("nats.consumer", 1), ("nats.stream_sequence", 3),
    ]
    for (name, place) in names {
      desk.fields.append(
        attribute: name, bytes.clipped(tokens[first + place]), to: &desk.message.attributes)
    }
  }

  /// `-ERR 'text'`: what clients do wrong, unless the server gives up by itself.
  func writeError(_ command: NATSCommand, _ bytes: Span<UInt8>, on desk: inout Desk) {
    var text = command.rest
    while let first = text.first, bytes[first] == 0x20 || bytes[first] == 0x27 {
      text = text.dropFirst()
    }
    while let last = text.last, bytes[last] == 0x20 || bytes[last] == 0x27 {
      text = text.dropLast()
    }
    let faults: [StaticString] = ["Slow Consumer", "Stale Connection", "Server Shutdown"]
    let isServers = faults.contains {
      text.count >= $0.utf8CodeUnitCount && bytes.hasPrefix($0, at: text.lowerBound)
    }
    desk.message.status = isServers ? .serverError : .clientError
    desk.message.texts.responseException = desk.fields.append(errorText: bytes, at: text, .values)
  }
}
