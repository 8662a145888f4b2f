// SPDX-License-Identifier: Apache-2.0

package import Telemetry

/// What a credential plugin says (`client.authentication.k8s.io`).
package struct ExecCredential: Hashable, Sendable {
  /// Empty for none.
  package var token = ""
  /// In PEM; empty for none.
  package var certificate = ""
  package var key = ""
  /// Until when it may be used; nil for as long as the server takes it.
  package var expiration: Timestamp?

  package init(_ text: Span<UInt8>) throws(JSONFault) {
    var reader = JSONReader(text)
    guard reader.peek() == UInt8(ascii: "{"), try reader.enterObject() else {
      throw reader.fault("an ExecCredential")
    }
    while let key = try reader.nextKey() {
      guard key == "status", try reader.enterObject() else {
        if key != "status" { try reader.skip() }
        continue
      }
      while let key = try reader.nextKey() {
        switch key {
        case "token": token = try reader.text()
        case "clientCertificateData": certificate = try reader.text()
        case "clientKeyData": self.key = try reader.text()
        case "expirationTimestamp": expiration = Timestamp(rfc3339: try reader.text())
        default: try reader.skip()
        }
      }
    }
    try reader.expectEnd()
    guard !token.isEmpty || !(certificate.isEmpty || key.isEmpty) else {
      throw reader.fault("a token, or a certificate with its key")
    }
  }
}
