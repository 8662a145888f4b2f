// SPDX-License-Identifier: Apache-2.0

import Bytes
package import Telemetry

/// A header that carries the ids of a distributed trace. Cases are in order of trust: where a
/// message carries several, the first that can be read wins.
package enum TraceHeader: Int, Hashable, Sendable {
  /// W3C Trace Context, https://www.w3.org/TR/trace-context/.
  case traceparent = 0
  /// SkyWalking's propagation headers, versions 3, 2 and 1.
  case sw8, sw6, sw3
  /// Zipkin's, in one header and in several: https://github.com/openzipkin/b3-propagation.
  case b3, b3TraceID, b3SpanID, b3ParentSpanID
  /// Jaeger's.
  case uberTraceID
  /// SOFATracer's.
  case newRPCTraceContext
  /// Those of Alibaba's EagleEye, whose spans are called by their place in the tree (`0.1.2`) or by a number.
  case eagleEyeTraceID, eagleEyeSpanID, eagleEyeRPCID, eagleEyeParentSpanID
  /// SOFATracer's among others with a name each.
  case sofaTraceID, sofaRPCID

  /// The header called `name`; nil when it is none of them.
  package init?(_ name: HeaderName) {
    switch name {
    case HeaderName("traceparent"): self = .traceparent
    case HeaderName("sw8"): self = .sw8
    case HeaderName("sw6"): self = .sw6
    case HeaderName("sw3"): self = .sw3
    case HeaderName("b3"): self = .b3
    case HeaderName("x-b3-traceid"): self = .b3TraceID
    case HeaderName("x-b3-spanid"): self = .b3SpanID
    case HeaderName("x-b3-parentspanid"): self = .b3ParentSpanID
    case HeaderName("uber-trace-id"): self = .uberTraceID
    case HeaderName("new-rpc-trace-context"): self = .newRPCTraceContext
    case HeaderName("eagleeye-traceid"): self = .eagleEyeTraceID
    case HeaderName("eagleeye-spanid"): self = .eagleEyeSpanID
    case HeaderName("eagleeye-rpcid"): self = .eagleEyeRPCID
    case HeaderName("eagleeye-pspanid"): self = .eagleEyeParentSpanID
    default: return nil
    }
  }
}

/// The trace headers of one message, noted while its headers are read and made into ids at its end.
///
/// Values are places in a source that the caller keeps; nothing is copied before ``write(from:to:into:)``.
package struct TraceHeaders: Sendable {
  private var values = InlineArray<16, Place>(repeating: Place())
  /// One bit for each header that was noted, by its raw value.
  private var noted: UInt16 = 0

  package init() {}

  /// Notes that `header` has the value at `value`; the first value of a header counts.
  @inline(__always)
  package mutating func note(_ header: TraceHeader, at value: Place) {
    guard noted & 1 << UInt16(header.rawValue) == 0, !value.isEmpty else { return }
    values[header.rawValue] = value
    noted |= 1 << UInt16(header.rawValue)
  }

  /// Fills the ids of `texts` from the first header in order of trust whose value in `source` can be
  /// read; leaves them alone when there is none.
  @inline(__always)
  package func write(
    from source: Span<UInt8>, to texts: inout CallTexts, into fields: inout FieldBuffer
  ) {
    if noted != 0 { writeNoted(from: source, to: &texts, into: &fields) }
  }

  private func writeNoted(
    from source: Span<UInt8>, to texts: inout CallTexts, into fields: inout FieldBuffer
  ) {
    var left = noted
    while let header = TraceHeader(rawValue: left.trailingZeroBitCount) {
      left &= left - 1
      var value = TraceValue(source: source, place: values[header.rawValue])
      let found: TraceIDs?
      switch header {
      case .traceparent: found = value.traceparent(into: &fields)
      case .sw8, .sw6: found = value.skyWalking(into: &fields)
      case .sw3: found = value.skyWalking3(into: &fields)
      case .b3: found = value.b3(into: &fields)
      case .b3TraceID: found = b3(from: source, into: &fields)
      case .eagleEyeTraceID:
        found = plain(
          header, .eagleEyeSpanID, or: .eagleEyeRPCID, .eagleEyeParentSpanID, source, &fields)
      case .sofaTraceID:
        found = plain(header, .sofaRPCID, or: nil, nil, source, &fields)
      case .b3SpanID, .b3ParentSpanID, .eagleEyeSpanID, .eagleEyeRPCID, .eagleEyeParentSpanID,
        .sofaRPCID:
        found = nil
      case .uberTraceID: found = value.jaeger(into: &fields)
      case .newRPCTraceContext: found = value.sofa(into: &fields)
      }
      guard let found else { continue }
      texts.traceID = found.trace
      texts.spanID = found.span
      texts.parentSpanID = found.parent
      return
    }
  }

  /// Ids that are written as they are, in headers of their own; the trace's must be there.
  private func plain(
    _ trace: TraceHeader, _ span: TraceHeader, or other: TraceHeader?, _ parent: TraceHeader?,
    _ source: Span<UInt8>, _ fields: inout FieldBuffer
  ) -> TraceIDs? {
    func text(_ header: TraceHeader?, _ fields: inout FieldBuffer) -> Text? {
      guard let header else { return nil }
      var value = TraceValue(source: source, place: values[header.rawValue])
      let all = value.next(upTo: nil)
      return TraceValue.isWord(source, all) ? fields.append(source, at: all) : nil
    }
    guard let trace = text(trace, &fields) else { return nil }
    return TraceIDs(
      trace: trace, span: text(span, &fields) ?? text(other, &fields) ?? .empty,
      parent: text(parent, &fields) ?? .empty)
  }

  /// The ids of Zipkin's several headers; the trace's must be there.
  private func b3(from source: Span<UInt8>, into fields: inout FieldBuffer) -> TraceIDs? {
    func text(_ header: TraceHeader, _ fields: inout FieldBuffer) -> Text? {
      var value = TraceValue(source: source, place: values[header.rawValue])
      let all = value.next(upTo: nil)
      return TraceValue.isHexadecimal(source, all, 1...32) ? fields.append(source, at: all) : nil
    }
    guard let trace = text(.b3TraceID, &fields) else { return nil }
    return TraceIDs(
      trace: trace, span: text(.b3SpanID, &fields) ?? .empty,
      parent: text(.b3ParentSpanID, &fields) ?? .empty)
  }
}

/// What a trace header says.
struct TraceIDs {
  var trace: Text
  var span: Text = .empty
  var parent: Text = .empty
}

extension FieldBuffer {
  /// Copies the bytes of `source` at `range`.
  mutating func append(_ source: Span<UInt8>, at range: Range<Int>) -> Text {
    range.isEmpty ? .empty : append(source.clipped(range))
  }

  /// Copies the bytes of `source` that `place` points at.
  mutating func copy(_ place: Place, of source: Span<UInt8>) -> Text {
    append(source, at: place.range)
  }
}
