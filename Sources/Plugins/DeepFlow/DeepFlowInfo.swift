// SPDX-License-Identifier: Apache-2.0

import Bytes
import Protocols
import Telemetry

/// What a module of DeepFlow's interface says of a message: `AppInfo`, in protobuf.
struct DeepFlowInfo {
  /// How it answers, where it is an answer.
  private(set) var kind: Message.Kind?
  /// By their places in ``CallTexts/ordered``.
  private var texts: [(place: Int, range: Range<Int>)] = []
  private var attributes: [(name: Range<Int>, value: Range<Int>)] = []
  private var status: ResponseStatus?
  private var code: Int32?
  private var requestID: UInt64?
  private var length: Int64?

  // From numbers of fields to places of texts.
  private static let ofRequest: [UInt64: Int] = [1: 0, 2: 1, 3: 2, 4: 3, 5: 4]
  private static let ofAnswer: [UInt64: Int] = [3: 5, 4: 6, 5: 1, 6: 4]
  private static let ofTrace: [UInt64: Int] = [1: 7, 2: 8, 3: 9, 5: 12]
  private static let (requestXRequestID, responseXRequestID) = (10, 11)

  /// Where each record is: behind a length of two bytes, and the letters PB.
  static func records(_ bytes: Span<UInt8>) -> [Range<Int>] {
    var found: [Range<Int>] = []
    var position = 0
    while bytes.count - position >= 4, found.count < 64 {
      let count = Int(bytes[position]) << 8 | Int(bytes[position + 1])
      let start = position + 2
      guard count >= 2, count <= bytes.count - start, bytes[start] == UInt8(ascii: "P"),
        bytes[start + 1] == UInt8(ascii: "B")
      else { break }
      found.append(start + 2..<start + count)
      position = start + count
    }
    return found
  }

  init(_ range: Range<Int>, in bytes: Span<UInt8>) {
    var walk = ProtobufWalk(range, of: bytes)
    var requestXID: Range<Int>?
    while let (field, value) = walk.next(in: bytes) {
      switch (field, value) {
      case (1, .number(let number)), (2, .number(let number)):
        length = Int64(truncatingIfNeeded: number & 0xffff_ffff)
      case (3, .number(let number)): requestID = number & 0xffff_ffff
      case (10, .bytes(let inner)):
        kind = .request
        take(Self.ofRequest, inner, bytes)
      case (11, .bytes(let inner)):
        kind = .response
        takeAnswer(inner, bytes)
      case (12, .bytes(let inner)):
        take(Self.ofTrace, inner, bytes)
        if case .bytes(let id) = ProtobufPath.find(
          [4], in: bytes.clipped(from: 0, to: inner.upperBound), from: inner.lowerBound)
        {
          requestXID = id
        }
      case (31, .bytes(let inner)): takeAttribute(inner, bytes)
      default: break
      }
    }
    if let requestXID {
      texts.append(
        (kind == .response ? Self.responseXRequestID : Self.requestXRequestID, requestXID))
    }
  }

  private mutating func take(
    _ places: [UInt64: Int], _ range: Range<Int>, _ bytes: Span<UInt8>
  ) {
    var walk = ProtobufWalk(range, of: bytes)
    while let (field, value) = walk.next(in: bytes) {
      guard let place = places[field], case .bytes(let text) = value, !text.isEmpty else {
        continue
      }
      texts.append((place, text))
    }
  }

  private mutating func takeAnswer(_ range: Range<Int>, _ bytes: Span<UInt8>) {
    take(Self.ofAnswer, range, bytes)
    status = .ok
    var walk = ProtobufWalk(range, of: bytes)
    while let (field, value) = walk.next(in: bytes) {
      guard case .number(let number) = value else { continue }
      if field == 1 {
        status = [0, 2, 3, 4].contains(number) ? ResponseStatus(rawValue: UInt8(number)) : .unknown
      }
      if field == 2 { code = Int32(truncatingIfNeeded: number) }
    }
  }

  private mutating func takeAttribute(_ range: Range<Int>, _ bytes: Span<UInt8>) {
    let inner = bytes.clipped(from: 0, to: range.upperBound)
    guard attributes.count < DeskImage.attributeLimit,
      case .bytes(let name) = ProtobufPath.find([1], in: inner, from: range.lowerBound),
      case .bytes(let value) = ProtobufPath.find([2], in: inner, from: range.lowerBound)
    else { return }
    attributes.append((name, value))
  }

  /// Adds all that it says to the desk's message.
  func write(from bytes: Span<UInt8>, to desk: inout Desk) {
    var all = desk.message.texts.ordered
    for (place, range) in texts { all[place] = desk.fields.append(bytes.clipped(range)) }
    desk.message.texts = CallTexts(ordered: all)
    for (name, value) in attributes {
      desk.fields.append(
        attribute: bytes.clipped(name), bytes.clipped(value), to: &desk.message.attributes)
    }
    if let status { desk.message.status = status }
    if let code { desk.message.code = code }
    if let requestID { desk.message.requestID = requestID }
    if let length { desk.message.length = length }
  }

  /// The id by which halves find each other, where it says one.
  var exchange: UInt64? { requestID }
}
