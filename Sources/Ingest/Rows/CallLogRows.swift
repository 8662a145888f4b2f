// SPDX-License-Identifier: Apache-2.0

import Catalog
package import Storage
import Telemetry

/// Writes calls into the columns of `flow_log.l7_flow_log`.
///
/// Positions of columns are looked up by name once, so the declaration may be reordered; a column
/// that is not written here is a mistake that ``ColumnBatch/encode(into:)`` finds in the first test.
package struct CallLogRows: Sendable {
  package var batch = ColumnBatch(.callLog)
  private let base: Base
  private let ends: Ends
  private let correlation: Correlation
  private let content: Content
  private let figures: Figures

  package init() {
    base = Base(batch)
    ends = Ends(batch)
    correlation = Correlation(batch)
    content = Content(batch)
    figures = Figures(batch)
  }

  /// Appends one row. `text` is that of the batch the call came in.
  mutating func append(
    _ call: CallRecord, _ text: Span<UInt8>, agent: UInt16, client: EndTags, server: EndTags,
    numbers: inout RowNumbers
  ) {
    let second = call.end.storedSeconds
    batch.append(second, to: base.time)
    batch.append(numbers.next(second: second), to: base.number)
    batch.append(call.start.microseconds, to: base.startTime)
    batch.append(call.end.microseconds, to: base.endTime)
    batch.append(agent, to: base.agent)
    batch.append(call.signalSource.rawValue, to: base.signalSource)
    batch.append(call.observationPoint.name, to: base.observationPoint)
    batch.append(call.kind.rawValue, to: base.type)
    batch.append(call.flow, to: base.flow)
    batch.append(call.directionScore, to: base.directionScore)
    appendEnds(call, client, server)
    appendCorrelation(call, text)
    appendContent(call, text)
    batch.append(call.durationMicroseconds, to: figures.duration)
    batch.append(call.requestLength, to: figures.requestLength)
    batch.append(call.responseLength, to: figures.responseLength)
    batch.append(call.affectedRows, to: figures.affectedRows)
    batch.append(call.capturedRequestBytes, to: figures.capturedRequest)
    batch.append(call.capturedResponseBytes, to: figures.capturedResponse)
  }

  private mutating func appendEnds(_ call: CallRecord, _ client: EndTags, _ server: EndTags) {
    batch.append(client.tagSet, to: ends.tagSet0)
    batch.append(server.tagSet, to: ends.tagSet1)
    batch.append(client.service, to: ends.service0)
    batch.append(server.service, to: ends.service1)
    batch.append(client.serviceKind.rawValue, to: ends.serviceType0)
    batch.append(server.serviceKind.rawValue, to: ends.serviceType1)
    batch.append(call.client.address, to: ends.ip0)
    batch.append(call.server.address, to: ends.ip1)
    batch.append(UInt8(call.server.address.isV4 ? 1 : 0), to: ends.isV4)
    batch.append(call.transport.rawValue, to: ends.transport)
    batch.append(call.client.port, to: ends.clientPort)
    batch.append(call.server.port, to: ends.serverPort)
    batch.append(call.client.process.pid, to: ends.process0)
    batch.append(call.server.process.pid, to: ends.process1)
    call.client.threadName.withBytes { batch.append($0, to: ends.threadName0) }
    call.server.threadName.withBytes { batch.append($0, to: ends.threadName1) }
    batch.append(call.networkNamespace, to: ends.namespace)
  }

  private mutating func appendCorrelation(_ call: CallRecord, _ text: Span<UInt8>) {
    batch.append(call.requestSequence, to: correlation.requestSequence)
    batch.append(call.responseSequence, to: correlation.responseSequence)
    batch.append(call.syscallTraceRequest, to: correlation.traceRequest)
    batch.append(call.syscallTraceResponse, to: correlation.traceResponse)
    batch.append(call.client.thread, to: correlation.thread0)
    batch.append(call.server.thread, to: correlation.thread1)
    batch.append(call.coroutineRequest, to: correlation.coroutine0)
    batch.append(call.coroutineResponse, to: correlation.coroutine1)
    batch.append(call.captureSequenceRequest, to: correlation.captureSequence0)
    batch.append(call.captureSequenceResponse, to: correlation.captureSequence1)
    batch.append(call.requestID, to: correlation.requestID)
    let texts = call.texts
    batch.append(texts.requestXRequestID.bytes(in: text), to: correlation.xRequestID0)
    batch.append(texts.responseXRequestID.bytes(in: text), to: correlation.xRequestID1)
    batch.append(texts.traceID.bytes(in: text), to: correlation.traceID)
    batch.append(texts.spanID.bytes(in: text), to: correlation.spanID)
    batch.append(texts.parentSpanID.bytes(in: text), to: correlation.parentSpanID)
    batch.append(texts.proxyClient.bytes(in: text), to: correlation.proxyClient)
  }

  private mutating func appendContent(_ call: CallRecord, _ text: Span<UInt8>) {
    let texts = call.texts
    batch.append(call.applicationProtocol.rawValue, to: content.applicationProtocol)
    batch.append(texts.version.bytes(in: text), to: content.version)
    batch.append(UInt8(call.flags.contains(.tls) ? 1 : 0), to: content.isTLS)
    batch.append(UInt8(call.flags.contains(.async) ? 1 : 0), to: content.isAsync)
    batch.append(UInt8(call.flags.contains(.reversed) ? 1 : 0), to: content.isReversed)
    batch.append(texts.requestType.bytes(in: text), to: content.requestType)
    batch.append(texts.requestDomain.bytes(in: text), to: content.requestDomain)
    batch.append(texts.requestResource.bytes(in: text), to: content.requestResource)
    batch.append(texts.endpoint.bytes(in: text), to: content.endpoint)
    batch.append(call.status.rawValue, to: content.status)
    batch.append(call.responseCode, to: content.code)
    batch.append(texts.responseException.bytes(in: text), to: content.exception)
    batch.append(texts.responseResult.bytes(in: text), to: content.result)
    batch.appendEmpty(to: content.appService)
    batch.appendEmpty(to: content.appInstance)
    appendAttribute("http_user_agent", texts.userAgent, text)
    appendAttribute("http_referer", texts.referer, text)
    batch.endArray(in: content.attributeNames)
    batch.endArray(in: content.attributeValues)
  }

  private mutating func appendAttribute(
    _ name: StaticString, _ value: Text, _ text: Span<UInt8>
  ) {
    guard !value.isEmpty else { return }
    batch.append(name, to: content.attributeNames)
    batch.append(value.bytes(in: text), to: content.attributeValues)
  }
}
