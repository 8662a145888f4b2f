// SPDX-License-Identifier: Apache-2.0

import Bytes
import Protocols
import Telemetry

/// What was learned, for the next run: so that a restart changes no endpoint.
extension EndpointBook {
  private static let mark: UInt32 = 0x3145_464d  // MFE1

  /// Everything that was learned, as ``restore(_:)`` reads it.
  package func saved() -> [UInt8] {
    var writer = LittleEndianWriter()
    writer.append(Self.mark)
    writer.append(UInt32(services.count))
    for service in services {
      writer.append(service.key.address.high)
      writer.append(service.key.address.low)
      writer.append(service.key.port)
      writer.append(service.key.number.rawValue)
      writer.append(service.calls)
      writer.append(UInt32(service.endpoints.places.count))
      for place in service.endpoints.places {
        writer.append(text: place.prefix)
        writer.append(UInt32(place.kept.count))
        for value in place.kept { writer.append(text: value) }
      }
      writer.append(UInt32(service.endpoints.entries.count))
      for entry in service.endpoints.entries {
        writer.append(entry.calls)
        writer.append(UInt8(entry.isThere ? 1 : 0))
        writer.append(text: entry.text)
      }
    }
    writer.append(CRC32.checksum(writer.bytes.span))
    return Array(writer.bytes)
  }

  /// Takes in what an earlier run had learned; false for what was not written whole by ``saved()``, which
  /// changes nothing.
  package mutating func restore(_ bytes: [UInt8]) -> Bool {
    let end = bytes.count - 4
    guard end > 8 else { return false }
    var check = SavedReader(bytes, from: end, to: bytes.count)
    var reader = SavedReader(bytes, from: 0, to: end)
    var found: [Service] = []
    do throws(EndOfBytes) {
      let sum: UInt32 = try check.number()
      guard sum == CRC32.checksum(bytes.span.clipped(from: 0, to: end)) else { return false }
      let mark: UInt32 = try reader.number()
      guard mark == Self.mark else { return false }
      let count: UInt32 = try reader.number()
      for _ in 0..<count {
        if let service = try service(&reader) { found.append(service) }
      }
    } catch {
      return false
    }
    for service in found { take(service) }
    return true
  }

  /// Nil for one of a protocol that has no such endpoints any more.
  private func service(_ reader: inout SavedReader) throws(EndOfBytes) -> Service? {
    let address = IPAddress(high: try reader.number(), low: try reader.number())
    let port: UInt16 = try reader.number()
    let number = ApplicationProtocol(rawValue: try reader.number())
    let calls: UInt32 = try reader.number()
    var places: [ServiceEndpoints.Place] = []
    let placeCount: UInt32 = try reader.number()
    for _ in 0..<placeCount {
      var place = ServiceEndpoints.Place(prefix: try reader.text(), kept: [])
      let kept: UInt32 = try reader.number()
      for _ in 0..<kept { place.kept.append(try reader.text()) }
      places.append(place)
    }
    var entries: [ServiceEndpoints.Entry] = []
    let entryCount: UInt32 = try reader.number()
    for _ in 0..<entryCount {
      let calls: UInt32 = try reader.number()
      let isThere: UInt8 = try reader.number()
      entries.append(.init(text: try reader.text(), calls: calls, isThere: isThere != 0))
    }
    let form = forms[Int(number.rawValue)]
    guard form != .fixed else { return nil }
    return Service(
      key: Key(address: address, port: port, number: number),
      endpoints: ServiceEndpoints(form: form, places: places, entries: entries), calls: calls)
  }
}

/// Reads what was saved, low bytes first.
private struct SavedReader {
  private let bytes: [UInt8]
  private var position: Int
  private let end: Int

  init(_ bytes: [UInt8], from start: Int, to end: Int) {
    self.bytes = bytes
    position = start
    self.end = end
  }

  mutating func number<T: FixedWidthInteger>() throws(EndOfBytes) -> T {
    let size = T.bitWidth / 8
    guard size <= end - position else { throw EndOfBytes(missing: size - (end - position)) }
    var value: T = 0
    for index in 0..<size { value |= T(truncatingIfNeeded: bytes[position + index]) << (8 * index) }
    position += size
    return value
  }

  mutating func text() throws(EndOfBytes) -> [UInt8] {
    let count = Int(try number() as UInt16)
    guard count <= end - position else { throw EndOfBytes(missing: count - (end - position)) }
    defer { position += count }
    return Array(bytes[position..<(position + count)])
  }
}

extension LittleEndianWriter {
  fileprivate mutating func append(text: [UInt8]) {
    append(UInt16(clamping: text.count))
    append(text.span.extracting(first: Int(UInt16(clamping: text.count))))
  }
}
