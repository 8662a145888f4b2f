// SPDX-License-Identifier: Apache-2.0

/// Names under which people keep what nobody else may read.
enum SecretNames {
  private static let parts = [
    "PASS", "PWD", "SECRET", "TOKEN", "KEY", "CREDENTIAL", "AUTH", "DSN", "PRIVATE", "CERT",
    "CONNECTION", "SALT", "COOKIE", "SESSION", "SIGNATURE",
  ]

  static func mayHold(_ name: String) -> Bool {
    let name = name.uppercased()
    return parts.contains { name.contains($0) }
  }
}
