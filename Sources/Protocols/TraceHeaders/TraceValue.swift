// SPDX-License-Identifier: Apache-2.0

import Bytes
import Telemetry

/// The value of a trace header, read field by field from the left.
struct TraceValue: ~Escapable {
  private let source: Span<UInt8>
  private var position: Int
  private let end: Int

  /// The value at `place`, which must lie in `source`.
  @_lifetime(copy source)
  init(source: Span<UInt8>, place: Place) {
    self.source = source
    position = min(place.range.lowerBound, source.count)
    end = min(place.range.upperBound, source.count)
  }

  /// The bytes up to the next `separator` or the end of the value, and moves past both. Without a
  /// separator all that is left.
  @_lifetime(self: copy self)
  mutating func next(upTo separator: UInt8?) -> Range<Int> {
    let start = position
    guard let separator, let found = source.firstIndex(of: separator, from: start, to: end) else {
      position = end
      return start..<end
    }
    position = found + 1
    return start..<found
  }

  /// `version-trace-span-flags`, W3C Trace Context section 3.2: version ff and ids of nothing but zeros
  /// are invalid.
  @_lifetime(self: copy self)
  mutating func traceparent(into fields: inout FieldBuffer) -> TraceIDs? {
    let start = position
    guard end - start >= 52, source[start + 2] == Self.dash, source[start + 35] == Self.dash,
      end - start == 52 || source[start + 52] == Self.dash,
      Self.isHexadecimal(source, start..<(start + 2), 2...2),
      source[start] | 0x20 != Self.f || source[start + 1] | 0x20 != Self.f
    else { return nil }
    let (high, low) = (source.block(at: start + 3), source.block(at: start + 19))
    let span = source.block(at: start + 36)
    let zeros = SIMD16<UInt8>(repeating: UInt8(ascii: "0"))
    guard (high.isNoHexadecimal | low.isNoHexadecimal | span.isNoHexadecimal).isZero,
      !((high ^ zeros) | (low ^ zeros)).isZero, !(span ^ zeros).isZero
    else { return nil }
    // One copy for both.
    let ids = fields.append(source, at: (start + 3)..<(start + 52))
    guard ids.length == 49 else { return nil }
    return TraceIDs(
      trace: Text(offset: ids.offset, length: 32), span: Text(offset: ids.offset + 33, length: 16))
  }

  /// `sample-trace-segment-span-...` where trace and segment are base64; versions 2 and 3 agree on
  /// these. A span's id is its segment's and its number in that.
  @_lifetime(self: copy self)
  mutating func skyWalking(into fields: inout FieldBuffer) -> TraceIDs? {
    _ = next(upTo: Self.dash)
    let trace = next(upTo: Self.dash)
    let segment = next(upTo: Self.dash)
    let span = next(upTo: Self.dash)
    guard let id = fields.appendBase64(source, at: trace) else { return nil }
    let mark = fields.mark
    guard fields.pushBase64(source, at: segment) else {
      return TraceIDs(trace: id)
    }
    fields.push(Self.dash)
    fields.push(source.clipped(span))
    return TraceIDs(trace: id, span: fields.finish(from: mark))
  }

  /// `segment|span|...|trace|sampled` with the trace in the eighth place.
  @_lifetime(self: copy self)
  mutating func skyWalking3(into fields: inout FieldBuffer) -> TraceIDs? {
    let segment = next(upTo: Self.pipe)
    let span = next(upTo: Self.pipe)
    for _ in 0..<5 { _ = next(upTo: Self.pipe) }
    let trace = next(upTo: Self.pipe)
    guard !trace.isEmpty else { return nil }
    let id = fields.append(source, at: trace)
    let mark = fields.mark
    fields.push(source.clipped(segment))
    fields.push(Self.dash)
    fields.push(source.clipped(span))
    return TraceIDs(trace: id, span: fields.finish(from: mark))
  }

  /// `trace-span[-sampled[-parent]]`. A lone sampling decision (`0`, `1`, `d`) carries no ids.
  @_lifetime(self: copy self)
  mutating func b3(into fields: inout FieldBuffer) -> TraceIDs? {
    let trace = next(upTo: Self.dash)
    let span = next(upTo: Self.dash)
    _ = next(upTo: Self.dash)
    let parent = next(upTo: nil)
    guard Self.isHexadecimal(source, trace, 16...32), Self.isHexadecimal(source, span, 16...16)
    else { return nil }
    return TraceIDs(
      trace: fields.append(source, at: trace), span: fields.append(source, at: span),
      parent: Self.isHexadecimal(source, parent, 16...16)
        ? fields.append(source, at: parent) : .empty)
  }

