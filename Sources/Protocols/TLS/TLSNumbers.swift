// SPDX-License-Identifier: Apache-2.0

import Telemetry

/// Names of the numbers in hellos: https://www.iana.org/assignments/tls-parameters.
enum TLSNumbers {
  /// As users write versions; nil for none that there is.
  static func version(_ value: Int) -> StaticString? {
    switch value {
    case 0x0304: "1.3"
    case 0x0303: "1.2"
    case 0x0302: "1.1"
    case 0x0301: "1.0"
    case 0x0300: "SSL 3.0"
    case 0xfefc: "DTLS 1.3"
    case 0xfefd: "DTLS 1.2"
    case 0xfeff, 0x0100: "DTLS 1.0"
    default: nil
    }
  }

  static func cipher(_ value: Int) -> StaticString? {
    switch value {
    case 0x1301: "TLS_AES_128_GCM_SHA256"
    case 0x1302: "TLS_AES_256_GCM_SHA384"
    case 0x1303: "TLS_CHACHA20_POLY1305_SHA256"
    case 0x1304: "TLS_AES_128_CCM_SHA256"
    case 0x1305: "TLS_AES_128_CCM_8_SHA256"
    case 0xcca8: "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256"
    case 0xcca9: "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256"
    case 0xccaa: "TLS_DHE_RSA_WITH_CHACHA20_POLY1305_SHA256"
    case 0xc000...0xc0ff: elliptic(value)
    default: plain(value)
    }
  }

  private static func elliptic(_ value: Int) -> StaticString? {
    switch value {
    case 0xc007: "TLS_ECDHE_ECDSA_WITH_RC4_128_SHA"
    case 0xc009: "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA"
    case 0xc00a: "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA"
    case 0xc011: "TLS_ECDHE_RSA_WITH_RC4_128_SHA"
    case 0xc012: "TLS_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA"
    case 0xc013: "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA"
    case 0xc014: "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA"
    case 0xc023: "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256"
    case 0xc024: "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA384"
    case 0xc027: "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256"
    case 0xc028: "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384"
    case 0xc02b: "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"
    case 0xc02c: "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"
    case 0xc02f: "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"
    case 0xc030: "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384"
    case 0xc0ac: "TLS_ECDHE_ECDSA_WITH_AES_128_CCM"
    case 0xc0ae: "TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8"
    default: nil
    }
  }

  private static func plain(_ value: Int) -> StaticString? {
    switch value {
    case 0x0004: "TLS_RSA_WITH_RC4_128_MD5"
    case 0x0005: "TLS_RSA_WITH_RC4_128_SHA"
    case 0x000a: "TLS_RSA_WITH_3DES_EDE_CBC_SHA"
    case 0x0016: "TLS_DHE_RSA_WITH_3DES_EDE_CBC_SHA"
    case 0x002f: "TLS_RSA_WITH_AES_128_CBC_SHA"
    case 0x0033: "TLS_DHE_RSA_WITH_AES_128_CBC_SHA"
    case 0x0035: "TLS_RSA_WITH_AES_256_CBC_SHA"
    case 0x0039: "TLS_DHE_RSA_WITH_AES_256_CBC_SHA"
    case 0x003c: "TLS_RSA_WITH_AES_128_CBC_SHA256"
    case 0x003d: "TLS_RSA_WITH_AES_256_CBC_SHA256"
    case 0x0067: "TLS_DHE_RSA_WITH_AES_128_CBC_SHA256"
    case 0x006b: "TLS_DHE_RSA_WITH_AES_256_CBC_SHA256"
    case 0x009c: "TLS_RSA_WITH_AES_128_GCM_SHA256"
    case 0x009d: "TLS_RSA_WITH_AES_256_GCM_SHA384"
    case 0x009e: "TLS_DHE_RSA_WITH_AES_128_GCM_SHA256"
    case 0x009f: "TLS_DHE_RSA_WITH_AES_256_GCM_SHA384"
    default: nil
    }
  }

  /// https://www.iana.org/assignments/tls-parameters#tls-parameters-8.
  static func group(_ value: Int) -> StaticString? {
    switch value {
    case 23: "secp256r1"
    case 24: "secp384r1"
    case 25: "secp521r1"
    case 29: "x25519"
    case 30: "x448"
    case 256: "ffdhe2048"
    case 257: "ffdhe3072"
    case 0x11eb: "SecP256r1MLKEM768"
    case 0x11ec: "X25519MLKEM768"
    case 0x11ed: "SecP384r1MLKEM1024"
    case 0x6399: "X25519Kyber768Draft00"
    default: nil
    }
  }
}

/// What one side says when it gives up: RFC 8446 section 6, and older ones of RFC 5246 section 7.2.
struct TLSAlert {
  let isFatal: Bool
  let number: UInt8

  /// Nil for what is no alert in clear.
  init?(level: UInt8, number: UInt8) {
    guard level == 1 || level == 2 else { return nil }
    isFatal = level == 2
    self.number = number
    guard name != nil else { return nil }
  }

  var name: StaticString? {
    switch number {
    case 0: "close_notify"
    case 10: "unexpected_message"
    case 20: "bad_record_mac"
    case 21: "decryption_failed"
    case 22: "record_overflow"
    case 30: "decompression_failure"
    case 40: "handshake_failure"
    case 41: "no_certificate"
    case 42: "bad_certificate"
    case 43: "unsupported_certificate"
    case 44: "certificate_revoked"
    case 45: "certificate_expired"
    case 46: "certificate_unknown"
    case 47: "illegal_parameter"
    case 48: "unknown_ca"
    case 49: "access_denied"
    case 50: "decode_error"
    case 51: "decrypt_error"
    case 60: "export_restriction"
    case 70: "protocol_version"
    case 71: "insufficient_security"
    case 80: "internal_error"
    case 86: "inappropriate_fallback"
    case 90: "user_canceled"
    default: extensionName
    }
  }

  private var extensionName: StaticString? {
    switch number {
    case 100: "no_renegotiation"
    case 109: "missing_extension"
    case 110: "unsupported_extension"
    case 111: "certificate_unobtainable"
    case 112: "unrecognized_name"
    case 113: "bad_certificate_status_response"
    case 114: "bad_certificate_hash_value"
    case 115: "unknown_psk_identity"
    case 116: "certificate_required"
    case 120: "no_application_protocol"
    case 121: "ech_required"
    default: nil
    }
  }

  /// Who gives up blames the other, but for a fault of its own and a change of mind.
  func blame(saidBy side: Side) -> ResponseStatus {
    let isOwn = number == 80 || number == 90
    return (side == .server) == isOwn ? .serverError : .clientError
  }
}
