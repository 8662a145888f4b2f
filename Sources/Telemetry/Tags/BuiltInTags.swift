// SPDX-License-Identifier: Apache-2.0

extension TagDeclaration {
  /// Every tag there is. A table offers those whose columns it has, and every tag-set tag when it has
  /// a tag set; SQL names, `SHOW tags`, the UI and the documentation follow from this list.
  package static let builtIn: [TagDeclaration] =
    resourceTags + endTags + callTags + networkTags + captureTags

  /// Values that hang on a tag set. A new one is one entry here and a value in the catalog.
  private static let resourceTags: [TagDeclaration] = [
    .init(
      "auto_service", .resource, source: .tagSet, sides: true, display: "Service",
      category: "Resource", about: "Best name of the service: process name, or else the address."),
    .init(
      "auto_instance", .resource, source: .tagSet, sides: true, display: "Instance",
      category: "Resource", about: "Best name of the instance: process and host, or the address."),
    .init(
      "gprocess", .resource, source: .tagSet, sides: true, display: "Process",
      category: "Resource", about: "Process name: the jar or script where one is run."),
    .init(
      "host", .resource, source: .tagSet, sides: true, display: "Host", category: "Resource",
      about: "Host name of the machine the process runs on."),
    .init(
      "container", .resource, source: .tagSet, sides: true, display: "Container",
      category: "Resource", about: "Container id of the process, where it runs in one."),
    .init(
      "os_user", .resource, source: .tagSet, sides: true, display: "OS user",
      category: "Resource", about: "Numeric user id the process runs under."),
    .init(
      "command_line", .resource, source: .tagSet, sides: true, display: "Command line",
      category: "Resource", about: "The process's arguments."),
    .init(
      "tag_set_id", .id, sides: true, display: "Tag set", category: "Resource",
      about: "Number of the combination of all tags of this side."),
    .init(
      "auto_service_id", .id, sides: true, display: "Service id", category: "Resource",
      about: "Number behind auto_service."),
    .init(
      "auto_service_type", .enumeration, sides: true, values: autoServiceTypes,
      display: "Service type", category: "Resource", about: "What auto_service_id numbers."),
  ]

  private static let autoServiceTypes: [EnumerationValue] = [
    .init(0, "Internet IP"), .init(6, "Host"), .init(10, "Pod"), .init(11, "K8s Service"),
    .init(14, "K8s Node"), .init(120, "Process"), .init(255, "IP"),
  ]

  private static let endTags: [TagDeclaration] = [
    .init("ip", .address, sides: true, display: "IP", category: "Network", about: "Address."),
    .init(
      "is_ipv4", .integer, display: "IPv4", category: "Network", about: "1 for IPv4 addresses."),
    .init(
      "protocol", .enumeration,
      values: [.init(1, "ICMP"), .init(6, "TCP"), .init(17, "UDP"), .init(58, "ICMPv6")],
      display: "Transport", category: "Network", about: "IP protocol."),
    .init(
      "client_port", .integer, display: "Client port", category: "Network",
      about: "Client's port."),
    .init(
      "server_port", .integer, display: "Server port", category: "Network",
      about: "Server's port."),
    .init(
      "process_id", .integer, sides: true, display: "PID", category: "Process",
      about: "pid on its host."),
    .init(
      "process_kname", .string, sides: true, display: "Thread name", category: "Process",
      about: "The kernel's name of the thread."),
    .init(
      "netns_id", .integer, display: "Network namespace", category: "Network",
      about: "Network namespace the call was seen in."),
  ]

