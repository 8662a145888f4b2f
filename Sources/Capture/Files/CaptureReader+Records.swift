// SPDX-License-Identifier: Apache-2.0

internal import Telemetry

/// How the records of a pcap file are to be read.
/// Format: https://datatracker.ietf.org/doc/draft-ietf-opsawg-pcap/
struct RecordLayout {
  /// Whether the file's byte order is not ours.
  var isSwapped = false
  /// Nanoseconds a unit of the fraction: 1,000 or 1.
  var unit: Int64 = 1_000
  /// 16, or 24 in the variant that names the interface, protocol and direction of each packet.
  var headerBytes = 16
  var linkType = LinkType.ethernet
}

extension CaptureReader {
  private static let fileHeaderBytes = 24

  /// Reads the file header that is at the front.
  mutating func readRecordHeader() throws(CaptureFileError.Reason) {
    var layout = RecordLayout()
    let magic = load(UInt32.self, at: 0)
    for isSwapped in [false, true] {
      layout.isSwapped = isSwapped
      switch isSwapped ? magic.byteSwapped : magic {
      case 0xa1b2_c3d4: return try finish(layout)
      case 0xa1b2_3c4d:
        layout.unit = 1
        return try finish(layout)
      case 0xa1b2_cd34:
        layout.headerBytes = 24
        return try finish(layout)
      default: continue
      }
    }
    throw .notACapture
  }

  private mutating func finish(_ layout: RecordLayout) throws(CaptureFileError.Reason) {
    guard try input.has(Self.fileHeaderBytes) else { throw .truncated }
    var layout = layout
    // The upper bits tell the length of frame check sequences.
    let number = load(UInt32.self, at: 20, isSwapped: layout.isSwapped) & 0x03ff_ffff
    layout.linkType = LinkType(fileNumber: number)
    self.layout = .records(layout)
    _ = try add(interface: nil, layout.linkType)
    input.skip(Self.fileHeaderBytes)
  }

  @inline(__always)
  mutating func nextRecord(
    _ layout: RecordLayout
  ) throws(CaptureFileError.Reason) -> CapturedPacket? {
    guard try input.has(layout.headerBytes) else {
      if input.available == 0 { return nil }
      throw .truncated
    }
    let seconds = load(UInt32.self, at: 0, isSwapped: layout.isSwapped)
    let fraction = load(UInt32.self, at: 4, isSwapped: layout.isSwapped)
    let captured = load(UInt32.self, at: 8, isSwapped: layout.isSwapped)
    let length = load(UInt32.self, at: 12, isSwapped: layout.isSwapped)
    guard captured <= Self.largestPacket else {
      throw .implausible("captured length", UInt64(captured))
    }
    let record = layout.headerBytes + Int(captured)
    guard try input.has(record) else { throw .truncated }
    take(header: layout.headerBytes, captured: Int(captured), record: record)
    return CapturedPacket(
      time: Timestamp(
        nanoseconds: Int64(seconds) &* 1_000_000_000 &+ Int64(fraction) &* layout.unit),
      linkType: layout.linkType, interface: 0, length: max(captured, length))
  }
}

extension LinkType {
  /// - Parameter fileNumber: as the file says it. What cannot be a link type becomes 65,535.
  init(fileNumber: UInt32) {
    switch fileNumber {
    // What raw IP was called by the systems that wrote it before it had a number of its own.
    case 12, 14: self = .raw
    default: self.init(rawValue: UInt16(clamping: fileNumber))
    }
  }
}
