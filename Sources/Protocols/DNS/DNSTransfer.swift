// SPDX-License-Identifier: Apache-2.0

import Bytes

/// A zone that is transferred in as many messages as it takes: RFC 5936 section 2.2 (AXFR) and
/// RFC 1995 section 4 (IXFR). It ends with the record that it began with.
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

  /// Begins with the first message of a response, if it is the beginning of a transfer that goes on.
  init?(_ bytes: Span<UInt8>, asked: UInt16?) {
    guard let header = DNSHeader(bytes), header.isResponse, header.responseCode == 0,
      header.answers > 0
    else { return nil }
    var type = asked
    var offset = DNSHeader.size
    for index in 0..<header.questions {
      guard let question = DNSRecord(question: offset, in: bytes) else { return nil }
      if index == 0 { type = question.type }
      offset = question.end
    }
    guard type == DNSType.axfr || type == DNSType.ixfr,
      let record = DNSRecord(record: offset, in: bytes),
      let serial = Self.serial(of: record, in: bytes)
    else { return nil }
    id = header.id
    self.serial = serial
    isIncremental = type == DNSType.ixfr
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
