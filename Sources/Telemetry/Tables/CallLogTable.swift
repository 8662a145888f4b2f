// SPDX-License-Identifier: Apache-2.0

extension TableDeclaration {
  /// `flow_log.l7_flow_log`: one row a call and observation point.
  package static let callLog = TableDeclaration(
    database: "flow_log", name: "l7_flow_log",
    columns: logSighting + [type] + logFlow + logEnds + callLogProcesses + networkNamespace
      + callLogCorrelation + callLogContent + callLogFigures,
    orderBy: ["time", "l7_protocol", "auto_service_id_1", "server_port"],
    partitionSeconds: 3_600, retentionHours: 72,
    about: "Application calls, one row a call at each observation point.")

  private static let type = ColumnDeclaration(
    "type", .uint8, about: "0 request, 1 response, 2 both.")

  private static let callLogProcesses: [ColumnDeclaration] = [
    .init("process_id_0", .uint32, about: "Client's pid on its host; 0 unknown."),
    .init("process_id_1", .uint32, about: "Server's pid on its host; 0 unknown."),
    .init("process_kname_0", .lowCardinalityString, about: "Client's thread name."),
    .init("process_kname_1", .lowCardinalityString, about: "Server's thread name."),
  ]

  private static let callLogCorrelation: [ColumnDeclaration] = [
    .init("req_tcp_seq", .uint32, about: "TCP sequence of the request's first byte."),
    .init("resp_tcp_seq", .uint32, about: "TCP sequence of the response's first byte."),
    .init("syscall_trace_id_request", .uint64, about: "Same-thread chain the request is in."),
    .init("syscall_trace_id_response", .uint64, about: "Same-thread chain the response is in."),
    .init("syscall_thread_0", .uint32, about: "Client's thread id."),
    .init("syscall_thread_1", .uint32, about: "Server's thread id."),
    .init("syscall_coroutine_0", .uint64, about: "Client's coroutine; 0 none."),
    .init("syscall_coroutine_1", .uint64, about: "Server's coroutine; 0 none."),
    .init("syscall_cap_seq_0", .uint32, about: "Ordinal of the request's data event."),
    .init("syscall_cap_seq_1", .uint32, about: "Ordinal of the response's data event."),
    .init("request_id", .nullable(.uint64), about: "The protocol's own id of the exchange."),
    .init("x_request_id_0", .string, index: .bloomFilter, about: "X-Request-ID of the request."),
    .init("x_request_id_1", .string, index: .bloomFilter, about: "X-Request-ID of the response."),
    .init("trace_id", .string, index: .bloomFilter, about: "Trace id found in the call."),
    .init("span_id", .string, about: "Span id found in the call."),
    .init("parent_span_id", .string, about: "Parent span id found in the call."),
    .init("http_proxy_client", .string, about: "Client address that a proxy reported."),
  ]

  private static let callLogContent: [ColumnDeclaration] = [
    applicationProtocol,
    .init("version", .lowCardinalityString, about: "Protocol version."),
    .init("is_tls", .uint8, about: "1 when read inside TLS."),
    .init("is_async", .uint8, about: "1 when the answer need not come on this connection."),
    .init("is_reversed", .uint8, about: "1 when the server sent the request."),
    .init("request_type", .lowCardinalityString, about: "Method, command or query type."),
    .init("request_domain", .lowCardinalityString, about: "Host, queried name or database."),
    .init("request_resource", .string, about: "Path with query, statement, key."),
    .init("endpoint", .lowCardinalityString, about: "The resource folded to its kind."),
    .init("response_status", .uint8, index: .set, about: "How the call ended."),
    .init("response_code", .nullable(.int32), about: "The protocol's own status code."),
    .init("response_exception", .string, about: "What the error said."),
    .init("response_result", .string, about: "What the answer said."),
    .init("app_service", .lowCardinalityString, about: "Service name an SDK gave."),
    .init("app_instance", .lowCardinalityString, about: "Instance name an SDK gave."),
    .init("attribute_names", .array(.lowCardinalityString), about: "Further fields, names."),
    .init("attribute_values", .array(.string), about: "Further fields, values."),
  ]

  private static let callLogFigures: [ColumnDeclaration] = [
    .init("response_duration", .uint64, codec: .transposed, about: "Request to response, us."),
    .init("request_length", .nullable(.int64), about: "Length the request declares, bytes."),
    .init("response_length", .nullable(.int64), about: "Length the response declares, bytes."),
    .init("sql_affected_rows", .nullable(.uint64), about: "Rows the statement touched."),
    .init("captured_request_byte", .uint32, about: "Request bytes looked at."),
    .init("captured_response_byte", .uint32, about: "Response bytes looked at."),
  ]
}
