// SPDX-License-Identifier: Apache-2.0

import Telemetry

/// Writes the keys of calls into `flow_log.trace_index`.
struct TraceIndexRows: Sendable {
  var rows = TableRows(.traceIndex)

  /// Appends a row for each key that the call joins others by, once.
  mutating func append(_ call: borrowing CallRecord, _ text: Span<UInt8>, agent: UInt16) {
    let second = call.end.storedSeconds
    if call.requestSequence != 0 {
      put(TraceKey(.request, UInt64(call.requestSequence)), second)
    } else if call.responseSequence != 0 {
      put(TraceKey(.response, UInt64(call.responseSequence)), second)
    } else if let id = call.requestID {
      put(TraceKey(.datagram, id), second)
    }
    let (request, response) = (call.syscallTraceRequest, call.syscallTraceResponse)
    if agent != 0 {
      if request != 0 { put(TraceKey(.chain, request, agent: UInt64(agent)), second) }
      if response != 0, response != request {
        put(TraceKey(.chain, response, agent: UInt64(agent)), second)
      }
    }
    let texts = call.texts
    put(.trace, texts.traceID.bytes(in: text), second)
    let first = texts.requestXRequestID.bytes(in: text)
    let last = texts.responseXRequestID.bytes(in: text)
    put(.identifier, first, second)
    if !last.isSame(as: first) { put(.identifier, last, second) }
  }

  private mutating func put(_ kind: TraceKey.Kind, _ bytes: Span<UInt8>, _ second: UInt32) {
    if !bytes.isEmpty { put(TraceKey(kind, bytes), second) }
  }

  private mutating func put(_ key: TraceKey, _ second: UInt32) {
    rows.put("key", key.hash)
    rows.put("time", second)
    rows.endRow()
  }
}

extension Span<UInt8> {
  fileprivate func isSame(as other: Span<UInt8>) -> Bool {
    guard count == other.count else { return false }
    for index in indices where self[index] != other[index] { return false }
    return true
  }
}
