// SPDX-License-Identifier: Apache-2.0

import Telemetry

/// The keys of lines of `l7_flow_log`.
enum CallFields {
  static let all: LineFields<CallRecord> = {
    var fields = LineFields<CallRecord>()
    fields.addLog()
    fields.name("type") { $0.record.kind = CallKind(rawValue: $1) }
    addProcesses(to: &fields)
    addCorrelation(to: &fields)
    addContent(to: &fields)
    addFigures(to: &fields)
    return fields
  }()

  private static func addProcesses(to fields: inout LineFields<CallRecord>) {
    fields.number("process_id_0", \.record.client.process.pid)
    fields.number("process_id_1", \.record.server.process.pid)
    fields.threadName("process_kname_0", \.record.client.threadName)
    fields.threadName("process_kname_1", \.record.server.threadName)
    fields.number("syscall_trace_id_request", \.record.syscallTraceRequest)
    fields.number("syscall_trace_id_response", \.record.syscallTraceResponse)
    fields.number("syscall_thread_0", \.record.client.thread)
    fields.number("syscall_thread_1", \.record.server.thread)
    fields.number("syscall_coroutine_0", \.record.coroutineRequest)
    fields.number("syscall_coroutine_1", \.record.coroutineResponse)
    fields.number("syscall_cap_seq_0", \.record.captureSequenceRequest)
    fields.number("syscall_cap_seq_1", \.record.captureSequenceResponse)
  }

  private static func addCorrelation(to fields: inout LineFields<CallRecord>) {
    fields.number("req_tcp_seq", \.record.requestSequence)
    fields.number("resp_tcp_seq", \.record.responseSequence)
    fields.number("request_id", orNull: \.record.requestID)
    fields.text("x_request_id_0", \.record.texts.requestXRequestID)
    fields.text("x_request_id_1", \.record.texts.responseXRequestID)
    fields.text("trace_id", \.record.texts.traceID)
    fields.text("span_id", \.record.texts.spanID)
    fields.text("parent_span_id", \.record.texts.parentSpanID)
    fields.text("http_proxy_client", \.record.texts.proxyClient)
  }

  private static func addContent(to fields: inout LineFields<CallRecord>) {
    fields.text("version", \.record.texts.version)
    fields.text("app_service", \.record.appService)
    fields.text("app_instance", \.record.appInstance)
    fields.set("carrier_protocol", .protocolName { $0.record.carrier = $1 })
    addFlag("is_tls", .tls, to: &fields)
    addFlag("is_reversed", .reversed, to: &fields)
    fields.text("request_type", \.record.texts.requestType)
    fields.text("request_domain", \.record.texts.requestDomain)
    fields.text("request_resource", \.record.texts.requestResource)
    fields.text("endpoint", \.record.texts.endpoint)
    fields.name("response_status") { $0.record.status = ResponseStatus(rawValue: $1) }
    fields.signed("response_code", orNull: \.record.responseCode)
    fields.text("response_exception", \.record.texts.responseException)
    fields.text("response_result", \.record.texts.responseResult)
    fields.set("attribute_names", .texts { $0.attributeNames = $1 })
    fields.set("attribute_values", .texts { $0.attributeValues = $1 })
  }

  private static func addFlag(
    _ name: String, _ flag: CallRecord.Flags, to fields: inout LineFields<CallRecord>
  ) {
    fields.set(
      name,
      .number(limit: 1) { draft, value in
        if value == 1 { draft.record.flags.insert(flag) }
      })
  }

  private static func addFigures(to fields: inout LineFields<CallRecord>) {
    fields.number("response_duration", orNull: \.duration, limit: UInt64(Int64.max / 1_000))
    fields.signed("request_length", orNull: \.record.requestLength)
    fields.signed("response_length", orNull: \.record.responseLength)
    fields.number("request_messages", \.record.requestMessages)
    fields.number("response_messages", \.record.responseMessages)
    fields.number("sql_affected_rows", orNull: \.record.affectedRows)
    fields.number("captured_request_byte", \.record.capturedRequestBytes)
    fields.number("captured_response_byte", \.record.capturedResponseBytes)
  }
}

/// The keys of lines of `application_map.1s` and `.1m`.
enum CallMetricFields {
  static let all: LineFields<CallMetric> = {
    var fields = LineFields<CallMetric>()
    fields.addSighting()
    fields.set("l7_protocol", .protocolName { $0.record.applicationProtocol = $1 })
    fields.text("endpoint", \.record.endpoint)
    fields.number("request", \.record.requests)
    fields.number("response", \.record.responses)
    fields.number("client_error", \.record.clientErrors)
    fields.number("server_error", \.record.serverErrors)
    fields.number("timeout", \.record.timeouts)
    fields.number("rrt_sum", \.record.durationSum)
    fields.number("rrt_count", \.record.durationCount)
    fields.number("rrt_max", \.record.durationMax)
    fields.derived("error")
    return fields
  }()
}
