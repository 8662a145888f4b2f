// SPDX-License-Identifier: Apache-2.0

import Bytes
import Telemetry

/// Turns lines into records, one after another.
struct LineDecoder {
  private let names: ProtocolNames
  private let calls = CallFields.all
  private let callMetrics = CallMetricFields.all
  private let flows = FlowFields.all
  private let networkMetrics = NetworkMetricFields.all
  /// Kept for its room.
  private var scratch: [UInt8] = []

  init(names: ProtocolNames) {
    self.names = names
  }

  mutating func decode(
    _ line: inout LineReader, into batch: inout RecordBatch
  ) throws(FormatError) {
    let beginning = line
    let table = try table(beginning)
    switch table {
    case "l7_flow_log":
      var draft = LineDraft(CallRecord.zero)
      // What a sender does not say of its own.
      draft.record.transport = .tcp
      draft.record.signalSource = .packet
      try fill(&draft, calls, &line, into: &batch)
      try finish(&draft, beginning, &batch)
      batch.calls.append(draft.record)
    case "l4_flow_log":
      var draft = LineDraft(FlowRecord.zero)
      try fill(&draft, flows, &line, into: &batch)
      (draft.record.start, draft.record.end) = try times(&draft, beginning)
      batch.flows.append(draft.record)
    case "application_map.1s", "application_map.1m":
      var draft = LineDraft(CallMetric.zero)
      draft.record.interval = table.hasSuffix("m") ? 60 : 1
      try fill(&draft, callMetrics, &line, into: &batch)
      draft.record.time = try interval(draft, draft.record.interval, beginning)
      batch.metrics.append(draft.record)
    case "network_map.1s", "network_map.1m":
      var draft = LineDraft(NetworkMetric.zero)
      draft.record.interval = table.hasSuffix("m") ? 60 : 1
      try fill(&draft, networkMetrics, &line, into: &batch)
      draft.record.time = try interval(draft, draft.record.interval, beginning)
      batch.networkMetrics.append(draft.record)
    default:
      throw beginning.fault(
        "\"table\" is '\(table.prefix(40))'; it must be l7_flow_log, l4_flow_log, "
          + "application_map.1s, application_map.1m, network_map.1s or network_map.1m")
    }
  }

  /// What `"table"` says, wherever in the line it stands.
  private mutating func table(_ line: LineReader) throws(FormatError) -> String {
    var line = line
    try line.expect(UInt8(ascii: "{"), "'{'")
    if !line.take(UInt8(ascii: "}")) {
      repeat {
        guard try word(&line) == "table" else {
          try line.expect(UInt8(ascii: ":"), "':'")
          try line.skipValue()
          continue
        }
        try line.expect(UInt8(ascii: ":"), "':'")
        return try word(&line)
      } while line.take(UInt8(ascii: ","))
    }
    throw line.fault("the record has no \"table\", which says what it is", at: 0)
  }

  private mutating func word(_ line: inout LineReader) throws(FormatError) -> String {
    scratch.removeAll(keepingCapacity: true)
    try line.string(into: &scratch)
    return String(decoding: scratch, as: UTF8.self)
  }

  private mutating func fill<Record>(
    _ draft: inout LineDraft<Record>, _ fields: LineFields<Record>, _ line: inout LineReader,
    into batch: inout RecordBatch
  ) throws(FormatError) {
    try line.expect(UInt8(ascii: "{"), "'{'")
    repeat {
      _ = line.peek()
      let place = line.offset
      let key = try word(&line)
      try line.expect(UInt8(ascii: ":"), "':'")
      if key == "table" {
        try line.skipValue()
      } else if let field = fields.fields[key] {
        if try !line.takeNull() { try set(&draft, field, key, &line, &batch) }
      } else {
        throw line.fault("a record of this table has no '\(key.prefix(60))' to give", at: place)
      }
    } while line.take(UInt8(ascii: ","))
    try line.expect(UInt8(ascii: "}"), "',' or '}'")
    guard line.peek() == nil else { throw line.fault("expected the end of the line") }
  }

