// SPDX-License-Identifier: Apache-2.0

import Bytes
import Telemetry

/// Whom a certificate is of, by whom, and how long: RFC 5280 section 4.1. Its extensions and its key are
/// not read.
struct TLSCertificate {
  private var issuer = 0..<0
  private var subject = 0..<0
  private var notBefore = 0..<0
  private var notAfter = 0..<0

  static let type: UInt8 = 11

  /// Reads the certificate at `start`, of which the end may be missing; nil when it is none.
  init?(_ bytes: Span<UInt8>, at start: Int, to end: Int) {
    var outer = DERCursor(at: start, to: min(end, bytes.count))
    do throws(EndOfBytes) {
      var certificate = try outer.inside(0x30, in: bytes)
      var signed = try certificate.inside(0x30, in: bytes)
      if signed.next(in: bytes) == 0xa0 { _ = try signed.value(in: bytes) }
      _ = try signed.value(0x02, in: bytes)
      _ = try signed.value(0x30, in: bytes)
      issuer = try signed.value(0x30, in: bytes)
      var validity = try signed.inside(0x30, in: bytes)
      notBefore = try Self.time(&validity, in: bytes)
      notAfter = try Self.time(&validity, in: bytes)
      subject = try signed.value(0x30, in: bytes)
    } catch {
      return nil
    }
  }

  /// `YYMMDDhhmmssZ` or `YYYYMMDDhhmmssZ` (section 4.1.2.5).
  private static func time(
    _ cursor: inout DERCursor, in bytes: Span<UInt8>
  ) throws(EndOfBytes) -> Range<Int> {
    let (tag, range) = try cursor.value(in: bytes)
    guard tag == 0x17 && range.count == 13 || tag == 0x18 && range.count == 15,
      range.upperBound <= bytes.count
    else { throw EndOfBytes(missing: 0) }
    return range
  }

  /// Writes attributes of the server's certificate, or of the client's.
  func describe(_ bytes: Span<UInt8>, of side: Side, on desk: inout Desk) {
    var text = TLSName()
    text.write(subject, of: bytes)
    desk.fields.append(
      attribute: side == .server ? "tls.server.subject" : "tls.client.subject", text.bytes,
      to: &desk.message.attributes)
    text.write(issuer, of: bytes)
    desk.fields.append(
      attribute: side == .server ? "tls.server.issuer" : "tls.client.issuer", text.bytes,
      to: &desk.message.attributes)
    guard side == .server else { return }
    text.write(time: notBefore, of: bytes)
    desk.fields.append(
      attribute: "tls.server.not_before", text.bytes, to: &desk.message.attributes)
    text.write(time: notAfter, of: bytes)
    desk.fields.append(
      attribute: "tls.server.not_after", text.bytes, to: &desk.message.attributes)
  }
}
