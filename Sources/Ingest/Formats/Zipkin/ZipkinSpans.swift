// SPDX-License-Identifier: Apache-2.0

package import Telemetry

/// Zipkin's spans in JSON, version 2: a list, as `POST /api/v2/spans` takes it
/// (https://zipkin.io/zipkin-api/, `ListOfSpans`).
package enum ZipkinSpans: IngestFormat {
  package static let name = "zipkin"
  package static let number = FormatNumber.zipkinSpans
  package static let contentTypes = ["application/json"]

  @discardableResult
  package static func decode(
    _ body: Span<UInt8>, names: ProtocolNames, into batch: inout RecordBatch
  ) throws(FormatError) -> LeftOut {
    batch.removeAll()
    var document = ZipkinReader(names: names)
    var reader = LineReader(document: body)
    var isFirst = true
    while try reader.element(&isFirst) { try document.readSpan(&reader, into: &batch) }
    guard reader.peek() == nil else { throw reader.fault("expected the end of the document") }
    return document.intake.leftOut
  }
}

/// Reads one list.
private struct ZipkinReader {
  var intake: SpanIntake
  private var draft = SpanDraft()
  private var name: [UInt8] = []

  init(names: ProtocolNames) {
    intake = SpanIntake(names: names)
  }

  private var member: String { String(decoding: name, as: UTF8.self) }

  /// Who tells a span stands in the span, and its members have no order.
  mutating func readSpan(
    _ reader: inout LineReader, into batch: inout RecordBatch
  ) throws(FormatError) {
    draft.attributes.removeAll()
    draft.removeSpan()
    let start = reader.offset
    var local = ZipkinEndpoint()
    var isFirst = true
    while try reader.member(&isFirst, into: &name) {
      guard member == "localEndpoint", reader.peek() == UInt8(ascii: "{") else {
        try reader.skipValue()
        continue
      }
      local = try readEndpoint(&reader)
    }
    draft.attributes.append(name: "service.name", value: local.service.span)
    intake.recorder.beginResource(&draft, into: &batch)
    draft.attributes.append(name: "network.local.address", value: local.address.span)
    draft.attributes.append(name: "network.local.port", value: local.port.span)
    reader.offset = start
    isFirst = true
    var duration: UInt64 = 0
    while try reader.member(&isFirst, into: &name) {
      if try reader.takeNull() { continue }
      switch member {
      case "traceId": try reader.setID(&draft.traceID, lengths: [16, 32])
      case "id": try reader.setID(&draft.spanID, lengths: [16])
      case "parentId": try reader.setID(&draft.parentSpanID, lengths: [16])
      case "name": try reader.set(&draft.name)
      case "kind": draft.kind = try readKind(&reader)
      case "timestamp": draft.start = try reader.nanoseconds(in: 1_000)
      case "duration": duration = try reader.nanoseconds(in: 1_000)
      case "remoteEndpoint":
        let remote = try readEndpoint(&reader)
        draft.attributes.append(name: "network.peer.address", value: remote.address.span)
        draft.attributes.append(name: "network.peer.port", value: remote.port.span)
        draft.attributes.append(name: "peer.service", value: remote.service.span)
      case "annotations": try readAnnotations(&reader)
      case "tags": try readTags(&reader)
      default: try reader.skipValue()
      }
    }
    let (end, overflow) = draft.start.addingReportingOverflow(duration)
    draft.end = overflow ? .max : end
    try intake.take(draft, into: &batch)
  }

  private func readKind(_ reader: inout LineReader) throws(FormatError) -> SpanDraft.Kind {
    var text: [UInt8] = []
    try reader.string(into: &text)
    return switch String(decoding: text, as: UTF8.self) {
    case "CLIENT": .client
    case "SERVER": .server
    case "PRODUCER": .producer
    case "CONSUMER": .consumer
    default: .unspecified
    }
  }

  private mutating func readEndpoint(
    _ reader: inout LineReader
  ) throws(FormatError) -> ZipkinEndpoint {
    var endpoint = ZipkinEndpoint()
    var isFirst = true
    while try reader.member(&isFirst, into: &name) {
      if try reader.takeNull() { continue }
      switch member {
      case "serviceName": try reader.set(&endpoint.service)
      case "ipv4": try reader.set(&endpoint.address)
      case "ipv6":
        var address: [UInt8] = []
        try reader.string(into: &address)
        if endpoint.address.isEmpty { endpoint.address = address }
      case "port":
        endpoint.port.removeAll()
        try reader.scalar(into: &endpoint.port)
      default: try reader.skipValue()
      }
    }
    return endpoint
  }

  private mutating func readAnnotations(_ reader: inout LineReader) throws(FormatError) {
    var isFirstElement = true
    while try reader.element(&isFirstElement) {
      var isFirst = true
      while try reader.member(&isFirst, into: &name) {
        guard member == "value", reader.peek() == 0x22 else {
          try reader.skipValue()
          continue
        }
        var value: [UInt8] = []
        try reader.string(into: &value)
        SpanDraft.append(value, toList: &draft.events)
      }
    }
  }

  /// `error` says that the span failed, and how.
  private mutating func readTags(_ reader: inout LineReader) throws(FormatError) {
    var isFirst = true
    var value: [UInt8] = []
    while try reader.member(&isFirst, into: &name) {
      guard reader.peek() == 0x22 else {
        try reader.skipValue()
        continue
      }
      try reader.set(&value)
      if member == "error" {
        guard value != Array("false".utf8) else { continue }
        draft.status = .error
        draft.statusMessage = value == Array("true".utf8) ? [] : value
      } else {
        let tag = name
        draft.attributes.append(name: tag.span, value: value.span)
      }
    }
  }
}

/// One side of a span, as texts.
private struct ZipkinEndpoint {
  var service: [UInt8] = []
  var address: [UInt8] = []
  var port: [UInt8] = []
}
