// SPDX-License-Identifier: Apache-2.0

import Bytes
import Protocols
import Telemetry

/// What a span says was asked and answered.
extension SpanRecorder {
  mutating func setTexts(
    _ call: inout CallRecord, _ draft: borrowing SpanDraft, _ values: inout SpanValues,
    into batch: inout RecordBatch
  ) {
    call.texts.traceID = batch.append(draft.traceID.span.short)
    call.texts.spanID = batch.append(draft.spanID.span.short)
    call.texts.parentSpanID = batch.append(draft.parentSpanID.span.short)
    call.texts.endpoint = put(told: draft.name.span, into: &batch)
    let attributes = draft.attributes
    call.texts.requestType = requestType(attributes, &values, into: &batch)
    call.texts.requestDomain = domain(attributes, draft.kind, &values, into: &batch)
    setResource(&call, attributes, &values, into: &batch)
    call.texts.version = put(attributes, values.take(.protocolVersion), into: &batch)
    call.texts.userAgent = put(attributes, values.take(.userAgent), into: &batch)
    if let index = values.take(.referer) {
      fields.removeAll()
      let text = fields.append(toldURL: attributes.value(of: index).element)
      call.texts.referer = finish(text, into: &batch)
    }
    call.texts.requestXRequestID = put(
      attributes, values.take(.requestXRequestID), into: &batch)
    call.texts.responseXRequestID = put(
      attributes, values.take(.responseXRequestID), into: &batch)
    // Whom a proxy speaks for, where it is not who connected.
    if draft.kind.isServer, values.found[.peerAddress] != nil {
      call.texts.proxyClient = put(attributes, values.found[.clientAddress], into: &batch)
    }
    setException(&call, draft, values, into: &batch)
  }

  private mutating func requestType(
    _ attributes: borrowing SpanAttributes, _ values: inout SpanValues,
    into batch: inout RecordBatch
  ) -> Text {
    // `_OTHER` stands for a method that is not standard.
    let isOther = attributes.value(of: values.found[.httpMethod]).begins("_OTHER")
    let first: SpanField =
      isOther && values.found[.originalMethod] != nil ? .originalMethod : .httpMethod
    let fields: [SpanField] = [first, .databaseOperation, .rpcMethod, .messagingOperation]
    for field in fields where values.found[field] != nil {
      if field == .originalMethod { _ = values.take(.httpMethod) }
      return put(attributes, values.take(field), into: &batch)
    }
    return .empty
  }

  private mutating func domain(
    _ attributes: borrowing SpanAttributes, _ kind: SpanDraft.Kind, _ values: inout SpanValues,
    into batch: inout RecordBatch
  ) -> Text {
    let name: SpanField = kind.isServer ? .hostName : .peerName
    for field in [.domainName, .databaseName, .httpHost, .serverAddress, name] as [SpanField]
    where values.found[field] != nil {
      return put(attributes, values.take(field), into: &batch)
    }
    return .empty
  }

  private mutating func setResource(
    _ call: inout CallRecord, _ attributes: borrowing SpanAttributes, _ values: inout SpanValues,
    into batch: inout RecordBatch
  ) {
    let hasOther = values.found[.httpTarget] != nil || values.found[.url] != nil
    if values.found[.urlPath] != nil || (values.found[.urlQuery] != nil && !hasOther) {
      scratch.removeAll(keepingCapacity: true)
      scratch.append(attributes.value(of: values.take(.urlPath)))
      if let query = values.take(.urlQuery) {
        scratch.append(UInt8(ascii: "?"))
        scratch.append(attributes.value(of: query))
      }
      call.texts.requestResource = putTarget(into: &batch)
    } else if let index = values.take(.httpTarget) {
      scratch.removeAll(keepingCapacity: true)
      scratch.append(attributes.value(of: index))
      call.texts.requestResource = putTarget(into: &batch)
    } else if let index = values.found[.url] {
      scratch.removeAll(keepingCapacity: true)
      scratch.append(attributes.value(of: index).behindAuthority)
      call.texts.requestResource = putTarget(into: &batch)
    } else if let index = values.take(.statement) {
      let text = write(
        statement: attributes.value(of: index),
        system: attributes.text(of: values.found[.databaseSystem]))
      call.texts.requestResource = finish(text, into: &batch)
    } else {
      for field in [.rpcService, .destination] as [SpanField] where values.found[field] != nil {
        call.texts.requestResource = put(attributes, values.take(field), into: &batch)
        return
      }
    }
  }

  private mutating func putTarget(into batch: inout RecordBatch) -> Text {
    let target = scratch
    fields.removeAll()
    let text = fields.append(toldTarget: target.span)
    return finish(text, into: &batch)
  }

