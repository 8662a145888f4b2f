// SPDX-License-Identifier: Apache-2.0

/// The fixed part of a message, RFC 1035 section 4.1.1.
struct DNSHeader {
  static let size = 12

  var id: UInt16
  var flags: UInt16
  var questions: Int
  var answers: Int
  var authorities: Int
  var additionals: Int

  /// Reads the header at the front; nil when it is cut.
  init?(_ bytes: Span<UInt8>) {
    guard bytes.count >= Self.size else { return nil }
    id = Self.number(bytes, at: 0)
    flags = Self.number(bytes, at: 2)
    questions = Int(Self.number(bytes, at: 4))
    answers = Int(Self.number(bytes, at: 6))
    authorities = Int(Self.number(bytes, at: 8))
    additionals = Int(Self.number(bytes, at: 10))
  }

  @inline(__always)
  private static func number(_ bytes: Span<UInt8>, at offset: Int) -> UInt16 {
    UInt16(bytes[offset]) << 8 | UInt16(bytes[offset + 1])
  }

  var isResponse: Bool { flags & 0x8000 != 0 }
  /// 0 is a query, 2 a status request, 4 NOTIFY (RFC 1996), 5 UPDATE (RFC 2136).
  var opcode: UInt16 { flags >> 11 & 15 }
  /// The low four bits of the response code; EDNS may add eight higher ones.
  var responseCode: UInt16 { flags & 15 }

  /// Whether a header like this is sent: what real senders never set is unset, and the counts are
  /// such that the smallest records they may stand for fit in a message of `size` bytes.
  func isPlausible(size: Int) -> Bool {
    // A bit for each opcode that is in use.
    guard 0b11_0101 >> opcode & 1 == 1, flags & 0x0040 == 0 else { return false }
    guard isResponse || responseCode == 0 && flags & 0x0080 == 0 else { return false }
    // Multicast DNS asks several questions at once and answers without one, RFC 6762 section 6.
    guard questions > 0 || isResponse && answers > 0, questions <= 32 else { return false }
    let smallest = questions * 5 + (answers + authorities + additionals) * 11
    return DNSHeader.size + smallest <= size
  }
}

/// A response code as it is written, RFC 6895 section 2.3.
enum DNSResponseCode {
  static func name(_ code: UInt16) -> StaticString? {
    switch code {
    case 1: "FORMERR"
    case 2: "SERVFAIL"
    case 3: "NXDOMAIN"
    case 4: "NOTIMP"
    case 5: "REFUSED"
    case 6: "YXDOMAIN"
    case 7: "YXRRSET"
    case 8: "NXRRSET"
    case 9: "NOTAUTH"
    case 10: "NOTZONE"
    case 16: "BADVERS"
    case 23: "BADCOOKIE"
    default: nil
    }
  }
}

/// The type of a question or a record, https://www.iana.org/assignments/dns-parameters.
enum DNSType {
  static let a: UInt16 = 1
  static let ns: UInt16 = 2
  static let cname: UInt16 = 5
  static let soa: UInt16 = 6
  static let ptr: UInt16 = 12
  static let aaaa: UInt16 = 28
  static let opt: UInt16 = 41

  /// The mnemonic; nil for a type without a common one.
  static func name(_ type: UInt16) -> StaticString? {
    switch type {
    case a: "A"
    case ns: "NS"
    case cname: "CNAME"
    case soa: "SOA"
    case 11: "WKS"
    case ptr: "PTR"
    case 13: "HINFO"
    case 15: "MX"
    case 16: "TXT"
    case aaaa: "AAAA"
    case 29: "LOC"
    case 33: "SRV"
    case 35: "NAPTR"
    case 39: "DNAME"
    case opt: "OPT"
    case 43: "DS"
    case 46: "RRSIG"
    case 47: "NSEC"
    case 48: "DNSKEY"
    case 50: "NSEC3"
    case 51: "NSEC3PARAM"
    case 52: "TLSA"
    case 59: "CDS"
    case 60: "CDNSKEY"
    case 64: "SVCB"
    case 65: "HTTPS"
    case 99: "SPF"
    case 249: "TKEY"
    case 250: "TSIG"
    case 251: "IXFR"
    case 252: "AXFR"
    case 255: "ANY"
    case 256: "URI"
    case 257: "CAA"
    default: nil
    }
  }
}
