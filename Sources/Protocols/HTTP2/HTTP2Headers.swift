// SPDX-License-Identifier: Apache-2.0

import Bytes
import Telemetry

/// The fields of one header block that we care for, as places in ``texts``, to which they are copied.
struct HTTP2Headers: HeaderSink {
  enum Kind: UInt8 {
    case method = 1
    case scheme, path, authority, status, host, userAgent, referer, forwardedFor, requestID
    case contentLength, contentType
    case grpcStatus, grpcMessage, connectVersion
    /// Dubbo's: the version of the service that is called, and any other of its headers.
    case tripleVersion, triple
    case contentEncoding, amazonTarget, soapAction, clickHouseDatabase
  }

  /// The kind of a header of a trace is this and its place in the order of trust.
  private static let trace: UInt8 = 32
  /// The kind of a field that is wanted besides is this and its place among those.
  private static let wanted: UInt8 = 128
  /// Bytes of all values of a block, and of one; longer ones count as not said, but for the path.
  static let roomSize = 16_384
  private static let valueLimit = 4_096

  private(set) var texts: [UInt8] = []
  private var count = 0
  private var places = InlineArray<24, Place>(repeating: Place())
  private var noted: UInt32 = 0
  private(set) var trace = TraceHeaders()
  /// Whether a field was said before anybody listened.
  private(set) var hasUnknown = false
  private let wanted: [WantedHeader]
  private var found = InlineArray<16, Place>(repeating: Place())

  /// With the arrays of `room`, which gets them back by ``leave(to:)``.
  init(in room: inout HeaderRoom) {
    wanted = room.wanted
    swap(&texts, &room.texts)
    if texts.isEmpty { texts = Array(repeating: 0, count: Self.roomSize) }
    if room.scratch.isEmpty { room.scratch = Array(repeating: 0, count: Self.valueLimit) }
  }

  mutating func leave(to room: inout HeaderRoom) {
    swap(&texts, &room.texts)
    guard !wanted.isEmpty else { return }
    for index in 0..<min(wanted.count, WantedHeader.limit) {
      let kind = wanted[index].kind
      if kind > 0, kind < Self.trace { found[index] = places[Int(kind)] }
    }
    room.found = found
  }

  subscript(kind: Kind) -> Place { places[Int(kind.rawValue)] }

  /// Whether the block has this field, be it empty.
  func has(_ kind: Kind) -> Bool { noted & 1 << UInt32(kind.rawValue) != 0 }

  /// Whether it begins a request, or a response, and is not what comes behind one.
  var isHead: Bool {
    has(.method) || has(.path) || has(.status) || has(.scheme) || has(.authority)
  }

  mutating func kind(ofStatic number: Int) -> UInt8 { Self.staticKinds[number] }

  mutating func kind(of name: Span<UInt8>) -> UInt8 {
    guard let folded = HeaderName(name) else { return 0 }
    let kind: Kind? =
      switch name.count {
      case 4 where folded == HeaderName("host"): .host
      case 5 where folded == HeaderName(":path"): .path
      case 7 where folded == HeaderName(":method"): .method
      case 7 where folded == HeaderName(":status"): .status
      case 7 where folded == HeaderName(":scheme"): .scheme
      case 7 where folded == HeaderName("referer"): .referer
      case 10 where folded == HeaderName(":authority"): .authority
      case 10 where folded == HeaderName("user-agent"): .userAgent
      case 12 where folded == HeaderName("x-request-id"): .requestID
      case 12 where folded == HeaderName("content-type"): .contentType
      case 11 where folded == HeaderName("grpc-status"): .grpcStatus
      case 12 where folded == HeaderName("grpc-message"): .grpcMessage
      case 10 where folded == HeaderName("soapaction"): .soapAction
      case 12 where folded == HeaderName("x-amz-target"): .amazonTarget
      case 16 where folded == HeaderName("content-encoding"): .contentEncoding
      case 21 where folded == HeaderName("x-clickhouse-database"): .clickHouseDatabase
      case 14 where folded == HeaderName("content-length"): .contentLength
      case 15 where folded == HeaderName("x-forwarded-for"): .forwardedFor
      case 19 where folded == HeaderName("tri-service-version"): .tripleVersion
      case 24 where folded == HeaderName("connect-protocol-version"): .connectVersion
      case 7... where name.begins(with: "tri-"): .triple
      default: nil
      }
    if let kind { return kind.rawValue }
    if let trace = TraceHeader(folded) { return Self.trace + UInt8(trace.rawValue) }
    guard !wanted.isEmpty else { return 0 }
    for index in 0..<min(wanted.count, WantedHeader.limit) where wanted[index].name == folded {
      return Self.wanted + UInt8(index)
    }
    return 0
  }

  mutating func take(_ kind: UInt8, _ value: Span<UInt8>, isCut: Bool) {
    if kind < Self.trace {
      let isFirst = noted & 1 << UInt32(kind) == 0
      noted |= 1 << UInt32(kind)
      guard isFirst else { return }
    }
    let isLong = isCut || value.count > Self.valueLimit
    guard !isLong || kind == Kind.path.rawValue else { return }
    let length = min(value.count, Self.valueLimit)
    guard length <= texts.count - count else { return }
    for index in 0..<length { texts[count + index] = value[index] }
    let place = Place(start: count, end: count + length)
    count += length
    if kind < Self.trace {
      places[Int(kind)] = place
    } else if kind >= Self.wanted {
      found[Int(kind - Self.wanted) & 15] = place
    } else if let header = TraceHeader(rawValue: Int(kind - Self.trace)) {
      trace.note(header, at: place)
    }
  }

  mutating func takeUnknown(_ kind: UInt8) { hasUnknown = true }

  /// The number that a field is; nil when it is none, or one past 2^50, which no body is.
  func number(_ kind: Kind) -> Int64? {
    var value: Int64?
    for index in self[kind].range {
      let digit = texts[index] &- 0x30
      guard digit < 10 else { return texts[index] == UInt8(ascii: ",") ? value : nil }
      value = (value ?? 0) * 10 + Int64(digit)
      if let value, value > 1 << 50 { return nil }
    }
    return value
  }

  private static let staticKinds: [UInt8] = HPACKStaticTable.fields.map { field in
    let kind: Kind? =
      switch "\(field.name)" {
      case ":authority": .authority
      case ":method": .method
      case ":path": .path
      case ":scheme": .scheme
      case ":status": .status
      case "content-encoding": .contentEncoding
      case "content-length": .contentLength
      case "content-type": .contentType
      case "host": .host
      case "referer": .referer
      case "user-agent": .userAgent
      default: nil
      }
    return kind?.rawValue ?? 0
  }
}
