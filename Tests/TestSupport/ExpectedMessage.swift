// SPDX-License-Identifier: Apache-2.0

package import Protocols
package import Telemetry

/// A message as a test writes it down: only the fields that are set are compared.
///
/// An empty string demands that the text is empty.
package struct ExpectedMessage: Hashable, Sendable {
  package var kind: Message.Kind
  package var status: ResponseStatus?
  package var code: Int32?
  package var requestID: UInt64?
  package var length: Int64?
  package var affectedRows: UInt64?
  package var flags: CallRecord.Flags?
  package var mayBlock: Bool?
  package var parts: UInt32?
  /// All of them, by name.
  package var attributes: [String: String]?
  /// Texts by the name of their column.
  package var texts: [String: String] = [:]

  package init(
    _ kind: Message.Kind, version: String? = nil, requestType: String? = nil,
    requestDomain: String? = nil, requestResource: String? = nil, endpoint: String? = nil,
    status: ResponseStatus? = nil, code: Int32? = nil, responseException: String? = nil,
    responseResult: String? = nil, traceID: String? = nil, spanID: String? = nil,
    parentSpanID: String? = nil, requestXRequestID: String? = nil,
    responseXRequestID: String? = nil, proxyClient: String? = nil, userAgent: String? = nil,
    referer: String? = nil, requestID: UInt64? = nil, length: Int64? = nil,
    affectedRows: UInt64? = nil, flags: CallRecord.Flags? = nil, mayBlock: Bool? = nil,
    parts: UInt32? = nil, attributes: [String: String]? = nil
  ) {
    self.kind = kind
    self.status = status
    self.code = code
    self.requestID = requestID
    self.length = length
    self.affectedRows = affectedRows
    self.flags = flags
    self.mayBlock = mayBlock
    self.parts = parts
    self.attributes = attributes
    texts["version"] = version
    texts["request_type"] = requestType
    texts["request_domain"] = requestDomain
    texts["request_resource"] = requestResource
    texts["endpoint"] = endpoint
    texts["response_exception"] = responseException
    texts["response_result"] = responseResult
    texts["trace_id"] = traceID
    texts["span_id"] = spanID
    texts["parent_span_id"] = parentSpanID
    texts["x_request_id_0"] = requestXRequestID
    texts["x_request_id_1"] = responseXRequestID
    texts["http_proxy_client"] = proxyClient
    texts["http_user_agent"] = userAgent
    texts["http_referer"] = referer
  }

  /// What `message` says, every text of it set.
  package init(_ message: Message, _ fields: FieldBuffer) {
    let isOpen = message.status.rawValue == ResponseStatus.ok.rawValue && !message.isEndSeen
    self.init(
      message.kind, status: isOpen ? .unknown : message.status, code: message.code,
      requestID: message.requestID, length: message.length, affectedRows: message.affectedRows,
      flags: message.flags, mayBlock: message.mayBlock, parts: message.parts,
      attributes: Self.attributes(message, fields))
    var source = message.texts
    source.visit { column, place in
      texts["\(column.name)"] = String(decoding: fields.bytes(place), as: UTF8.self)
    }
  }

  private static func attributes(_ message: Message, _ fields: FieldBuffer) -> [String: String] {
    var found: [String: String] = [:]
    var walk = AttributeWalk(message.attributes, in: fields.bytes)
    while let (name, value) = walk.next(in: fields.bytes) {
      let texts = [name, value].map { String(decoding: fields.bytes($0), as: UTF8.self) }
      found[texts[0], default: ""] += texts[1]
    }
    return found
  }

  /// Adds what a piece of the message told, as the agent does.
  mutating func add(_ piece: ExpectedMessage, ends: Bool) {
    if let more = piece.length { length = (length ?? 0) + more }
    parts = (parts ?? 0) + (piece.parts ?? 0)
    let status = status
    conclude(piece)
    let isError = status.map { $0.isError && $0.rawValue != ResponseStatus.parseFailed.rawValue }
    if !ends || isError ?? false { self.status = status }
  }

  /// Adds what the end of the message told, as the agent does.
  mutating func conclude(_ end: ExpectedMessage) {
    status = end.status
    attributes = (attributes ?? [:]).merging(end.attributes ?? [:]) { first, _ in first }
    code = code ?? end.code
    affectedRows = end.affectedRows ?? affectedRows
    for (name, text) in end.texts where texts[name]?.isEmpty ?? true { texts[name] = text }
  }

  /// The fields that are set here and differ in `seen`, each as `name: seen, expected`.
  package func differences(from seen: ExpectedMessage) -> [String] {
    var found: [String] = []
    func compare<Value: Equatable>(_ name: String, _ expected: Value?, _ value: Value?) {
      guard let expected, expected != value else { return }
      let shown = value.map { String(reflecting: $0) } ?? "nothing"
      found.append("\(name): \(shown), expected \(String(reflecting: expected))")
    }
    compare("kind", kind, seen.kind)
    compare("status", status?.rawValue, seen.status?.rawValue)
    compare("code", code, seen.code)
    compare("requestID", requestID, seen.requestID)
    compare("length", length, seen.length)
    compare("affectedRows", affectedRows, seen.affectedRows)
    compare("flags", flags?.rawValue, seen.flags?.rawValue)
    compare("mayBlock", mayBlock, seen.mayBlock)
    compare("parts", parts, seen.parts)
    compare("attributes", attributes, seen.attributes)
    for (name, expected) in texts.sorted(by: { $0.key < $1.key }) {
      compare(name, expected, seen.texts[name])
    }
    return found
  }
}