  /// `trace:span:parent:flags`; a parent of 0 means that there is none.
  /// https://www.jaegertracing.io/docs/1.60/client-libraries/#propagation-format
  @_lifetime(self: copy self)
  mutating func jaeger(into fields: inout FieldBuffer) -> TraceIDs? {
    let trace = next(upTo: Self.colon)
    let span = next(upTo: Self.colon)
    let parent = next(upTo: Self.colon)
    guard Self.isHexadecimal(source, trace, 1...32), Self.isHexadecimal(source, span, 1...16)
    else { return nil }
    var ids = TraceIDs(
      trace: fields.append(source, at: trace), span: fields.append(source, at: span))
    let isRoot = parent.count == 1 && source[parent.lowerBound] == UInt8(ascii: "0")
    if !isRoot, Self.isHexadecimal(source, parent, 1...16) {
      ids.parent = fields.append(source, at: parent)
    }
    return ids
  }

  /// `sofaTraceId=...&sofaRpcId=...&...` in any order, or, as SOFATracer writes it since version 2,
  /// `tcid=...&spid=...&pspid=...&...`.
  @_lifetime(self: copy self)
  mutating func sofa(into fields: inout FieldBuffer) -> TraceIDs? {
    var trace: Range<Int>?
    var span: Range<Int>?
    var parent: Range<Int>?
    while position < end {
      var pair = TraceValue(source: source, range: next(upTo: UInt8(ascii: "&")))
      let name = pair.next(upTo: UInt8(ascii: "="))
      let value = pair.next(upTo: nil)
      switch HeaderName(source.clipped(name)) {
      case HeaderName("sofatraceid"), HeaderName("tcid"): trace = trace ?? value
      case HeaderName("sofarpcid"), HeaderName("spid"): span = span ?? value
      case HeaderName("pspid"): parent = parent ?? value
      default: break
      }
    }
    guard let trace, !trace.isEmpty else { return nil }
    return TraceIDs(
      trace: fields.append(source, at: trace),
      span: span.map { fields.append(source, at: $0) } ?? .empty,
      parent: parent.map { fields.append(source, at: $0) } ?? .empty)
  }

  @_lifetime(copy source)
  private init(source: Span<UInt8>, range: Range<Int>) {
    self.source = source
    position = range.lowerBound
    end = range.upperBound
  }

  /// Whether `range` of `source` is of an allowed length and nothing but hexadecimal digits.
  static func isHexadecimal(
    _ source: Span<UInt8>, _ range: Range<Int>, _ lengths: ClosedRange<Int>
  ) -> Bool {
    guard lengths.contains(range.count) else { return false }
    var index = range.lowerBound
    while index + 16 <= range.upperBound {
      guard source.block(at: index).isNoHexadecimal.isZero else { return false }
      index += 16
    }
    while index < range.upperBound {
      let byte = source[index]
      guard byte &- 0x30 < 10 || (byte | 0x20) &- 0x61 < 6 else { return false }
      index += 1
    }
    return true
  }

  /// Whether `range` of `source` is an id of letters, digits, `.`, `-` and `_`.
  static func isWord(_ source: Span<UInt8>, _ range: Range<Int>) -> Bool {
    guard (1...128).contains(range.count) else { return false }
    for index in range {
      let byte = source[index]
      let isLetter = (byte | 0x20) &- 0x61 < 26 || byte &- 0x30 < 10
      guard isLetter || byte == 0x2d || byte == 0x2e || byte == 0x5f else { return false }
    }
    return true
  }

  private static let f = UInt8(ascii: "f")
  private static let dash = UInt8(ascii: "-")
  private static let pipe = UInt8(ascii: "|")
  private static let colon = UInt8(ascii: ":")
}

extension SIMD16<UInt8> {
  /// 0 where a byte is a hexadecimal digit, else 255.
  @inline(__always)
  fileprivate var isNoHexadecimal: SIMD16<UInt8> {
    ~(isOne(of: 10, from: 0x30) | (self | 0x20).isOne(of: 6, from: 0x61))
  }
}