  private mutating func setException(
    _ call: inout CallRecord, _ draft: borrowing SpanDraft, _ values: SpanValues,
    into batch: inout RecordBatch
  ) {
    scratch.removeAll(keepingCapacity: true)
    scratch += draft.exceptionKind
    if !draft.exceptionMessage.isEmpty {
      if !scratch.isEmpty { scratch += Array(": ".utf8) }
      scratch += draft.exceptionMessage
    }
    if scratch.isEmpty { scratch += draft.statusMessage }
    if scratch.isEmpty { scratch.append(draft.attributes.value(of: values.found[.errorKind])) }
    let fault = scratch
    fields.removeAll()
    // What databases say quotes what they were sent.
    let text =
      values.found[.databaseSystem] != nil
      ? fields.append(toldFault: fault.span) : fields.append(toldText: fault.span)
    call.texts.responseException = finish(text, into: &batch)
  }

  /// A statement without the users' data, in ``fields``.
  mutating func write(statement: Span<UInt8>, system: String) -> Text {
    fields.removeAll()
    let system = system.lowercased()
    if system == "redis" || system == "valkey" { return fields.append(toldRedis: statement) }
    var dialect = SQLDialect.mySQL
    switch Self.protocols[system] ?? system {
    case "PostgreSQL", "postgresql": dialect = .postgreSQL
    case "MySQL", "mysql": break
    // What a backslash is in a string of theirs nobody knows, so that more is hidden than has to be.
    default: dialect.backslash = .unknown
    }
    return SQLText(statement, dialect: dialect, into: &fields).resource
  }
}

/// Texts of the batch.
extension SpanRecorder {
  mutating func put(told text: Span<UInt8>, into batch: inout RecordBatch) -> Text {
    fields.removeAll()
    let text = fields.append(toldText: text)
    return finish(text, into: &batch)
  }

  /// The value of an attribute, or the first element of one that is a list.
  mutating func put(
    _ attributes: borrowing SpanAttributes, _ index: Int?, into batch: inout RecordBatch
  ) -> Text {
    guard let index else { return .empty }
    return put(told: attributes.value(of: index).element, into: &batch)
  }

  /// Moves a text of ``fields`` into the batch.
  mutating func finish(_ text: Text, into batch: inout RecordBatch) -> Text {
    let start = Int(text.offset)
    return batch.append(fields.bytes.clipped(from: start, to: start + Int(text.length)))
  }

  /// Writes an attribute to the run. Numbers and flags are nobody's secrets; of texts, what has the name
  /// of one is hidden, and URLs and statements are treated as such.
  mutating func append(attribute index: Int, of attributes: borrowing SpanAttributes) {
    let name = attributes.name(of: index)
    let value = attributes.value(of: index)
    guard attributes.entries[index].isText else {
      return Attributes.append(name: name, value: value, to: &run)
    }
    fields.removeAll()
    let text: Text
    switch SpanNames.all.match(name)?.field {
    case .url: text = fields.append(toldURL: value)
    case .httpTarget, .urlPath: text = fields.append(toldTarget: value)
    case .urlQuery: text = fields.append("?")
    case .statement: text = write(statement: value, system: "")
    case .some: text = fields.append(toldText: value)
    case nil:
      text =
        fields.hides(name) || Self.holdsParameter(name)
        ? fields.append("?") : fields.append(toldText: value)
    }
    let start = Int(text.offset)
    var run: [UInt8] = []
    swap(&run, &self.run)
    Attributes.append(
      name: name, value: fields.bytes.clipped(from: start, to: start + Int(text.length)), to: &run)
    swap(&run, &self.run)
  }

  /// Whether an attribute holds what a statement's literals would.
  private static func holdsParameter(_ name: Span<UInt8>) -> Bool {
    name.begins("db.query.parameter") || name.begins("db.operation.parameter")
      || name.begins("db.statement.parameter") || name.begins("db.sql.param")
  }
}

extension Span where Element == UInt8 {
  /// The text, or of a list of texts, as headers are, the first.
  fileprivate var element: Span<UInt8> {
    @_lifetime(copy self)
    get {
      guard begins("[\"") else { return self }
      return clipped(from: 2, to: firstIndex(of: 0x22, from: 2, to: count) ?? count)
    }
  }

  /// The path and query of a URL: `/` where it has none.
  fileprivate var behindAuthority: Span<UInt8> {
    @_lifetime(copy self)
    get {
      guard let colon = firstIndex(of: 0x3a, from: 0, to: count),
        clipped(from: colon, to: count).begins("://")
      else { return self }
      let slash = firstIndex(of: 0x2f, from: colon + 3, to: count) ?? count
      let question = firstIndex(of: 0x3f, from: colon + 3, to: count) ?? count
      return clipped(from: Swift.min(slash, question), to: count)
    }
  }
}

extension Span where Element == UInt8 {
  func begins(_ literal: StaticString) -> Bool {
    guard count >= literal.utf8CodeUnitCount else { return false }
    return literal.withUTF8Buffer { letters in
      for index in 0..<letters.count where self[index] != (unsafe letters[index]) { return false }
      return true
    }
  }
}

extension [UInt8] {
  mutating func append(_ bytes: Span<UInt8>) {
    unsafe bytes.withUnsafeBufferPointer { unsafe append(contentsOf: $0) }
  }
}
