// SPDX-License-Identifier: Apache-2.0

import Storage
import Telemetry

/// Writes calls into the columns of `flow_log.l7_flow_log`.
struct CallLogRows: Sendable {
  var rows = TableRows(.callLog)

  /// Appends one row. `text` is that of the batch the call came in.
  mutating func append(
    _ call: inout CallRecord, _ text: Span<UInt8>, _ ends: TaggedEnds, agent: UInt16,
    numbers: inout RowNumbers
  ) {
    rows.putLog(&call, ends, agent: agent, numbers: &numbers)
    rows.put("type", call.kind.rawValue)
    putProcesses(&call)
    putCorrelation(&call, text)
    putContent(&call, text)
    putAnswer(&call, text)
    putFigures(&call)
    rows.endRow()
  }

  @inline(__always)
  private mutating func putProcesses(_ call: inout CallRecord) {
    rows.put("process_id_0", call.client.process.pid)
    rows.put("process_id_1", call.server.process.pid)
    call.client.threadName.withBytes { rows.put("process_kname_0", $0) }
    call.server.threadName.withBytes { rows.put("process_kname_1", $0) }
  }

  @inline(__always)
  private mutating func putCorrelation(_ call: inout CallRecord, _ text: Span<UInt8>) {
    rows.put("req_tcp_seq", call.requestSequence)
    rows.put("resp_tcp_seq", call.responseSequence)
    rows.put("syscall_trace_id_request", call.syscallTraceRequest)
    rows.put("syscall_trace_id_response", call.syscallTraceResponse)
    rows.put("syscall_thread_0", call.client.thread)
    rows.put("syscall_thread_1", call.server.thread)
    rows.put("syscall_coroutine_0", call.coroutineRequest)
    rows.put("syscall_coroutine_1", call.coroutineResponse)
    rows.put("syscall_cap_seq_0", call.captureSequenceRequest)
    rows.put("syscall_cap_seq_1", call.captureSequenceResponse)
    rows.put("request_id", orNull: call.requestID)
    rows.put("x_request_id_0", call.texts.requestXRequestID.bytes(in: text))
    rows.put("x_request_id_1", call.texts.responseXRequestID.bytes(in: text))
    rows.put("trace_id", call.texts.traceID.bytes(in: text))
    rows.put("span_id", call.texts.spanID.bytes(in: text))
    rows.put("parent_span_id", call.texts.parentSpanID.bytes(in: text))
    rows.put("http_proxy_client", call.texts.proxyClient.bytes(in: text))
  }

  @inline(__always)
  private mutating func putContent(_ call: inout CallRecord, _ text: Span<UInt8>) {
    rows.put("l7_protocol", call.applicationProtocol.rawValue)
    rows.put("version", call.texts.version.bytes(in: text))
    rows.put("is_tls", call.flags.contains(.tls))
    rows.put("is_async", call.flags.contains(.async))
    rows.put("is_reversed", call.flags.contains(.reversed))
    rows.put("request_type", call.texts.requestType.bytes(in: text))
    rows.put("request_domain", call.texts.requestDomain.bytes(in: text))
    rows.put("request_resource", call.texts.requestResource.bytes(in: text))
    rows.put("endpoint", call.texts.endpoint.bytes(in: text))
    rows.putEmpty("app_service")
    rows.putEmpty("app_instance")
    let attributes = (
      names: rows.array("attribute_names"), values: rows.array("attribute_values")
    )
    rows.putNamed("http_user_agent", call.texts.userAgent.bytes(in: text), in: attributes)
    rows.putNamed("http_referer", call.texts.referer.bytes(in: text), in: attributes)
    rows.endArray(in: attributes.names)
    rows.endArray(in: attributes.values)
  }

  @inline(__always)
  private mutating func putAnswer(_ call: inout CallRecord, _ text: Span<UInt8>) {
    rows.put("response_status", call.status.rawValue)
    rows.put("response_code", orNull: call.responseCode)
    rows.put("response_exception", call.texts.responseException.bytes(in: text))
    rows.put("response_result", call.texts.responseResult.bytes(in: text))
  }

  @inline(__always)
  private mutating func putFigures(_ call: inout CallRecord) {
    rows.put("response_duration", call.durationMicroseconds)
    rows.put("request_length", orNull: call.requestLength)
    rows.put("response_length", orNull: call.responseLength)
    rows.put("sql_affected_rows", orNull: call.affectedRows)
    rows.put("captured_request_byte", call.capturedRequestBytes)
    rows.put("captured_response_byte", call.capturedResponseBytes)
  }
}
