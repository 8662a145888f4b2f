// SPDX-License-Identifier: Apache-2.0

import Bytes

/// A zone that is transferred in as many messages as it takes: RFC 5936 section 2.2 (AXFR) and
/// RFC 1995 section 4 (IXFR). It ends with the record that it began with; one that begins with another
/// does not say where it ends.
struct DNSTransfer {
  let id: UInt16
  private let serial: UInt32
  private let isIncremental: Bool
  /// Records that were read, up to two, and those that say where a version of the zone begins and
  /// have the serial number of the newest.
  private var records: UInt8 = 0
  private var newest: UInt8 = 0
  /// Differences from older versions follow; each begins with the older's serial number.
  private var hasDifferences = false

  /// What the first message of a response begins.
  enum Beginning {
    /// No transfer, or one that is over.
    case none
    case ends(DNSTransfer)
    case endless
  }

  static func beginning(of bytes: Span<UInt8>, asked: UInt16?) -> Beginning {
    guard let header = DNSHeader(bytes), header.isResponse, header.responseCode == 0,
      header.answers > 0
    else { return .none }
    var type = asked
    var offset = DNSHeader.size
    for index in 0..<header.questions {
      guard let question = DNSRecord(question: offset, in: bytes) else { return .none }
      if index == 0 { type = question.type }
      offset = question.end
    }
    guard type == DNSType.axfr || type == DNSType.ixfr else { return .none }
    guard let record = DNSRecord(record: offset, in: bytes),
      let serial = serial(of: record, in: bytes)
    else { return .endless }
    let transfer = DNSTransfer(header, bytes, serial: serial, isIncremental: type == DNSType.ixfr)
    return transfer.map { .ends($0) } ?? .none
  }

  private init?(_ header: DNSHeader, _ bytes: Span<UInt8>, serial: UInt32, isIncremental: Bool) {
    id = header.id
    self.serial = serial
    self.isIncremental = isIncremental
    // Whoever has the newest version already is told so by this record alone.
    if isIncremental, header.answers == 1 { return nil }
    if take(bytes) { return nil }
  }

  /// Takes a message; whether it is the last.
  mutating func take(_ bytes: Span<UInt8>) -> Bool {
    guard let header = DNSHeader(bytes) else { return false }
    guard header.responseCode == 0 else { return true }
    var offset = DNSHeader.size
    for _ in 0..<header.questions {
      guard let question = DNSRecord(question: offset, in: bytes) else { return false }
      offset = question.end
    }
    for _ in 0..<header.answers {
      guard let record = DNSRecord(record: offset, in: bytes) else { return false }
      offset = record.end
      let found = Self.serial(of: record, in: bytes)
      if records == 1, isIncremental, let found, found != serial { hasDifferences = true }
      if records < 2 { records += 1 }
      if found == serial { newest += 1 }
      if newest == (hasDifferences ? 3 : 2) { return true }
    }
    return false
  }

  /// The serial number of a record that begins a zone's version; nil for any other record.
  private static func serial(of record: DNSRecord, in bytes: Span<UInt8>) -> UInt32? {
    guard record.type == DNSType.soa,
      let primary = DNSName.end(bytes, from: record.data.lowerBound),
      let mailbox = DNSName.end(bytes, from: primary), mailbox + 4 <= record.data.upperBound
    else { return nil }
    var serial: UInt32 = 0
    for index in mailbox..<(mailbox + 4) { serial = serial << 8 | UInt32(bytes[index]) }
    return serial
  }
}
