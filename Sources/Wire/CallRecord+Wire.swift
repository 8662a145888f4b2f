// SPDX-License-Identifier: Apache-2.0

import Telemetry

/// The bits of a call row's mask: what differs from the row before of the same slot, or is there.
private enum CallMask {
  static let head: UInt32 = 1 << 0
  static let client: UInt32 = 1
  static let server: UInt32 = 6
  static let networkNamespace: UInt32 = 1 << 11
  static let flow: UInt32 = 1 << 12
  static let hasDuration: UInt32 = 1 << 13
  static let requestSequence: UInt32 = 1 << 14
  static let responseSequence: UInt32 = 1 << 15
  static let syscallTraceRequest: UInt32 = 1 << 16
  static let syscallTraceResponse: UInt32 = 1 << 17
  static let coroutineRequest: UInt32 = 1 << 18
  static let coroutineResponse: UInt32 = 1 << 19
  static let captureSequenceRequest: UInt32 = 1 << 20
  static let captureSequenceResponse: UInt32 = 1 << 21
  static let requestID: UInt32 = 1 << 22
  static let responseCode: UInt32 = 1 << 23
  static let requestLength: UInt32 = 1 << 24
  static let responseLength: UInt32 = 1 << 25
  static let affectedRows: UInt32 = 1 << 26
  static let capturedRequestBytes: UInt32 = 1 << 27
  static let capturedResponseBytes: UInt32 = 1 << 28
  static let texts: UInt32 = 1 << 29
  static let known: UInt32 = 1 << 30 - 1
}

/// What call rows are told against: the rows before them.
///
/// A loopback call is seen on both its sides, so rows alternate between two observation points; each
/// is compared with the row before of its own slot (the low two bits of the observation point).
struct CallContext {
  var rows = InlineArray<4, CallRecord>(
    repeating: CallRecord(
      client: .origin, server: .origin, start: Timestamp(nanoseconds: 0),
      end: Timestamp(nanoseconds: 0)))
  /// Of the row before, whatever its slot.
  var start: Int64 = 0
  /// Where the text before ended.
  var text: UInt32 = 0

  static func slot(_ point: ObservationPoint) -> Int { Int(point.rawValue & 3) }
}

/// The smallest call row: observation point, mask, two times.
let callRowBytes = 7

extension CallRecord {
  func write(to writer: inout WireWriter, context: inout CallContext) {
    let slot = CallContext.slot(observationPoint)
    let mask = differences(from: context.rows[slot])
    writer.byte(observationPoint.rawValue)
    writer.fixed(mask)
    writer.zigzag(start.nanoseconds &- context.start)
    writer.zigzag(end.nanoseconds &- start.nanoseconds)
    if mask & CallMask.head != 0 { writeHead(to: &writer) }
    client.write(mask >> CallMask.client, to: &writer)
    server.write(mask >> CallMask.server, to: &writer)
    if mask & CallMask.networkNamespace != 0 { writer.varint(UInt64(networkNamespace)) }
    if mask & CallMask.flow != 0 { writer.varint(flow) }
    writeSequences(mask, against: context.rows[slot], to: &writer)
    writeOptionals(mask, to: &writer)
    if mask & CallMask.texts != 0 { writeTexts(to: &writer, cursor: &context.text) }
    context.start = start.nanoseconds
    context.rows[slot] = self
  }

  /// Reads one row over `context`'s row of its slot, which then is the row. Faults stick in `reader`.
  ///
  /// - Returns: the slot.
  static func read(
    from reader: inout WireReader, context: inout CallContext, textBytes: Int
  ) -> Int {
    let point = ObservationPoint(rawValue: reader.byte())
    let slot = CallContext.slot(point)
    let mask = reader.fixed(UInt32.self)
    if mask & ~CallMask.known != 0 { reader.fail(.malformed, "a known call mask") }
    let start = context.start &+ reader.zigzag()
    context.start = start
    let end = start &+ reader.zigzag()
    context.rows[slot].observationPoint = point
    context.rows[slot].start = Timestamp(nanoseconds: start)
    context.rows[slot].end = Timestamp(nanoseconds: end)
    context.rows[slot].hasDuration = mask & CallMask.hasDuration != 0
    if mask & CallMask.head != 0 { context.rows[slot].readHead(from: &reader) }
    context.rows[slot].client.read(mask >> CallMask.client, from: &reader)
    context.rows[slot].server.read(mask >> CallMask.server, from: &reader)
    if mask & CallMask.networkNamespace != 0 {
      context.rows[slot].networkNamespace = reader.integer()
    }
    if mask & CallMask.flow != 0 { context.rows[slot].flow = reader.varint() }
    context.rows[slot].readSequences(mask, from: &reader)
    context.rows[slot].readOptionals(mask, from: &reader)
    context.rows[slot].texts = CallTexts()
    if mask & CallMask.texts != 0 {
      context.rows[slot].readTexts(
        from: &reader, cursor: &context.text, textBytes: textBytes)
    }
    return slot
  }
}

