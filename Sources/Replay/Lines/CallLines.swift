// SPDX-License-Identifier: Apache-2.0

import Telemetry

/// Writes calls as lines: the columns of `l7_flow_log` that an agent knows.
@safe
struct CallLines: ~Copyable {
  /// Bytes of a line without its texts, at most; they are counted apart.
  private static let fixedBytes = 4_096

  private var time = LineTime()
  private var ends: CallEndsCache
  private let packetSource = SignalSource.packet.rawValue
  private let type: EnumerationPieces
  private let status: EnumerationPieces

  /// - Parameter pieces: stay the caller's.
  init(tables: NumberTables, pieces: SightingPieces) {
    type = EnumerationPieces("type", tables: tables)
    status = EnumerationPieces("response_status", tables: tables)
    ends = CallEndsCache(tables: tables, pieces: pieces)
  }

  deinit {
    type.free()
    status.free()
  }

  mutating func write(
    _ call: inout CallRecord, _ texts: LineTexts, tables: NumberTables, to output: inout LineOutput
  ) throws(ReplayError) {
    let room = Self.fixedBytes &+ LineWriter.expansion &* Int(call.texts.byteCount)
    var writer = unsafe LineWriter(at: try output.place(for: room), tables: tables)
    writer.raw(#"{"table":"l7_flow_log","time":"#)
    time.seconds(call.end, to: &writer)
    writer.raw(#","start_time":"#)
    time.microseconds(call.start, to: &writer)
    writer.raw(#","end_time":"#)
    time.microseconds(call.end, to: &writer)
    type.write(call.kind.rawValue, to: &writer)
    ends.write(&call, to: &writer)
    if call.signalSource.rawValue != packetSource { host(&call, &writer) }
    correlation(&call, texts, &writer)
    content(&call, texts, &writer)
    figures(&call, &writer)
    writer.raw("}\n")
    unsafe output.keep(to: writer.place)
  }

  /// What only a probe on the host sees.
  private func host(_ call: inout CallRecord, _ writer: inout LineWriter) {
    writer.member(#","process_id_0":"#, call.client.process.pid)
    writer.member(#","process_id_1":"#, call.server.process.pid)
    writer.member(#","process_kname_0":"#, call.client.threadName.description)
    writer.member(#","process_kname_1":"#, call.server.threadName.description)
    writer.member(#","syscall_trace_id_request":"#, call.syscallTraceRequest)
    writer.member(#","syscall_trace_id_response":"#, call.syscallTraceResponse)
    writer.member(#","syscall_thread_0":"#, call.client.thread)
    writer.member(#","syscall_thread_1":"#, call.server.thread)
    writer.member(#","syscall_coroutine_0":"#, call.coroutineRequest)
    writer.member(#","syscall_coroutine_1":"#, call.coroutineResponse)
    writer.member(#","syscall_cap_seq_0":"#, call.captureSequenceRequest)
    writer.member(#","syscall_cap_seq_1":"#, call.captureSequenceResponse)
  }

  @inline(__always)
  private func correlation(
    _ call: inout CallRecord, _ texts: LineTexts, _ writer: inout LineWriter
  ) {
    writer.member(#","req_tcp_seq":"#, call.requestSequence)
    writer.member(#","resp_tcp_seq":"#, call.responseSequence)
    writer.member(#","request_id":"#, orNull: call.requestID)
    writer.member(#","x_request_id_0":"#, call.texts.requestXRequestID, of: texts)
    writer.member(#","x_request_id_1":"#, call.texts.responseXRequestID, of: texts)
    writer.member(#","trace_id":"#, call.texts.traceID, of: texts)
    writer.member(#","span_id":"#, call.texts.spanID, of: texts)
    writer.member(#","parent_span_id":"#, call.texts.parentSpanID, of: texts)
    writer.member(#","http_proxy_client":"#, call.texts.proxyClient, of: texts)
  }

  @inline(__always)
  private func content(
    _ call: inout CallRecord, _ texts: LineTexts, _ writer: inout LineWriter
  ) {
    writer.member(#","version":"#, call.texts.version, of: texts)
    let flags = call.flags.rawValue
    if flags != 0 {
      writer.flag(#","is_tls":1"#, flags & 1 != 0)
      writer.flag(#","is_async":1"#, flags & 2 != 0)
      writer.flag(#","is_reversed":1"#, flags & 4 != 0)
    }
    writer.member(#","request_type":"#, call.texts.requestType, of: texts)
    writer.member(#","request_domain":"#, call.texts.requestDomain, of: texts)
    writer.member(#","request_resource":"#, call.texts.requestResource, of: texts)
    writer.member(#","endpoint":"#, call.texts.endpoint, of: texts)
    status.write(call.status.rawValue, to: &writer)
    writer.member(#","response_code":"#, orNull: call.responseCode.map(Int64.init))
    writer.member(#","response_exception":"#, call.texts.responseException, of: texts)
    writer.member(#","response_result":"#, call.texts.responseResult, of: texts)
    if call.texts.userAgent.length | call.texts.referer.length != 0 {
      attributes(&call, texts, &writer)
    }
  }

  @inline(__always)
  private func figures(_ call: inout CallRecord, _ writer: inout LineWriter) {
    if call.hasDuration {
      writer.raw(#","response_duration":"#)
      writer.number(call.duration)
    }
    writer.member(#","request_length":"#, orNull: call.requestLength)
    writer.member(#","response_length":"#, orNull: call.responseLength)
    writer.member(#","sql_affected_rows":"#, orNull: call.affectedRows)
    writer.member(#","captured_request_byte":"#, call.capturedRequestBytes)
    writer.member(#","captured_response_byte":"#, call.capturedResponseBytes)
  }

  private func attributes(
    _ call: inout CallRecord, _ texts: LineTexts, _ writer: inout LineWriter
  ) {
    let agent = call.texts.userAgent
    let referer = call.texts.referer
    if agent.isEmpty {
      writer.raw(#","attribute_names":["http_referer"],"attribute_values":[""#)
      writer.quoted(referer, of: texts)
    } else if referer.isEmpty {
      writer.raw(#","attribute_names":["http_user_agent"],"attribute_values":[""#)
      writer.quoted(agent, of: texts)
    } else {
      writer.raw(#","attribute_names":["http_user_agent","http_referer"],"attribute_values":[""#)
      writer.quoted(agent, of: texts)
      writer.raw(#"",""#)
      writer.quoted(referer, of: texts)
    }
    writer.raw(#""]"#)
  }
}
