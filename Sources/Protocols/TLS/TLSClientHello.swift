// SPDX-License-Identifier: Apache-2.0

import Bytes

/// What a client offers: RFC 8446 section 4.1.2, which older versions read alike. Places are those of the
/// handshake's bytes.
struct TLSClientHello {
  private(set) var version = 0
  private(set) var ciphers = 0..<0
  private(set) var extensions = 0..<0
  /// The host's name (RFC 6066 section 3); empty when there is none.
  private(set) var serverName = 0..<0
  private(set) var hasServerName = false
  /// Names of protocols behind their lengths (RFC 7301 section 3.1).
  private(set) var protocols = 0..<0
  private(set) var versions = 0..<0
  private(set) var signatures = 0..<0
  /// It wants to go on with a session that it had: with a ticket (RFC 5077), or a key of one.
  private(set) var offersSession = false
  private(set) var hidesName = false
  /// Whether it is there to its last byte.
  private(set) var isWhole = false

  static let type: UInt8 = 1

  /// Reads the body of the message that begins at `start`; what is behind a fault is not read.
  init(_ bytes: Span<UInt8>, at start: Int, to end: Int, isDatagram: Bool = false) {
    var cursor = ByteCursor(at: start, to: end)
    do throws(EndOfBytes) {
      version = Int(try cursor.number(of: 2, in: bytes))
      try cursor.skip(32, in: bytes)
      try cursor.skip(Int(try cursor.byte(in: bytes)), in: bytes)
      if isDatagram { try cursor.skip(Int(try cursor.byte(in: bytes)), in: bytes) }
      ciphers = try cursor.range(of: Int(try cursor.number(of: 2, in: bytes)), in: bytes)
      try cursor.skip(Int(try cursor.byte(in: bytes)), in: bytes)
      guard cursor.remaining > 0 else {
        isWhole = true
        return
      }
      let count = Int(try cursor.number(of: 2, in: bytes))
      let limit = cursor.place + count
      extensions = cursor.place..<min(limit, end, bytes.count)
      cursor.end = min(limit, end)
      while cursor.place < limit {
        let type = Int(try cursor.number(of: 2, in: bytes))
        let length = Int(try cursor.number(of: 2, in: bytes))
        read(type, try cursor.range(of: length, in: bytes), of: bytes)
      }
      isWhole = true
    } catch {
      // What was read before stands.
    }
  }

  private mutating func read(_ type: Int, _ range: Range<Int>, of bytes: Span<UInt8>) {
    switch type {
    case TLSExtension.serverName:
      hasServerName = true
      if serverName.isEmpty { serverName = Self.name(in: range, of: bytes) }
    case TLSExtension.signatureAlgorithms: signatures = Self.list(in: range, 2, of: bytes)
    case TLSExtension.protocols: protocols = Self.list(in: range, 2, of: bytes)
    case TLSExtension.supportedVersions: versions = Self.list(in: range, 1, of: bytes)
    case TLSExtension.preSharedKey: offersSession = true
    case TLSExtension.sessionTicket: offersSession = offersSession || !range.isEmpty
    // Encrypted Client Hello, and what its drafts were before.
    case 0xfe0d, 0xffce: hidesName = true
    default: break
    }
  }

  /// What is in a list behind its length of `size` bytes.
  private static func list(
    in range: Range<Int>, _ size: Int, of bytes: Span<UInt8>
  ) -> Range<Int> {
    var cursor = ByteCursor(at: range.lowerBound, to: range.upperBound)
    guard let count = try? cursor.number(of: size, in: bytes),
      let list = try? cursor.range(of: Int(count), in: bytes)
    else { return 0..<0 }
    return list
  }

  /// The first name of a list of them that is a host's, if it looks like one.
  private static func name(in range: Range<Int>, of bytes: Span<UInt8>) -> Range<Int> {
    let names = list(in: range, 2, of: bytes)
    var cursor = ByteCursor(at: names.lowerBound, to: names.upperBound)
    guard let type = try? cursor.byte(in: bytes), type == 0,
      let count = try? cursor.number(of: 2, in: bytes), (1...255).contains(count),
      let name = try? cursor.range(of: Int(count), in: bytes)
    else { return 0..<0 }
    for index in name where !isOfName(bytes[index]) { return 0..<0 }
    return name
  }

  private static func isOfName(_ byte: UInt8) -> Bool {
    let isLetter = (byte | 0x20) &- 0x61 < 26 || byte &- 0x30 < 10
    return isLetter || byte == 0x2d || byte == 0x2e || byte == 0x5f
  }

  /// Values that clients make up so that servers get used to what they do not know: RFC 8701.
  static func isGrease(_ value: Int) -> Bool {
    value & 0x0f0f == 0x0a0a && value >> 8 == value & 0xff
  }

  /// The newest version that it offers.
  func newestVersion(_ bytes: Span<UInt8>) -> Int {
    var newest = 0
    for place in stride(from: versions.lowerBound, to: versions.upperBound - 1, by: 2) {
      let value = Int(bytes[place]) << 8 | Int(bytes[place + 1])
      guard !Self.isGrease(value) else { continue }
      // Those of datagrams count down.
      let isNewer = newest == 0 || (value >> 8 == 0xfe ? value < newest : value > newest)
      if isNewer { newest = value }
    }
    return newest == 0 ? version : newest
  }
}

/// Numbers of extensions that are read:
/// https://www.iana.org/assignments/tls-extensiontype-values.
enum TLSExtension {
  static let serverName = 0
  static let signatureAlgorithms = 13
  static let protocols = 16
  static let sessionTicket = 35
  static let preSharedKey = 41
  static let supportedVersions = 43
  static let keyShare = 51
}