extension CallRecord {
  @inline(__always)
  private func differences(from other: CallRecord) -> UInt32 {
    var mask: UInt32 = 0
    func set(_ bit: UInt32, _ condition: Bool) { if condition { mask |= bit } }
    set(
      CallMask.head,
      kind.rawValue != other.kind.rawValue || flags.rawValue != other.flags.rawValue
        || signalSource.rawValue != other.signalSource.rawValue
        || transport.rawValue != other.transport.rawValue
        || applicationProtocol.rawValue != other.applicationProtocol.rawValue
        || status.rawValue != other.status.rawValue || directionScore != other.directionScore)
    mask |= client.differences(from: other.client) << CallMask.client
    mask |= server.differences(from: other.server) << CallMask.server
    set(CallMask.networkNamespace, networkNamespace != other.networkNamespace)
    set(CallMask.flow, flow != other.flow)
    set(CallMask.hasDuration, hasDuration)
    set(CallMask.requestSequence, requestSequence != other.requestSequence)
    set(CallMask.responseSequence, responseSequence != other.responseSequence)
    set(CallMask.syscallTraceRequest, syscallTraceRequest != other.syscallTraceRequest)
    set(CallMask.syscallTraceResponse, syscallTraceResponse != other.syscallTraceResponse)
    set(CallMask.coroutineRequest, coroutineRequest != other.coroutineRequest)
    set(CallMask.coroutineResponse, coroutineResponse != other.coroutineResponse)
    set(CallMask.captureSequenceRequest, captureSequenceRequest != other.captureSequenceRequest)
    set(CallMask.captureSequenceResponse, captureSequenceResponse != other.captureSequenceResponse)
    set(CallMask.requestID, requestID != nil)
    set(CallMask.responseCode, responseCode != nil)
    set(CallMask.requestLength, requestLength != nil)
    set(CallMask.responseLength, responseLength != nil)
    set(CallMask.affectedRows, affectedRows != nil)
    set(CallMask.capturedRequestBytes, capturedRequestBytes != other.capturedRequestBytes)
    set(CallMask.capturedResponseBytes, capturedResponseBytes != other.capturedResponseBytes)
    set(CallMask.texts, Self.mask(of: orderedTexts) != 0)
    return mask
  }

  private func writeHead(to writer: inout WireWriter) {
    writer.byte(kind.rawValue)
    writer.byte(flags.rawValue)
    writer.byte(signalSource.rawValue)
    writer.byte(transport.rawValue)
    writer.byte(applicationProtocol.rawValue)
    writer.byte(status.rawValue)
    writer.byte(directionScore)
  }

  private mutating func readHead(from reader: inout WireReader) {
    kind = CallKind(rawValue: reader.byte())
    flags = Flags(rawValue: reader.byte())
    signalSource = SignalSource(rawValue: reader.byte())
    transport = TransportProtocol(rawValue: reader.byte())
    applicationProtocol = ApplicationProtocol(rawValue: reader.byte())
    status = ResponseStatus(rawValue: reader.byte())
    directionScore = reader.byte()
  }
}

/// Numbers that grow along a connection travel as what they grew by, modulo their width.
extension CallRecord {
  @inline(__always)
  private func writeSequences(
    _ mask: UInt32, against other: CallRecord, to writer: inout WireWriter
  ) {
    func growth(_ bit: UInt32, _ value: UInt32, _ before: UInt32) {
      if mask & bit != 0 { writer.zigzag(Int64(Int32(bitPattern: value &- before))) }
    }
    func growth(_ bit: UInt32, _ value: UInt64, _ before: UInt64) {
      if mask & bit != 0 { writer.zigzag(Int64(bitPattern: value &- before)) }
    }
    growth(CallMask.requestSequence, requestSequence, other.requestSequence)
    growth(CallMask.responseSequence, responseSequence, other.responseSequence)
    growth(CallMask.syscallTraceRequest, syscallTraceRequest, other.syscallTraceRequest)
    growth(CallMask.syscallTraceResponse, syscallTraceResponse, other.syscallTraceResponse)
    growth(CallMask.coroutineRequest, coroutineRequest, other.coroutineRequest)
    growth(CallMask.coroutineResponse, coroutineResponse, other.coroutineResponse)
    growth(CallMask.captureSequenceRequest, captureSequenceRequest, other.captureSequenceRequest)
    growth(
      CallMask.captureSequenceResponse, captureSequenceResponse, other.captureSequenceResponse)
  }

