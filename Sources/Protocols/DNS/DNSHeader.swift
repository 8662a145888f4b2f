// SPDX-License-Identifier: Apache-2.0

/// The fixed part of a message, RFC 1035 section 4.1.1.
struct DNSHeader {
  static let size = 12
  /// More questions than this nobody asks at once.
  private static let mostQuestions = 128
  /// No message is longer, RFC 1035 section 4.2.2.
  static let longestMessage = 65_535

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
  /// What is asked for, see ``DNSOpcode``.
  var opcode: UInt16 { flags >> 11 & 15 }
  /// The low four bits of the response code; EDNS may add eight higher ones.
  var responseCode: UInt16 { flags & 15 }

  /// Whether a header like this is sent: the counts are such that the smallest records they may stand
  /// for fit in a message of `size` bytes, and, unless it came from a port that is DNS's own, what
  /// real senders never set is unset.
  ///
  /// Bits without a meaning are not looked at: Z, and those of a response in a request.
  func isPlausible(size: Int, isOnOwnPort: Bool) -> Bool {
    let smallest = questions * 5 + (answers + authorities + additionals) * 11
    guard DNSHeader.size + smallest <= size, questions <= Self.mostQuestions else { return false }
    if isOnOwnPort {
      // Some answer errors with a header alone; some requests have no question.
      return isResponse || questions > 0 || opcode != DNSOpcode.query
    }
    // A bit for each opcode that is in use.
    guard 0b111_0111 >> opcode & 1 == 1, isResponse || responseCode == 0 else { return false }
    // Multicast DNS asks several questions at once and answers without one, RFC 6762 section 6.
    return (questions > 0 || isResponse && answers > 0) && questions <= 32
  }
}

/// What is asked for, RFC 6895 section 2.2.
enum DNSOpcode {
  static let query: UInt16 = 0

  /// The name of all but the query.
  static func push(_ opcode: UInt16, into fields: inout FieldBuffer) {
    switch opcode {
    case 1: fields.push("IQUERY")
    case 2: fields.push("STATUS")
    case 4: fields.push("NOTIFY")
    case 5: fields.push("UPDATE")
    case 6: fields.push("DSO")
    default:
      fields.push("OPCODE")
      fields.push(decimal: UInt64(opcode))
    }
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
    case 11: "DSOTYPENI"
    case 16: "BADVERS"
    case 17: "BADKEY"
    case 18: "BADTIME"
    case 19: "BADMODE"
    case 20: "BADNAME"
    case 21: "BADALG"
    case 22: "BADTRUNC"
    case 23: "BADCOOKIE"
    default: nil
    }
  }
}