  private static let callTags: [TagDeclaration] =
    [
      .init(
        "response_status", .enumeration,
        values: [
          .init(0, "Success"), .init(2, "Timeout"), .init(3, "Server Error"),
          .init(4, "Client Error"), .init(5, "Unknown"), .init(6, "Parse Failed"),
        ],
        display: "Status", category: "Application", about: "How the call ended."),
      .init(
        "type", .enumeration,
        values: [.init(0, "Request"), .init(1, "Response"), .init(2, "Session")], display: "Type",
        category: "Application", about: "Which halves of the call were seen."),
      .init(
        "role", .enumeration,
        values: [.init(0, "Client"), .init(1, "Server"), .init(2, "Local"), .init(3, "Rest")],
        display: "Role", category: "Application",
        about: "Which side a one-sided row describes; Local and Rest: either of both."),
      .init("is_tls", .integer, display: "TLS", category: "Application", about: "1 inside TLS."),
      .init(
        "response_code", .integer, display: "Code", category: "Application",
        about: "The protocol's own status code."),
      .init(
        "request_id", .integer, display: "Request id", category: "Application",
        about: "The protocol's own id of the exchange."),
      .init(
        "l7_protocol", .enumeration, display: "Protocol", category: "Application",
        about: "Application protocol; the names come from the parsers' descriptors."),
    ] + callTextTags

  private static let callTextTags: [TagDeclaration] = [
    ("version", "Version", "Protocol version."),
    ("request_type", "Method", "Method, command or query type."),
    ("request_domain", "Domain", "Host, queried name or database."),
    ("request_resource", "Resource", "Path with query, statement, key."),
    ("endpoint", "Endpoint", "The resource folded to its kind."),
    ("response_exception", "Exception", "What the error said."),
    ("response_result", "Result", "What the answer said."),
    ("trace_id", "Trace id", "Trace id found in the call."),
    ("span_id", "Span id", "Span id found in the call."),
    ("parent_span_id", "Parent span id", "Parent span id found in the call."),
    ("x_request_id_0", "X-Request-ID of request", "X-Request-ID of the request."),
    ("x_request_id_1", "X-Request-ID of response", "X-Request-ID of the response."),
    ("http_proxy_client", "Proxy client", "Client address that a proxy reported."),
    ("app_service", "App service", "Service name an SDK gave."),
    ("app_instance", "App instance", "Instance name an SDK gave."),
  ].map { name, display, about in
    .init(name, .string, display: display, category: "Application", about: about)
  }

  private static let captureTags: [TagDeclaration] =
    [
      .init("time", .time, display: "Time", category: "Time", about: "Seconds since the epoch."),
      .init(
        "start_time", .time, display: "Start", category: "Time",
        about: "First byte of the request, first packet of the flow."),
      .init(
        "end_time", .time, display: "End", category: "Time",
        about: "Last byte of the response, last packet of the report."),
      .init("_id", .id, display: "Row", category: "Capture", about: "Row number."),
      .init(
        "agent_id", .id, display: "Agent", category: "Capture", about: "The agent that saw it."),
      .init(
        "signal_source", .enumeration,
        values: [.init(0, "Packet"), .init(3, "eBPF"), .init(4, "OTel")], display: "Signal source",
        category: "Capture", about: "Data plane."),
      .init(
        "observation_point", .string, display: "Observation point", category: "Capture",
        about: "Where it was seen: c-p client process, c client interface, s-p, s, ..."),
      .init("flow_id", .id, display: "Flow", category: "Capture", about: "The connection."),
      .init(
        "stage", .string, display: "Stage", category: "Ledger", about: "Where in the pipeline."),
      .init("reason", .string, display: "Reason", category: "Ledger", about: "Why it was dropped."),
    ] + correlationTags

  private static let correlationTags: [TagDeclaration] = [
    "req_tcp_seq", "resp_tcp_seq", "syscall_trace_id_request", "syscall_trace_id_response",
    "syscall_thread_0", "syscall_thread_1", "syscall_coroutine_0", "syscall_coroutine_1",
    "syscall_cap_seq_0", "syscall_cap_seq_1", "is_async", "is_reversed",
  ].map {
    .init($0, .integer, display: $0, category: "Tracing", about: "See the l7_flow_log column.")
  }
}