  @inline(__always)
  private mutating func readSequences(_ mask: UInt32, from reader: inout WireReader) {
    if mask & CallMask.requestSequence != 0 {
      requestSequence &+= UInt32(truncatingIfNeeded: reader.zigzag())
    }
    if mask & CallMask.responseSequence != 0 {
      responseSequence &+= UInt32(truncatingIfNeeded: reader.zigzag())
    }
    if mask & CallMask.syscallTraceRequest != 0 {
      syscallTraceRequest &+= UInt64(bitPattern: reader.zigzag())
    }
    if mask & CallMask.syscallTraceResponse != 0 {
      syscallTraceResponse &+= UInt64(bitPattern: reader.zigzag())
    }
    if mask & CallMask.coroutineRequest != 0 {
      coroutineRequest &+= UInt64(bitPattern: reader.zigzag())
    }
    if mask & CallMask.coroutineResponse != 0 {
      coroutineResponse &+= UInt64(bitPattern: reader.zigzag())
    }
    if mask & CallMask.captureSequenceRequest != 0 {
      captureSequenceRequest &+= UInt32(truncatingIfNeeded: reader.zigzag())
    }
    if mask & CallMask.captureSequenceResponse != 0 {
      captureSequenceResponse &+= UInt32(truncatingIfNeeded: reader.zigzag())
    }
  }

  @inline(__always)
  private func writeOptionals(_ mask: UInt32, to writer: inout WireWriter) {
    if let requestID { writer.varint(requestID) }
    if let responseCode { writer.zigzag(Int64(responseCode)) }
    if let requestLength { writer.zigzag(requestLength) }
    if let responseLength { writer.zigzag(responseLength) }
    if let affectedRows { writer.varint(affectedRows) }
    if mask & CallMask.capturedRequestBytes != 0 { writer.varint(UInt64(capturedRequestBytes)) }
    if mask & CallMask.capturedResponseBytes != 0 { writer.varint(UInt64(capturedResponseBytes)) }
  }

  @inline(__always)
  private mutating func readOptionals(_ mask: UInt32, from reader: inout WireReader) {
    requestID = mask & CallMask.requestID != 0 ? reader.varint() : nil
    responseCode =
      mask & CallMask.responseCode != 0 ? Int32(truncatingIfNeeded: reader.zigzag()) : nil
    requestLength = mask & CallMask.requestLength != 0 ? reader.zigzag() : nil
    responseLength = mask & CallMask.responseLength != 0 ? reader.zigzag() : nil
    affectedRows = mask & CallMask.affectedRows != 0 ? reader.varint() : nil
    if mask & CallMask.capturedRequestBytes != 0 { capturedRequestBytes = reader.integer() }
    if mask & CallMask.capturedResponseBytes != 0 { capturedResponseBytes = reader.integer() }
  }
}

/// Texts: a 16-bit mask of those that are not empty, in the order of ``CallTexts/update(_:)``, and
/// for each where it begins, told from where the one before ended, and its length.
extension CallRecord {
  /// The fields in the order of ``CallTexts/update(_:)``, without its closures: this runs for every
  /// call that is sent.
  private var orderedTexts: InlineArray<15, Text> {
    [
      texts.version, texts.requestType, texts.requestDomain, texts.requestResource,
      texts.endpoint, texts.responseException, texts.responseResult, texts.traceID, texts.spanID,
      texts.parentSpanID, texts.requestXRequestID, texts.responseXRequestID, texts.proxyClient,
      texts.userAgent, texts.referer,
    ]
  }

  private static func mask(of texts: borrowing InlineArray<15, Text>) -> UInt16 {
    var mask: UInt16 = 0
    for index in 0..<15 where texts[index].length != 0 { mask |= 1 << UInt16(index) }
    return mask
  }

  private func writeTexts(to writer: inout WireWriter, cursor: inout UInt32) {
    let texts = orderedTexts
    writer.fixed(Self.mask(of: texts))
    for index in 0..<15 where texts[index].length != 0 {
      texts[index].write(to: &writer, cursor: &cursor)
    }
  }

  private mutating func readTexts(
    from reader: inout WireReader, cursor: inout UInt32, textBytes: Int
  ) {
    var mask = reader.fixed(UInt16.self)
    if mask & 0x8000 != 0 { reader.fail(.malformed, "a known text mask") }
    texts.update { field in
      if mask & 1 != 0 {
        field = Text(from: &reader, cursor: &cursor, textBytes: textBytes)
      }
      mask >>= 1
    }
  }
}

extension Text {
  @inline(__always)
  func write(to writer: inout WireWriter, cursor: inout UInt32) {
    writer.zigzag(Int64(Int32(bitPattern: offset &- cursor)))
    writer.varint(UInt64(length))
    cursor = offset &+ length
  }

  /// A text that does not lie in the batch's `textBytes` bytes is a fault; an empty one has no place.
  @inline(__always)
  init(from reader: inout WireReader, cursor: inout UInt32, textBytes: Int) {
    let start = cursor &+ UInt32(truncatingIfNeeded: reader.zigzag())
    let count = reader.integer(UInt32.self)
    guard UInt64(start) + UInt64(count) <= UInt64(textBytes) else {
      reader.fail(.malformed, "a text inside the batch's text section")
      self = .empty
      return
    }
    self = count == 0 ? .empty : Text(offset: start, length: count)
    cursor = start &+ count
  }
}
