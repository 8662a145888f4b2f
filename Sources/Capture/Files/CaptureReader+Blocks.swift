// SPDX-License-Identifier: Apache-2.0

internal import Telemetry

/// How to read what one interface of a pcapng section wrote.
struct SectionInterface {
  /// Index into ``CaptureReader/interfaces``.
  var interface: UInt32
  var linkType: LinkType
  /// 0 for no limit.
  var snapLength: UInt32
  var clock = BlockClock()
}

/// Turns the times of pcapng blocks into ours; options if_tsresol and if_tsoffset.
struct BlockClock {
  /// Units a second: a power of ten up to 10^9 has `multiplier`, a larger one `divisor`, a power of
  /// two `shift`.
  private var multiplier: UInt64 = 1_000
  private var divisor: UInt64 = 1
  private var shift: UInt64?
  /// Seconds to add.
  var offset: Int64 = 0

  init() {}

  /// - Parameter resolution: as in the file; the highest bit says "power of two".
  init?(resolution: UInt8) {
    let exponent = Int(resolution & 0x7f)
    if resolution & 0x80 != 0 {
      guard exponent < 64 else { return nil }
      shift = UInt64(exponent)
    } else if exponent <= 9 {
      multiplier = Self.powerOfTen(9 - exponent)
    } else {
      guard exponent <= 18 else { return nil }
      multiplier = 1
      divisor = Self.powerOfTen(exponent - 9)
    }
  }

  @inline(__always)
  func time(high: UInt32, low: UInt32) -> Timestamp {
    let units = UInt64(high) << 32 | UInt64(low)
    let nanoseconds: UInt64
    if let shift {
      let seconds = (units >> shift).multipliedReportingOverflow(by: 1_000_000_000)
      let rest = (units & (1 << shift &- 1)).multipliedFullWidth(by: 1_000_000_000)
      let fraction = shift == 0 ? 0 : rest.high << (64 - shift) | rest.low >> shift
      nanoseconds = seconds.overflow ? .max : seconds.partialValue &+ fraction
    } else {
      let product = units.multipliedReportingOverflow(by: multiplier)
      nanoseconds = product.overflow ? .max : product.partialValue / divisor
    }
    let limited = Int64(clamping: nanoseconds)
    if offset == 0 { return CaptureReader.clamped(limited) }
    let shifted = offset.multipliedReportingOverflow(by: 1_000_000_000)
    let sum = limited.addingReportingOverflow(shifted.partialValue)
    guard !shifted.overflow, !sum.overflow else { return CaptureReader.clamped(offset) }
    return CaptureReader.clamped(sum.partialValue)
  }

  private static func powerOfTen(_ exponent: Int) -> UInt64 {
    (0..<exponent).reduce(1) { product, _ in product * 10 }
  }
}

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

extension CaptureReader {
  private static let endOfOptions: UInt16 = 0
  private static let nameOption: UInt16 = 2
  private static let resolutionOption: UInt16 = 9
  private static let offsetOption: UInt16 = 14
  private static let longestName = 256

  /// Reads the interface description at the front, without going behind it.
  private mutating func readInterface(
    length: Int, _ isSwapped: Bool
  ) throws(CaptureFileError.Reason) {
    guard length >= 20 else { throw .implausible("interface block's length", UInt64(length)) }
    guard sectionInterfaces.count < Self.mostInterfaces else {
      throw .implausible("number of interfaces", UInt64(sectionInterfaces.count + 1))
    }
    let linkType = load(UInt16.self, at: 8, isSwapped: isSwapped)
    let snapLength = load(UInt32.self, at: 12, isSwapped: isSwapped)
    var clock = BlockClock()
    var offset: Int64 = 0
    var name: String?
    var at = 16
    // Options: code, length, value padded to four bytes; the block ends with its length.
    while at + 4 <= length - 4 {
      let code = load(UInt16.self, at: at, isSwapped: isSwapped)
      let size = Int(load(UInt16.self, at: at + 2, isSwapped: isSwapped))
      guard code != Self.endOfOptions else { break }
      guard at + 4 + size <= length - 4 else {
        throw .implausible("length of option \(code)", UInt64(size))
      }
      switch code {
      case Self.nameOption: name = text(at: at + 4, count: min(size, Self.longestName))
      case Self.resolutionOption where size >= 1:
        let resolution = load(UInt8.self, at: at + 4)
        guard let known = BlockClock(resolution: resolution) else {
          throw .implausible("time resolution", UInt64(resolution))
        }
        clock = known
      case Self.offsetOption where size >= 8:
        offset = load(Int64.self, at: at + 4, isSwapped: isSwapped)
      default: break
      }
      at += 4 + (size + 3) & ~3
    }
    clock.offset = offset
    sectionInterfaces.append(
      SectionInterface(
        interface: try add(interface: name), linkType: LinkType(fileNumber: UInt32(linkType)),
        snapLength: snapLength, clock: clock))
  }

  private func text(at offset: Int, count: Int) -> String? {
    let bytes = (0..<count).map { load(UInt8.self, at: offset + $0) }.prefix { $0 != 0 }
    return bytes.isEmpty ? nil : String(decoding: bytes, as: UTF8.self)
  }
}
