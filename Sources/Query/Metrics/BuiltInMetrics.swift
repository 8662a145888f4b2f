// SPDX-License-Identifier: Apache-2.0

extension MetricDeclaration {
  /// Every metric there is. SQL names, `SHOW metrics` and the documentation follow from this list.
  package static let builtIn: [MetricDeclaration] =
    counts + ratios + durations + sizes + network + ledger + rowFigures

  /// Figures of requests and errors. Statuses: 2 timeout, 3 server error, 4 client error.
  private static let counts: [MetricDeclaration] = [
    .init(
      "request", .counter, [.column("request"), .rowsWhere("type", in: [0, 2])],
      display: "Requests", category: "Throughput", about: "Requests seen."),
    .init(
      "response", .counter, [.column("response"), .rowsWhere("type", in: [1, 2])],
      display: "Responses", category: "Throughput", about: "Responses seen."),
    .init(
      "error", .counter, [.column("error"), .rowsWhere("response_status", in: [3, 4])],
      display: "Errors", category: "Error", about: "client_error + server_error."),
    .init(
      "client_error", .counter,
      [.column("client_error"), .rowsWhere("response_status", in: [4])],
      display: "Client errors", category: "Error", about: "Responses that blame the client."),
    .init(
      "server_error", .counter,
      [.column("server_error"), .rowsWhere("response_status", in: [3])],
      display: "Server errors", category: "Error", about: "Responses that blame the server."),
    .init(
      "timeout", .counter, [.column("timeout"), .rowsWhere("response_status", in: [2])],
      display: "Timeouts", category: "Error", about: "Requests without an answer in time."),
  ]

  private static let ratios: [MetricDeclaration] = [
    ("error_ratio", "error", "response", false, "Error ratio"),
    ("client_error_ratio", "client_error", "response", false, "Client error ratio"),
    ("server_error_ratio", "server_error", "response", false, "Server error ratio"),
    ("timeout_ratio", "timeout", "request", false, "Timeout ratio"),
    ("success_ratio", "error", "response", true, "Success ratio"),
  ].map { name, part, whole, complement, display in
    .init(
      name, .percentage, [.ratio(part, of: whole, complement: complement)], unit: "%",
      display: display, category: "Error",
      about: complement ? "1 - \(part) / \(whole)." : "\(part) / \(whole).")
  }

  private static let durations: [MetricDeclaration] = [
    .init(
      "rrt", .delay, [.folded(sum: "rrt_sum", count: "rrt_count", max: "rrt_max")], unit: "us",
      display: "Response time", category: "Delay",
      about: "Request to response; the average weighs every response alike."),
    .init(
      "rrt_max", .delay, [.column("rrt_max")], unit: "us", display: "Longest response time",
      category: "Delay", about: "Longest response time of each row."),
    .init(
      "response_duration", .delay, [.column("response_duration")], unit: "us",
      display: "Response time", category: "Delay", about: "Request to response."),
  ]

  private static let sizes: [MetricDeclaration] = [
    .init(
      "request_length", .counter, [.column("request_length")], unit: "byte",
      display: "Request length", category: "Throughput", about: "Length the request declares."),
    .init(
      "response_length", .counter, [.column("response_length")], unit: "byte",
      display: "Response length", category: "Throughput", about: "Length the response declares."),
    .init(
      "session_length", .counter, [.total(["request_length", "response_length"])], unit: "byte",
      display: "Session length", category: "Throughput",
      about: "request_length + response_length."),
    .init(
      "sql_affected_rows", .counter, [.column("sql_affected_rows")], display: "Affected rows",
      category: "Throughput", about: "Rows the statement touched."),
    .init(
      "request_messages", .counter, [.column("request_messages")], display: "Request messages",
      category: "Throughput", about: "Messages the client sent in calls that are streams."),
    .init(
      "response_messages", .counter, [.column("response_messages")], display: "Response messages",
      category: "Throughput", about: "Messages the server sent in calls that are streams."),
    .init(
      "captured_request_byte", .counter, [.column("captured_request_byte")], unit: "byte",
      display: "Captured request bytes", category: "Capture", about: "Request bytes looked at."),
    .init(
      "captured_response_byte", .counter, [.column("captured_response_byte")], unit: "byte",
      display: "Captured response bytes", category: "Capture",
      about: "Response bytes looked at."),
  ]

  private static let ledger: [MetricDeclaration] = [
    ("received", "Received", "What came into the stage."),
    ("passed", "Passed", "What left the stage."),
    ("dropped", "Dropped", "What the stage dropped."),
  ].map { name, display, about in
    .init(name, .counter, [.column(name)], display: display, category: "Ledger", about: about)
  }

  private static let rowFigures: [MetricDeclaration] = [
    .init(
      "direction_score", .boundedGauge, [.column("direction_score")],
      display: "Direction score", category: "Capture",
      about: "How sure client and server are, 0 to 255."),
    .init(
      "log_count", .counter, [.rows], display: "Rows", category: "Throughput",
      about: "Rows of the log."),
    .init(
      "row", .other, [.rows, .column("time")], display: "Rows", category: "Other",
      about: "Rows of the table, for Count(row)."),
  ]
}
