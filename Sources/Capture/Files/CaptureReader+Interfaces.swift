// SPDX-License-Identifier: Apache-2.0

internal import Telemetry

/// How to read what one interface of a pcapng section wrote.
struct SectionInterface {
  /// Index into ``CaptureReader/interfaces``.
  var interface: UInt32
  var linkType: LinkType
  /// 0 for no limit.
  var snapLength: UInt32
  var clock: BlockClock
}

/// What the options of an interface description say.
private struct InterfaceOptions {
  var name: String?
  var clock = BlockClock()
  var offset: Int64 = 0
}

/// Interface description blocks of pcapng:
/// https://datatracker.ietf.org/doc/draft-ietf-opsawg-pcapng/ section 4.2.
extension CaptureReader {
  private static let endOfOptions: UInt16 = 0
  private static let nameOption: UInt16 = 2
  private static let resolutionOption: UInt16 = 9
  private static let offsetOption: UInt16 = 14
  private static let longestName = 256

  /// Reads the interface description at the front, without going behind it.
  mutating func readInterface(
    length: Int, _ isSwapped: Bool
  ) throws(CaptureFileError.Reason) {
    guard length >= 20 else { throw .implausible("interface block's length", UInt64(length)) }
    let linkType = LinkType(
      fileNumber: UInt32(load(UInt16.self, at: 8, isSwapped: isSwapped)))
    let options = try readOptions(from: 16, to: length - 4, isSwapped)
    var clock = options.clock
    clock.offset = options.offset
    sectionInterfaces.append(
      SectionInterface(
        interface: try add(interface: options.name, linkType), linkType: linkType,
        snapLength: load(UInt32.self, at: 12, isSwapped: isSwapped), clock: clock))
  }

  /// Options: code, length, value padded to four bytes.
  private func readOptions(
    from start: Int, to end: Int, _ isSwapped: Bool
  ) throws(CaptureFileError.Reason) -> InterfaceOptions {
    var options = InterfaceOptions()
    var at = start
    while at + 4 <= end {
      let code = load(UInt16.self, at: at, isSwapped: isSwapped)
      let size = Int(load(UInt16.self, at: at + 2, isSwapped: isSwapped))
      guard code != Self.endOfOptions else { break }
      guard at + 4 + size <= end else {
        throw .implausible("length of option \(code)", UInt64(size))
      }
      switch code {
      case Self.nameOption: options.name = text(at: at + 4, count: min(size, Self.longestName))
      case Self.resolutionOption where size >= 1:
        let resolution = load(UInt8.self, at: at + 4)
        guard let clock = BlockClock(resolution: resolution) else {
          throw .implausible("time resolution", UInt64(resolution))
        }
        options.clock = clock
      case Self.offsetOption where size >= 8:
        options.offset = load(Int64.self, at: at + 4, isSwapped: isSwapped)
      default: break
      }
      at += 4 + (size + 3) & ~3
    }
    return options
  }

  private func text(at offset: Int, count: Int) -> String? {
    let bytes = (0..<count).map { load(UInt8.self, at: offset + $0) }.prefix { $0 != 0 }
    return bytes.isEmpty ? nil : String(decoding: bytes, as: UTF8.self)
  }

  /// The number of an interface that the section describes; the same description in a later section
  /// is the same interface.
  mutating func add(
    interface name: String?, _ linkType: LinkType
  ) throws(CaptureFileError.Reason) -> UInt32 {
    var interface = CaptureInterface(name: name, linkType: linkType)
    let before = sectionOrdinals[interface, default: 0]
    sectionOrdinals[interface] = before + 1
    interface.ordinal = before
    if let known = numbers[interface] { return known }
    guard interfaces.count < Self.mostInterfaces, sectionInterfaces.count < Self.mostInterfaces
    else { throw .implausible("number of interfaces", UInt64(interfaces.count + 1)) }
    let number = UInt32(interfaces.count)
    interfaces.append(interface)
    numbers[interface] = number
    return number
  }
}
