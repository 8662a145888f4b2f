// SPDX-License-Identifier: Apache-2.0

/// The text fields of a call, shared by a parser's message and the finished record.
///
/// The request brings some, the response the others. ``visit(_:)`` is the one list of them, with their
/// columns: whoever handles them all goes by it.
package struct CallTexts: Hashable, Sendable, BitwiseCopyable {
  package var version: Text = .empty
  package var requestType: Text = .empty
  package var requestDomain: Text = .empty
  package var requestResource: Text = .empty
  package var endpoint: Text = .empty
  package var responseException: Text = .empty
  package var responseResult: Text = .empty
  package var traceID: Text = .empty
  package var spanID: Text = .empty
  package var parentSpanID: Text = .empty
  package var requestXRequestID: Text = .empty
  package var responseXRequestID: Text = .empty
  package var proxyClient: Text = .empty
  package var userAgent: Text = .empty
  package var referer: Text = .empty

  package init() {}

  /// How many there are.
  package static let count = 15

  /// Hands every field to `body`, with its column.
  ///
  /// The order is that of section 2 of the wire's batches, so it stays. A further text of a protocol is
  /// an attribute; only what every protocol has is worth a field here.
  @inline(__always)
  package mutating func visit<Failure: Error>(
    _ body: (CallColumn, inout Text) throws(Failure) -> Void
  ) throws(Failure) {
    try visitRequest(body)
    try visitAnswer(body)
    try visitTrace(body)
  }

  @inline(__always)
  private mutating func visitRequest<Failure: Error>(
    _ body: (CallColumn, inout Text) throws(Failure) -> Void
  ) throws(Failure) {
    try body(
      CallColumn("version", .repeatedText, "Protocol version.", tag: .call("Version")), &version)
    try body(
      CallColumn(
        "request_type", .repeatedText, "Method, command or query type.", tag: .call("Method")),
      &requestType)
    try body(
      CallColumn(
        "request_domain", .repeatedText, "Host, queried name or database.", tag: .call("Domain")),
      &requestDomain)
    try body(
      CallColumn(
        "request_resource", .text, "Path with query, statement, key.", tag: .call("Resource")),
      &requestResource)
    try body(
      CallColumn(
        "endpoint", .repeatedText, "The resource folded to its kind.", tag: .call("Endpoint")),
      &endpoint)
  }

  @inline(__always)
  private mutating func visitAnswer<Failure: Error>(
    _ body: (CallColumn, inout Text) throws(Failure) -> Void
  ) throws(Failure) {
    try body(
      CallColumn("response_exception", .text, "What the error said.", tag: .call("Exception")),
      &responseException)
    try body(
      CallColumn("response_result", .text, "What the answer said.", tag: .call("Result")),
      &responseResult)
  }

  @inline(__always)
  private mutating func visitTrace<Failure: Error>(
    _ body: (CallColumn, inout Text) throws(Failure) -> Void
  ) throws(Failure) {
    try body(
      CallColumn(
        "trace_id", .text, "Trace id found in the call.", index: .bloomFilter,
        tag: .call("Trace id")), &traceID)
    try body(
      CallColumn("span_id", .text, "Span id found in the call.", tag: .call("Span id")), &spanID)
    try body(
      CallColumn(
        "parent_span_id", .text, "Parent span id found in the call.", tag: .call("Parent span id")),
      &parentSpanID)
    try body(
      CallColumn(
        "x_request_id_0", .text, "X-Request-ID of the request.", index: .bloomFilter,
        tag: .call("X-Request-ID of request")), &requestXRequestID)
    try body(
      CallColumn(
        "x_request_id_1", .text, "X-Request-ID of the response.", index: .bloomFilter,
        tag: .call("X-Request-ID of response")), &responseXRequestID)
    try body(
      CallColumn(
        "http_proxy_client", .text, "Client address that a proxy reported.",
        tag: .call("Proxy client")), &proxyClient)
    try body(CallColumn("http_user_agent", .attribute, "User-Agent of the request."), &userAgent)
    try body(CallColumn("http_referer", .attribute, "Referer of the request."), &referer)
  }

  /// The fields in the order of ``visit(_:)``.
  package var ordered: InlineArray<15, Text> {
    var all = InlineArray<15, Text>(repeating: .empty)
    var index = 0
    var copy = self
    copy.visit { _, text in
      all[index] = text
      index += 1
    }
    return all
  }

  /// The fields again, as ``ordered`` gave them.
  package init(ordered: InlineArray<15, Text>) {
    var index = 0
    visit { _, text in
      text = ordered[index]
      index += 1
    }
  }

  /// Moves every text that is not empty: what they point into now begins `offset` bytes further on.
  package mutating func shift(by offset: Int) {
    let offset = UInt32(truncatingIfNeeded: offset)
    guard offset > 0 else { return }
    visit { _, text in if text.length > 0 { text.offset &+= offset } }
  }

  /// Fills the fields that are empty here with those of `other`.
  package mutating func fillEmpty(from other: CallTexts) {
    let others = other.ordered
    var index = 0
    visit { _, text in
      if text.length == 0 { text = others[index] }
      index += 1
    }
  }
}