  private mutating func set<Record>(
    _ draft: inout LineDraft<Record>, _ field: LineField<Record>, _ key: String,
    _ line: inout LineReader, _ batch: inout RecordBatch
  ) throws(FormatError) {
    let first = line.peek()
    let place = line.offset
    switch field {
    case .number(let limit, let set):
      let (value, isNegative) = try line.number()
      guard !isNegative || value == 0, value <= limit else {
        throw line.fault("\(key) must be from 0 to \(limit)", at: place)
      }
      set(&draft, value)
    case .signed(let bits, let set):
      let (value, isNegative) = try line.number()
      let limit = UInt64(1) << UInt64(bits - 1)
      guard value < limit || isNegative && value == limit else {
        throw line.fault("\(key) must fit into \(bits) bits", at: place)
      }
      set(&draft, isNegative ? 0 &- Int64(truncatingIfNeeded: value) : Int64(value))
    case .text(let set): set(&draft, try text(&line, &batch))
    case .texts(let set): set(&draft, try texts(&line, &batch))
    case .word(let expected, let set):
      guard set(&draft, try word(&line)) else {
        throw line.fault("\(key) must be \(expected)", at: place)
      }
    case .name(let numbers, let set):
      set(&draft, try number(&line, key, first, place) { numbers[$0.lowercased()] })
    case .protocolName(let set):
      let names = names
      let number = try number(&line, key, first, place) { names.number(of: $0)?.rawValue }
      set(&draft, ApplicationProtocol(rawValue: number))
    case .derived: try line.skipValue()
    }
  }

  private func text(
    _ line: inout LineReader, _ batch: inout RecordBatch
  ) throws(FormatError) -> Text {
    let start = batch.text.count
    try line.string(into: &batch.text)
    return Text(offset: UInt32(start), length: UInt32(batch.text.count - start))
  }

  private func texts(
    _ line: inout LineReader, _ batch: inout RecordBatch
  ) throws(FormatError) -> [Text] {
    var found: [Text] = []
    try line.expect(UInt8(ascii: "["), "'['")
    if line.take(UInt8(ascii: "]")) { return found }
    repeat { found.append(try text(&line, &batch)) } while line.take(UInt8(ascii: ","))
    try line.expect(UInt8(ascii: "]"), "',' or ']'")
    return found
  }

  /// A number of an enumeration, or the one that a name stands for.
  private mutating func number(
    _ line: inout LineReader, _ key: String, _ first: UInt8?, _ place: Int,
    named: (String) -> UInt8?
  ) throws(FormatError) -> UInt8 {
    if first == UInt8(ascii: "\"") {
      let name = try word(&line)
      guard let number = named(name) else {
        throw line.fault("\(key) has no value '\(name.prefix(60))'; give its number", at: place)
      }
      return number
    }
    let (value, isNegative) = try line.number()
    guard let number = UInt8(exactly: value), !isNegative || value == 0 else {
      throw line.fault("\(key) must be a name, or a number from 0 to 255", at: place)
    }
    return number
  }
}

/// What is known only when all of a line is.
extension LineDecoder {
  private func times<Record>(
    _ draft: inout LineDraft<Record>, _ line: LineReader
  ) throws(FormatError) -> (Timestamp, Timestamp) {
    guard let end = draft.end ?? draft.time.map({ $0 * 1_000_000 }) else {
      throw line.fault("the record has neither \"end_time\" nor \"time\"")
    }
    let start = draft.start ?? (end - min(end, draft.duration ?? 0))
    guard start <= end else { throw line.fault("the record ends before it starts") }
    return (Timestamp(microseconds: Int64(start)), Timestamp(microseconds: Int64(end)))
  }

  private func interval<Record>(
    _ draft: LineDraft<Record>, _ seconds: UInt32, _ line: LineReader
  ) throws(FormatError) -> Timestamp {
    guard let time = draft.time else { throw line.fault("the record has no \"time\"") }
    guard time % UInt64(seconds) == 0 else {
      throw line.fault("\"time\" must be where a minute begins")
    }
    return Timestamp(seconds: Int64(time))
  }

  private mutating func finish(
    _ draft: inout LineDraft<CallRecord>, _ line: LineReader, _ batch: inout RecordBatch
  ) throws(FormatError) {
    (draft.record.start, draft.record.end) = try times(&draft, line)
    if let duration = draft.duration {
      draft.record.hasDuration = true
      guard draft.record.durationMicroseconds == duration else {
        throw line.fault("\"response_duration\" must be the time from start_time to end_time")
      }
    }
    guard draft.attributeNames.count == draft.attributeValues.count else {
      throw line.fault("attribute_names and attribute_values have different lengths")
    }
    scratch.removeAll(keepingCapacity: true)
    var others = 0
    for (name, value) in zip(draft.attributeNames, draft.attributeValues) {
      switch batch.string(name) {
      case "http_user_agent": draft.record.texts.userAgent = value
      case "http_referer": draft.record.texts.referer = value
      case let text:
        others += 1
        guard others <= Attributes.limit, text.utf8.count <= Attributes.nameBytes,
          Int(value.length) <= Attributes.valueBytes
        else {
          throw line.fault(
            "a call has at most \(Attributes.limit) attributes, of names of \(Attributes.nameBytes) "
              + "and values of \(Attributes.valueBytes) bytes")
        }
        Attributes.append(
          name: Array(batch.bytes(name)).span, value: Array(batch.bytes(value)).span, to: &scratch)
      }
    }
    draft.record.attributes = batch.append(scratch.span)
  }
}
