// SPDX-License-Identifier: Apache-2.0

/// The type of a question or a record, https://www.iana.org/assignments/dns-parameters.
enum DNSType {
  static let a: UInt16 = 1
  static let ns: UInt16 = 2
  static let cname: UInt16 = 5
  static let soa: UInt16 = 6
  static let ptr: UInt16 = 12
  static let aaaa: UInt16 = 28
  static let opt: UInt16 = 41
  static let ixfr: UInt16 = 251
  static let axfr: UInt16 = 252

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
    case 14: "MINFO"
    case 15: "MX"
    case 16: "TXT"
    case 17: "RP"
    case 18: "AFSDB"
    case 25: "KEY"
    case aaaa: "AAAA"
    case 29: "LOC"
    case 33: "SRV"
    case 35: "NAPTR"
    case 36: "KX"
    case 37: "CERT"
    case 39: "DNAME"
    case opt: "OPT"
    case 42: "APL"
    case 43: "DS"
    case 44: "SSHFP"
    case 45: "IPSECKEY"
    case 46: "RRSIG"
    case 47: "NSEC"
    case 48: "DNSKEY"
    case 49: "DHCID"
    case 50: "NSEC3"
    case 51: "NSEC3PARAM"
    case 52: "TLSA"
    case 53: "SMIMEA"
    case 55: "HIP"
    case 59: "CDS"
    case 60: "CDNSKEY"
    case 61: "OPENPGPKEY"
    case 62: "CSYNC"
    case 63: "ZONEMD"
    case 64: "SVCB"
    case 65: "HTTPS"
    case 99: "SPF"
    case 108: "EUI48"
    case 109: "EUI64"
    case 249: "TKEY"
    case 250: "TSIG"
    case ixfr: "IXFR"
    case axfr: "AXFR"
    case 255: "ANY"
    case 256: "URI"
    case 257: "CAA"
    default: nil
    }
  }
}
