// SPDX-License-Identifier: Apache-2.0

/// The columns of `l7_flow_log` that calls alone have. When, where and between whom a call was is what
/// flows have, too.
extension CallRecord {
  /// Shows every column. Costs a call a column outside of this module, where ``collectColumns(into:)``
  /// is what a hot path asks. Changes nothing, but is `mutating`: a record is wide, and would be copied
  /// to be only looked at.
  @inline(__always)
  package mutating func visitColumns<Visitor: CallVisitor>(_ visitor: inout Visitor) {
    visitProcesses(&visitor)
    visitEvidence(&visitor)
    visitContent(&visitor)
    texts.visit { column, text in visitor.text(column, text) }
    visitAnswer(&visitor)
    visitFigures(&visitor)
    visitor.text(CallColumn("attributes", .attributes, "Further fields."), attributes)
  }

  /// The values alone, in the same order.
  package mutating func collectColumns(into values: inout CallValues) {
    values.removeAll()
    visitColumns(&values)
  }

  @inline(__always)
  private mutating func visitProcesses<Visitor: CallVisitor>(_ visitor: inout Visitor) {
    visitor.number(
      CallColumn(
        "process_id_0", .uint32, "Client's pid on its host; 0 unknown.",
        tag: .process("PID", .integer, "pid on its host.")), UInt64(client.process.pid))
    visitor.number(
      CallColumn("process_id_1", .uint32, "Server's pid on its host; 0 unknown."),
      UInt64(server.process.pid))
    visitor.threadName(
      CallColumn(
        "process_kname_0", .threadName, "Client's thread name.",
        tag: .process("Thread name", .string, "The kernel's name of the thread.")),
      client.threadName)
    visitor.threadName(
      CallColumn("process_kname_1", .threadName, "Server's thread name."), server.threadName)
  }

  /// What joins the call with its other records, and with other calls.
  @inline(__always)
  private mutating func visitEvidence<Visitor: CallVisitor>(_ visitor: inout Visitor) {
    visitor.number(
      CallColumn(
        "req_tcp_seq", .uint32, "TCP sequence of the request's first byte.",
        tag: .tracing("Request's sequence")), UInt64(requestSequence))
    visitor.number(
      CallColumn(
        "resp_tcp_seq", .uint32, "TCP sequence of the response's first byte.",
        tag: .tracing("Response's sequence")), UInt64(responseSequence))
    visitor.number(
      CallColumn(
        "syscall_trace_id_request", .uint64, "Same-thread chain the request is in.",
        tag: .tracing("Request's chain")), syscallTraceRequest)
    visitor.number(
      CallColumn(
        "syscall_trace_id_response", .uint64, "Same-thread chain the response is in.",
        tag: .tracing("Response's chain")), syscallTraceResponse)
    visitor.number(
      CallColumn(
        "syscall_thread_0", .uint32, "Client's thread id.", tag: .tracing("Client's thread")),
      UInt64(client.thread))
    visitor.number(
      CallColumn(
        "syscall_thread_1", .uint32, "Server's thread id.", tag: .tracing("Server's thread")),
      UInt64(server.thread))
    visitor.number(
      CallColumn(
        "syscall_coroutine_0", .uint64, "Client's coroutine; 0 none.",
        tag: .tracing("Client's coroutine")), coroutineRequest)
    visitor.number(
      CallColumn(
        "syscall_coroutine_1", .uint64, "Server's coroutine; 0 none.",
        tag: .tracing("Server's coroutine")), coroutineResponse)
    visitor.number(
      CallColumn(
        "syscall_cap_seq_0", .uint32, "Ordinal of the request's data event.",
        tag: .tracing("Request's event")), UInt64(captureSequenceRequest))
    visitor.number(
      CallColumn(
        "syscall_cap_seq_1", .uint32, "Ordinal of the response's data event.",
        tag: .tracing("Response's event")), UInt64(captureSequenceResponse))
    visitor.optional(
      CallColumn(
        "request_id", .uint64OrNull, "The protocol's own id of the exchange.",
        tag: .call("Request id", .integer)), requestID)
  }

  @inline(__always)
  private mutating func visitContent<Visitor: CallVisitor>(_ visitor: inout Visitor) {
    visitor.number(
      CallColumn("type", .enumeration, "0 request, 1 response, 2 both."), UInt64(kind.rawValue))
    visitor.number(
      CallColumn(
        "carrier_protocol", .protocolNumber,
        "Protocol that carried it, by number; 0 where l7_protocol is that of the connection.",
        tag: .call("Carrier", .enumeration)), UInt64(carrier.rawValue))
    visitor.number(
      CallColumn("is_tls", .flag, "1 when read inside TLS.", tag: .call("TLS", .integer)),
      flags.contains(.tls) ? 1 : 0)
    visitor.number(
      CallColumn(
        "is_reversed", .flag, "1 when the server sent it unasked.", tag: .call("Push", .integer)),
      flags.contains(.reversed) ? 1 : 0)
    visitor.text(
      CallColumn(
        "app_service", .repeatedText, "Service name an SDK gave.", tag: .call("App service")),
      appService)
    visitor.text(
      CallColumn(
        "app_instance", .repeatedText, "Instance name an SDK gave.", tag: .call("App instance")),
      appInstance)
  }

  @inline(__always)
  private mutating func visitAnswer<Visitor: CallVisitor>(_ visitor: inout Visitor) {
    visitor.number(
      CallColumn("response_status", .enumeration, "How the call ended.", index: .set),
      UInt64(status.rawValue))
    visitor.optional(
      CallColumn(
        "response_code", .int32OrNull, "The protocol's own status code.",
        tag: .call("Code", .integer)),
      responseCode.map { UInt64(bitPattern: Int64($0)) })
  }

  @inline(__always)
  private mutating func visitFigures<Visitor: CallVisitor>(_ visitor: inout Visitor) {
    visitor.optional(
      CallColumn("response_duration", .duration, "Request to response, us."),
      hasDuration ? durationMicroseconds : nil)
    visitor.optional(
      CallColumn("request_length", .int64OrNull, "Length the request declares, bytes."),
      requestLength.map { UInt64(bitPattern: $0) })
    visitor.optional(
      CallColumn("response_length", .int64OrNull, "Length the response declares, bytes."),
      responseLength.map { UInt64(bitPattern: $0) })
    visitor.number(
      CallColumn(
        "request_messages", .uint32, "Messages the client sent in the call's stream; 0 not counted."
      ),
      UInt64(requestMessages))
    visitor.number(
      CallColumn(
        "response_messages", .uint32,
        "Messages the server sent in the call's stream; 0 not counted."), UInt64(responseMessages))
    visitor.optional(
      CallColumn("sql_affected_rows", .uint64OrNull, "Rows the statement touched."), affectedRows)
    visitor.number(
      CallColumn("captured_request_byte", .uint32, "Request bytes looked at."),
      UInt64(capturedRequestBytes))
    visitor.number(
      CallColumn("captured_response_byte", .uint32, "Response bytes looked at."),
      UInt64(capturedResponseBytes))
  }
}
