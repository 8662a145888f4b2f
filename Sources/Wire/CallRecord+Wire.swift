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
struct CallContext: RowContext {
  var rows = InlineArray<4, CallRecord>(repeating: .zero)
  /// The slot of the last row.
  var slot = 0
  /// Of the row before, whatever its slot.
  var start: Int64 = 0
  /// Where the text before ended.
  var text: UInt32 = 0

  var row: CallRecord { rows[slot] }

  static func slot(_ point: ObservationPoint) -> Int { Int(point.rawValue & 3) }
}

extension CallRecord: WireRow {
  /// Observation point, mask, two times.
  static let smallestRow = 7

  func write(to writer: inout WireWriter, context: inout CallContext) {
    let slot = CallContext.slot(observationPoint)
    let mask = differences(from: context.rows[slot])
    writer.byte(observationPoint.rawValue)
    writer.fixed(mask)
    writer.zigzag(start.nanoseconds &- context.start)
    writer.zigzag(end.nanoseconds &- start.nanoseconds)
    if mask & CallMask.head != 0 { writer.head(head, count: 7) }
    client.write(mask >> CallMask.client, to: &writer)
    server.write(mask >> CallMask.server, to: &writer)
    if mask & CallMask.networkNamespace != 0 { writer.varint(UInt64(networkNamespace)) }
    if mask & CallMask.flow != 0 { writer.varint(flow) }
    writeSequences(mask, against: context.rows[slot], to: &writer)
    writeOptionals(mask, to: &writer)
    if mask & CallMask.texts != 0 { texts.write(to: &writer, cursor: &context.text) }
    context.start = start.nanoseconds
    context.rows[slot] = self
  }

  /// Reads one row over `context`'s row of its slot, which then is the row.
  static func read(
    from reader: inout WireReader, context: inout CallContext, textBytes: Int
  ) {
    let point = ObservationPoint(rawValue: reader.byte())
    let slot = CallContext.slot(point)
    context.slot = slot
    let mask = reader.fixed(UInt32.self)
    if mask & ~CallMask.known != 0 { reader.fail(.malformed, "a known call mask") }
    let start = context.start &+ reader.zigzag()
    context.start = start
    let end = start &+ reader.zigzag()
    context.rows[slot].observationPoint = point
    context.rows[slot].start = Timestamp(nanoseconds: start)
    context.rows[slot].end = Timestamp(nanoseconds: end)
    context.rows[slot].hasDuration = mask & CallMask.hasDuration != 0
    if mask & CallMask.head != 0 { context.rows[slot].head = reader.head(count: 7) }
    context.rows[slot].client.read(mask >> CallMask.client, from: &reader)
    context.rows[slot].server.read(mask >> CallMask.server, from: &reader)
    if mask & CallMask.networkNamespace != 0 {
      context.rows[slot].networkNamespace = reader.integer()
    }
    if mask & CallMask.flow != 0 { context.rows[slot].flow = reader.varint() }
    context.rows[slot].readSequences(mask, from: &reader)
    context.rows[slot].readOptionals(mask, from: &reader)
    context.rows[slot].texts =
      mask & CallMask.texts != 0
      ? CallTexts(from: &reader, cursor: &context.text, textBytes: textBytes) : CallTexts()
  }
}

extension CallRecord {
  @inline(__always)
  private func differences(from other: CallRecord) -> UInt32 {
    var mask: UInt32 = 0
    func set(_ bit: UInt32, _ condition: Bool) { if condition { mask |= bit } }
    set(CallMask.head, head != other.head)
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
    set(CallMask.texts, !texts.isEmpty)
    return mask
  }

  private var head: WireHead {
    get {
      WireHead(
        kind.rawValue, flags.rawValue, signalSource.rawValue, transport.rawValue,
        applicationProtocol.rawValue, status.rawValue, directionScore)
    }
    set {
      kind = CallKind(rawValue: newValue[0])
      flags = Flags(rawValue: newValue[1])
      signalSource = SignalSource(rawValue: newValue[2])
      transport = TransportProtocol(rawValue: newValue[3])
      applicationProtocol = ApplicationProtocol(rawValue: newValue[4])
      status = ResponseStatus(rawValue: newValue[5])
      directionScore = newValue[6]
    }
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
