// SPDX-License-Identifier: Apache-2.0

internal import Catalog
internal import Storage

/// The record of a call, with all that may join it with those of other calls.
struct TraceRecord: Hashable, Sendable {
  /// One end of the call.
  struct Party: Hashable, Sendable {
    /// The pid on the agent's host; 0 unknown.
    var process: UInt64 = 0
    /// Of the thread that sent or read the request; 0 unknown.
    var thread: UInt64 = 0
    var service = ""
    /// Whether the service is known by its process.
    var isProcess = false
  }

  var seen: SeenCall
  /// Microseconds, by the clock of the agent's host.
  var end: Int64
  var client = Party()
  var server = Party()
  /// Chains of system calls that request and response are in, numbered by each agent; 0 none.
  var requestChain: UInt64 = 0
  var responseChain: UInt64 = 0
  /// Empty where the call carries none.
  var trace = ""
  var span = ""
  var parentSpan = ""
  var requestIdentifier = ""
  var responseIdentifier = ""
  var text = TraceText()
  /// Whether the server said it unasked: then the server made the call, and the client served it.
  var isReversed = false
  var message: TraceMessage?

  var id: UInt64 { seen.id }
  var agent: UInt64 { seen.agent }
  var start: Int64 { seen.start }
  var isClientProcess: Bool { seen.point == "c-p" }
  var isServerProcess: Bool { seen.point == "s-p" }

  /// Whether this is the record of who made the call, or of who served it.
  var isMakers: Bool { isReversed ? isServerProcess : isClientProcess }
  var isServers: Bool { isReversed ? isClientProcess : isServerProcess }
  var maker: Party { isReversed ? server : client }
  var servant: Party { isReversed ? client : server }

  /// The process that made the call, where this is its own record. What sources send has no agent, so
  /// that its pids mean nothing.
  var caller: TraceProcess? {
    isMakers && agent != 0 && maker.process != 0
      ? TraceProcess(agent: agent, pid: maker.process) : nil
  }

  /// The process that served the call, where this is its own record.
  var callee: TraceProcess? {
    isServers && agent != 0 && servant.process != 0
      ? TraceProcess(agent: agent, pid: servant.process) : nil
  }

  var clientAddress: String { seen.ends.first?.string ?? "" }
  var clientPort: UInt64 { seen.ends.count > 1 ? seen.ends[1].number : 0 }
  var serverAddress: String { seen.ends.count > 2 ? seen.ends[2].string ?? "" : "" }
  var serverPort: UInt64 { seen.ends.last?.number ?? 0 }

  /// `X-Request-ID` of request and response.
  var identifiers: [String] {
    var all = [requestIdentifier]
    if responseIdentifier != requestIdentifier { all.append(responseIdentifier) }
    return all.filter { !$0.isEmpty }
  }
}

/// A process of a host while it lives.
struct TraceProcess: Hashable, Sendable {
  var agent: UInt64
  var pid: UInt64
}

/// What a call was, as people read it.
package struct TraceText: Hashable, Sendable {
  package var application = ""
  package var type = ""
  package var resource = ""
  package var domain = ""
  package var endpoint = ""
  package var status = ""
  package var code: Int64?
  package var exception = ""

  package init() {}
}

extension TraceRecord {
  static let columns =
    "end_time, process_id_0, process_id_1, syscall_thread_0, syscall_thread_1, "
    + "syscall_trace_id_request, syscall_trace_id_response, trace_id, span_id, parent_span_id, "
    + "x_request_id_0, x_request_id_1, auto_service_0, auto_service_type_0, "
    + "Enum(l7_protocol) AS application, request_resource, endpoint, "
    + "Enum(response_status) AS status, response_code, response_exception, is_reversed, "
    + "request_messages, response_messages, attribute_names, attribute_values, \(SeenCall.columns)"
  private static let ownCount = 25

  /// Nil for a row of other columns than ``columns``.
  init?(_ row: [Value]) {
    guard row.count == Self.ownCount + SeenCall.columnCount,
      let seen = SeenCall(row[Self.ownCount...])
    else { return nil }
    func text(_ index: Int) -> String { row[index].string ?? "" }
    self.seen = seen
    end = max(Int64(clamping: row[0].number), seen.start)
    client = Party(
      process: row[1].number, thread: row[3].number, service: text(12),
      isProcess: ServiceEntry.Kind(rawValue: UInt8(clamping: row[13].number)).isNamed)
    server = Party(
      process: row[2].number, thread: row[4].number, service: seen.server.string ?? "",
      isProcess: seen.namesServer)
    (requestChain, responseChain) = (row[5].number, row[6].number)
    (trace, span, parentSpan) = (text(7), text(8), text(9))
    (requestIdentifier, responseIdentifier) = (text(10), text(11))
    self.text.application = text(14)
    self.text.resource = text(15)
    self.text.endpoint = text(16)
    self.text.status = text(17)
    self.text.exception = text(19)
    switch row[18] {
    case .int(let code): self.text.code = code
    case .uint(let code): self.text.code = Int64(clamping: code)
    default: break
    }
    self.text.type = seen.question.first?.string ?? ""
    self.text.domain = seen.question.last?.string ?? ""
    isReversed = row[20].number != 0
    guard Messaging.protocols.contains(self.text.application), case .array(let names) = row[23],
      case .array(let values) = row[24]
    else { return }
    let attributes = Dictionary(
      zip(names, values).map { ($0.string ?? "", $1.string ?? "") }, uniquingKeysWith: { $1 })
    message = TraceMessage(
      self.text.application, type: self.text.type, attributes: attributes,
      span: trace.isEmpty || span.isEmpty ? "" : "\(trace) \(span)", isPushed: isReversed,
      sent: row[21].number, received: row[22].number)
  }
}
