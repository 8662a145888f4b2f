// SPDX-License-Identifier: Apache-2.0

/// What the data of a record is made of, by its type, in the order in which master files have it.
enum DNSData {
  enum Field {
    case number8, number16, number32
    case name
    case address
    /// A string with its length before it; as many as there are.
    case string, strings
    /// The same without quotes.
    case word
    /// What is left: a string, hexadecimal digits, base64.
    case text, hexadecimal, base64
    /// Bytes with their length before them: hexadecimal digits (`-` for none), base32hex.
    case salt, hash
    /// The mnemonic of a type; those that a bit map has.
    case type, types
    /// Those of SVCB and HTTPS, RFC 9460 section 2.1.
    case parameters
    /// What is left of a type that is not known, RFC 3597 section 5.
    case unknown
  }

  private static let unknown: [Field] = [.unknown]
  private static let address: [Field] = [.address]
  private static let name: [Field] = [.name]
  private static let twoNames: [Field] = [.name, .name]
  private static let preferredName: [Field] = [.number16, .name]
  private static let startOfAuthority: [Field] = [
    .name, .name, .number32, .number32, .number32, .number32, .number32,
  ]
  private static let host: [Field] = [.string, .string]
  private static let texts: [Field] = [.strings]
  private static let service: [Field] = [.number16, .number16, .number16, .name]
  private static let namingPointer: [Field] = [
    .number16, .number16, .string, .string, .string, .name,
  ]
  private static let digest: [Field] = [.number16, .number8, .number8, .hexadecimal]
  private static let fingerprint: [Field] = [.number8, .number8, .hexadecimal]
  private static let association: [Field] = [.number8, .number8, .number8, .hexadecimal]
  private static let key: [Field] = [.number16, .number8, .number8, .base64]
  /// Without the signature itself, which says nothing to a reader.
  private static let signature: [Field] = [
    .type, .number8, .number8, .number32, .number32, .number32, .number16, .name,
  ]
  private static let next: [Field] = [.name, .types]
  private static let hashedNext: [Field] = [.number8, .number8, .number16, .salt, .hash, .types]
  private static let hashParameters: [Field] = [.number8, .number8, .number16, .salt]
  private static let binding: [Field] = [.number16, .name, .parameters]
  private static let locator: [Field] = [.number16, .number16, .text]
  private static let authorization: [Field] = [.number8, .word, .text]

  /// The fields of a type whose data has `count` bytes.
  static func form(of type: UInt16, count: Int) -> [Field] {
    switch type {
    case _ where count == 0: []
    case DNSType.a where count == 4, DNSType.aaaa where count == 16: address
    case DNSType.ns, DNSType.cname, DNSType.ptr, 3, 4, 7, 8, 9, 39: name
    case DNSType.soa: startOfAuthority
    case 13: host
    case 14, 17: twoNames
    case 15, 18, 21, 36: preferredName
    case 16, 99: texts
    case 33: service
    case 35: namingPointer
    case 43, 59: digest
    case 44: fingerprint
    case 46: signature
    case 47: next
    case 25, 48, 60: key
    case 50: hashedNext
    case 51: hashParameters
    case 52, 53: association
    case 64, 65: binding
    case 256: locator
    case 257: authorization
    default: unknown
    }
  }
}
