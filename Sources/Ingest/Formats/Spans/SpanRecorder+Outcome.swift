// SPDX-License-Identifier: Apache-2.0

import Telemetry

/// How a span ended, and its figures.
extension SpanRecorder {
  /// The status code of HTTP says whose fault it was; else what fails is the server's. A status that
  /// nobody set is no error: instrumentation sets none where all went well.
  func setOutcome(
    _ call: inout CallRecord, _ draft: borrowing SpanDraft, _ values: inout SpanValues
  ) {
    let attributes = draft.attributes
    call.status = draft.status == .error ? .serverError : .ok
    if let code = attributes.number(of: values.found[.httpCode]).flatMap({ Int32(exactly: $0) }) {
      _ = values.take(.httpCode)
      call.responseCode = code
      switch code {
      case 400..<500: call.status = .clientError
      case 500..<600: call.status = .serverError
      default: break
      }
      return
    }
    if let code = attributes.number(of: values.found[.rpcCode]).flatMap({ Int32(exactly: $0) }) {
      call.responseCode = code
      if Self.clientFaults.contains(code) { call.status = .clientError }
      if Self.serverFaults.contains(code) { call.status = .serverError }
      return
    }
    if let code = attributes.number(of: values.found[.databaseCode]) {
      call.responseCode = Int32(exactly: code)
    }
  }

  /// Status codes of gRPC that say that the caller asked for something wrong, and that the callee failed
  /// (https://grpc.io/docs/guides/status-codes/).
  private static let clientFaults: Set<Int32> = [1, 3, 5, 6, 7, 9, 11, 16]
  private static let serverFaults: Set<Int32> = [2, 4, 8, 10, 12, 13, 14, 15]

  func setFigures(
    _ call: inout CallRecord, _ attributes: borrowing SpanAttributes, _ values: inout SpanValues
  ) {
    call.requestLength = length(attributes, .requestSize, &values)
    call.responseLength = length(attributes, .responseSize, &values)
    if let rows = attributes.number(of: values.found[.databaseRows]), rows >= 0 {
      call.affectedRows = UInt64(rows)
    }
  }

  private func length(
    _ attributes: borrowing SpanAttributes, _ field: SpanField, _ values: inout SpanValues
  ) -> Int64? {
    guard let length = attributes.number(of: values.found[field]), length >= 0 else { return nil }
    _ = values.take(field)
    return length
  }
}
