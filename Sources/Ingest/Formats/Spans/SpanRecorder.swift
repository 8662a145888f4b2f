// SPDX-License-Identifier: Apache-2.0

import Bytes
import Protocols
import Telemetry

/// Makes calls of spans: rows of `l7_flow_log` beside those that agents see, told by the application
/// itself.
///
/// Which side of a call a span is says its kind: client and producer `c-app`, server and consumer `s-app`,
/// any other `app`, where both ends are the process that tells it. What is left of a span's attributes
/// and of its resource's stands among those of the call. Texts go by the rules for what agents see.
struct SpanRecorder: Sendable {
  /// Bytes that all texts of a body may become: what it makes us hold, since each call has its
  /// resource's attributes.
  static let textBytes = 128 << 20
  /// Attributes of the resource and its scope that each call has; further ones are left out.
  private static let sharedLimit = 64

  let names: ProtocolNames
  var fields = FieldBuffer()
  /// Kept for their room.
  var scratch: [UInt8] = []
  var run: [UInt8] = []
  var isInColumn: [Bool] = []

  private var resourceFields = FoundFields()
  private var resourceRun: [UInt8] = []
  private var resourceRunCount = 0
  private var scopeRun: [UInt8] = []
  private var scopeRunCount = 0
  private var service = Text.empty
  private var instance = Text.empty

  init(names: ProtocolNames) {
    self.names = names
  }

  /// Takes what `draft` has for its resource.
  mutating func beginResource(_ draft: inout SpanDraft, into batch: inout RecordBatch) {
    draft.attributes.endResource()
    resourceFields = FoundFields()
    resourceFields.look(at: draft.attributes, from: 0)
    service = batch.append(draft.attributes.value(of: resourceFields[.service]).short)
    instance = batch.append(draft.attributes.value(of: resourceFields[.instance]).short)
    run.removeAll(keepingCapacity: true)
    var count = 0
    for index in 0..<draft.attributes.resourceCount where count < Self.sharedLimit {
      guard index != resourceFields[.service], index != resourceFields[.instance] else { continue }
      append(attribute: index, of: draft.attributes)
      count += 1
    }
    (resourceRun, resourceRunCount) = (run, count)
    beginScope(name: [], version: [])
  }

  /// - Parameters:
  ///   - name: What instrumentation tells the spans that follow; empty for none.
  ///   - version: That of the instrumentation.
  mutating func beginScope(name: [UInt8], version: [UInt8]) {
    run.removeAll(keepingCapacity: true)
    append("otel.scope.name", name.span)
    append("otel.scope.version", version.span)
    scopeRun = run
    scopeRunCount = (name.isEmpty ? 0 : 1) + (version.isEmpty ? 0 : 1)
  }

  /// Appends the call of a span that has no ``SpanDraft/fault``.
  mutating func record(
    _ draft: borrowing SpanDraft, into batch: inout RecordBatch
  ) throws(FormatError) {
    var found = resourceFields
    found.look(at: draft.attributes, from: draft.attributes.resourceCount)
    var values = SpanValues(found)
    let ends = ends(draft, &values)
    let start = Timestamp(nanoseconds: Int64(clamping: draft.start))
    // Clocks that are set back between the two give an end before the start.
    let end = Timestamp(nanoseconds: Int64(clamping: max(draft.start, draft.end)))
    var call = CallRecord(client: ends.client, server: ends.server, start: start, end: end)
    call.hasDuration = true
    call.signalSource = .openTelemetry
    call.observationPoint =
      draft.kind.isClient
      ? .clientApplication : draft.kind.isServer ? .serverApplication : .application
    call.transport = transport(draft.attributes, &values)
    call.applicationProtocol = applicationProtocol(draft.attributes, values)
    (call.appService, call.appInstance) = (service, instance)
    setOutcome(&call, draft, &values)
    setTexts(&call, draft, &values, into: &batch)
    setFigures(&call, draft.attributes, &values)
    run.removeAll(keepingCapacity: true)
    appendAttributes(draft, values)
    run += scopeRun
    run += resourceRun
    call.attributes = batch.append(run.span)
    batch.calls.append(call)
    guard batch.text.count <= Self.textBytes else {
      throw FormatError(
        "the spans would take more than \(Self.textBytes >> 20) MiB; send fewer at once",
        fault: .oversized)
    }
  }

  /// Writes the attributes that are in no column, so many that those of the resource fit behind them.
  private mutating func appendAttributes(_ draft: borrowing SpanDraft, _ values: SpanValues) {
    let attributes = draft.attributes.entries.count
    isInColumn.removeAll(keepingCapacity: true)
    isInColumn.append(contentsOf: repeatElement(false, count: attributes))
    for index in values.inColumns where index < attributes { isInColumn[index] = true }
    var left = Attributes.limit - resourceRunCount - scopeRunCount
    func add(_ name: StaticString, _ text: Span<UInt8>, to run: inout [UInt8]) {
      guard left > 0, !text.isEmpty else { return }
      name.withUTF8Buffer { Attributes.append(name: unsafe $0.span, value: text, to: &run) }
      left -= 1
    }
    switch draft.kind {
    case .producer: add("span.kind", Array("producer".utf8).span, to: &run)
    case .consumer: add("span.kind", Array("consumer".utf8).span, to: &run)
    default: break
    }
    add("w3c.tracestate", draft.traceState.span, to: &run)
    add("span.events", draft.events.span, to: &run)
    add("span.links", draft.links.span, to: &run)
    for index in draft.attributes.resourceCount..<attributes where !isInColumn[index] {
      guard left > 0 else { break }
      append(attribute: index, of: draft.attributes)
      left -= 1
    }
  }

  private mutating func append(_ name: StaticString, _ value: Span<UInt8>) {
    name.withUTF8Buffer { Attributes.append(name: unsafe $0.span, value: value, to: &run) }
  }
}

/// The fields of one span, and which of them became columns.
struct SpanValues: Sendable {
  let found: FoundFields
  private(set) var inColumns: [Int] = []

  init(_ found: FoundFields) {
    self.found = found
    inColumns.reserveCapacity(16)
  }

  /// The index of a field's attribute, which from here on stands in a column.
  mutating func take(_ field: SpanField) -> Int? {
    guard let index = found[field] else { return nil }
    if !SpanRule.kept.contains(field) { inColumns.append(index) }
    return index
  }
}

extension SpanRule {
  static let kept = Set(all.filter(\.isKept).map(\.field))
}

extension Span where Element == UInt8 {
  /// As much as a text of a call has.
  var short: Span<UInt8> {
    @_lifetime(copy self)
    get { extracting(first: FieldBuffer.textLimit) }
  }
}
