// SPDX-License-Identifier: Apache-2.0

internal import Telemetry

/// Blocks of pcapng: https://datatracker.ietf.org/doc/draft-ietf-opsawg-pcapng/
extension CaptureReader {
  /// Reads the same in both byte orders.
  static let sectionHeader: UInt32 = 0x0a0d_0d0a
  private static let byteOrderMagic: UInt32 = 0x1a2b_3c4d
  private static let interfaceBlock: UInt32 = 1
  private static let oldPacketBlock: UInt32 = 2
  private static let simplePacketBlock: UInt32 = 3
  private static let packetBlock: UInt32 = 6
  /// Type, length, and the length again at the end.
  private static let frameBytes = 12

  /// Reads the section header that is at the front: what follows is in its byte order and speaks of
  /// its interfaces.
  mutating func readSectionHeader() throws(CaptureFileError.Reason) {
    guard try input.has(28) else { throw .truncated }
    let magic = load(UInt32.self, at: 8)
    guard magic == Self.byteOrderMagic || magic.byteSwapped == Self.byteOrderMagic else {
      throw packets == 0 ? .notACapture : .implausible("byte-order magic", UInt64(magic))
    }
    let isSwapped = magic != Self.byteOrderMagic
    let length = try blockLength(isSwapped)
    let version = load(UInt16.self, at: 12, isSwapped: isSwapped)
    guard length >= 28 else { throw .implausible("section header's length", UInt64(length)) }
    guard version == 1 else { throw .implausible("format version", UInt64(version)) }
    layout = .blocks(isSwapped: isSwapped)
    sectionInterfaces.removeAll(keepingCapacity: true)
    sectionOrdinals.removeAll(keepingCapacity: true)
    input.skip(length)
  }

  /// Goes through the blocks to the next packet; nil at the end of the file.
  @inline(__always)
  mutating func nextBlock(isSwapped: Bool) throws(CaptureFileError.Reason) -> CapturedPacket? {
    var isSwapped = isSwapped
    while true {
      guard try input.has(Self.frameBytes) else {
        if input.available == 0 { return nil }
        throw .truncated
      }
      let type = load(UInt32.self, at: 0, isSwapped: isSwapped)
      if type == Self.packetBlock {
        return try readPacket(length: try blockLength(isSwapped), isSwapped)
      }
      if type == Self.sectionHeader {
        try readSectionHeader()
        if case .blocks(let swapped) = layout { isSwapped = swapped }
        continue
      }
      let length = try blockLength(isSwapped)
      switch type {
      case Self.interfaceBlock:
        try readInterface(length: length, isSwapped)
        input.skip(length)
      case Self.oldPacketBlock: return try readOldPacket(length: length, isSwapped)
      case Self.simplePacketBlock: return try readSimplePacket(length: length, isSwapped)
      default: input.skip(length)
      }
    }
  }

  /// The length of the block at the front, all of which is then there.
  @inline(__always)
  private mutating func blockLength(_ isSwapped: Bool) throws(CaptureFileError.Reason) -> Int {
    let length = load(UInt32.self, at: 4, isSwapped: isSwapped)
    guard length >= Self.frameBytes, length <= Self.largestBlock, length & 3 == 0 else {
      throw .implausible("block length", UInt64(length))
    }
    guard try input.has(Int(length)) else { throw .truncated }
    let again = load(UInt32.self, at: Int(length) - 4, isSwapped: isSwapped)
    guard again == length else { throw .implausible("block length at its end", UInt64(again)) }
    return Int(length)
  }

  @inline(__always)
  private mutating func readPacket(
    length: Int, _ isSwapped: Bool
  ) throws(CaptureFileError.Reason) -> CapturedPacket {
    guard length >= 32 else { throw .implausible("block length", UInt64(length)) }
    let number = load(UInt32.self, at: 8, isSwapped: isSwapped)
    return try readPacket(number, header: 28, length: length, isSwapped)
  }

  /// The obsolete packet block: a shorter interface number, then how many packets were dropped.
  private mutating func readOldPacket(
    length: Int, _ isSwapped: Bool
  ) throws(CaptureFileError.Reason) -> CapturedPacket {
    guard length >= 32 else { throw .implausible("block length", UInt64(length)) }
    let number = load(UInt16.self, at: 8, isSwapped: isSwapped)
    return try readPacket(UInt32(number), header: 28, length: length, isSwapped)
  }

  @inline(__always)
  private mutating func readPacket(
    _ number: UInt32, header: Int, length: Int, _ isSwapped: Bool
  ) throws(CaptureFileError.Reason) -> CapturedPacket {
    guard number < sectionInterfaces.count else {
      throw .implausible("interface number", UInt64(number))
    }
    let high = load(UInt32.self, at: 12, isSwapped: isSwapped)
    let low = load(UInt32.self, at: 16, isSwapped: isSwapped)
    let captured = load(UInt32.self, at: 20, isSwapped: isSwapped)
    let onLink = load(UInt32.self, at: 24, isSwapped: isSwapped)
    guard captured <= Self.largestPacket, Int(captured) <= length - header - 4 else {
      throw .implausible("captured length", UInt64(captured))
    }
    let source = sectionInterfaces[Int(number)]
    lastTime = source.clock.time(high: high, low: low)
    take(header: header, captured: Int(captured), record: length)
    return CapturedPacket(
      time: lastTime, linkType: source.linkType, interface: source.interface,
      length: max(captured, onLink))
  }

  /// The simple packet block has no time: it gets that of the packet before.
  private mutating func readSimplePacket(
    length: Int, _ isSwapped: Bool
  ) throws(CaptureFileError.Reason) -> CapturedPacket {
    guard length >= 16 else { throw .implausible("block length", UInt64(length)) }
    guard let source = sectionInterfaces.first else { throw .implausible("interface number", 0) }
    let onLink = load(UInt32.self, at: 8, isSwapped: isSwapped)
    let limit = source.snapLength == 0 ? UInt32(Self.largestPacket) : source.snapLength
    let captured = min(Int(onLink), Int(limit), length - 16)
    guard captured <= Self.largestPacket else {
      throw .implausible("captured length", UInt64(captured))
    }
    take(header: 12, captured: captured, record: length)
    return CapturedPacket(
      time: lastTime, linkType: source.linkType, interface: source.interface, length: onLink)
  }
}
