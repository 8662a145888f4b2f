// SPDX-License-Identifier: Apache-2.0

/// The text fields of a call, shared by a parser's message and the finished record.
///
/// The request brings some, the response the others; ``update(_:)`` is the one list of them, so a
/// new field is declared twice (stored and listed) and travels everywhere.
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

  /// Hands every field to `body` in the order of the wire.
  @inlinable
  @inline(__always)
  package mutating func update<Failure: Error>(
    _ body: (inout Text) throws(Failure) -> Void
  ) throws(Failure) {
    try body(&version)
    try body(&requestType)
    try body(&requestDomain)
    try body(&requestResource)
    try body(&endpoint)
    try body(&responseException)
    try body(&responseResult)
    try body(&traceID)
    try body(&spanID)
    try body(&parentSpanID)
    try body(&requestXRequestID)
    try body(&responseXRequestID)
    try body(&proxyClient)
    try body(&userAgent)
    try body(&referer)
  }

  /// Moves every text that is not empty: what they point into now begins `offset` bytes further on.
  package mutating func shift(by offset: Int) {
    let offset = UInt32(truncatingIfNeeded: offset)
    guard offset > 0 else { return }
    update { text in if text.length > 0 { text.offset &+= offset } }
  }

  /// Fills the fields that are empty here with those of `other`.
  package mutating func fillEmpty(from other: CallTexts) {
    func fill(_ field: inout Text, _ value: Text) {
      if field.isEmpty { field = value }
    }
    fill(&version, other.version)
    fill(&requestType, other.requestType)
    fill(&requestDomain, other.requestDomain)
    fill(&requestResource, other.requestResource)
    fill(&endpoint, other.endpoint)
    fill(&responseException, other.responseException)
    fill(&responseResult, other.responseResult)
    fill(&traceID, other.traceID)
    fill(&spanID, other.spanID)
    fill(&parentSpanID, other.parentSpanID)
    fill(&requestXRequestID, other.requestXRequestID)
    fill(&responseXRequestID, other.responseXRequestID)
    fill(&proxyClient, other.proxyClient)
    fill(&userAgent, other.userAgent)
    fill(&referer, other.referer)
  }
}
