// SPDX-License-Identifier: Apache-2.0

import Protocols
import TestSupport
import Testing

/// Literals, values, rows and credentials are in no text; see ``SecretPropertyTests``.
@Suite struct CassandraPrivacyTests {
  typealias T = CassandraTalks

  @Test(arguments: [
    "SELECT a FROM t WHERE b = '~'", "SELECT a FROM t WHERE b = $$~$$", "SELECT a // ~\nFROM t",
    "CREATE ROLE ann WITH PASSWORD = '~'", "INSERT INTO t (a) VALUES ('it''s ~')",
    "SELECT a FROM t /* ~ */", "SELECT a FROM t -- ~",
  ])
  func statements(text: String) {
    let marked = text.replacing("~", with: SecretPropertyTests.mark)
    for operation in [7, 9] as [UInt8] {
      SecretPropertyTests().search(Cassandra(), [T.statement(operation, marked)])
    }
  }

  @Test func frames() {
    let mark = Array(SecretPropertyTests.mark.utf8)
    SecretPropertyTests().search(
      Cassandra(), [T.frame(.client, 15, [0, 0, 0, 11, 0, 97, 0] + mark)])
    SecretPropertyTests().search(
      Cassandra(),
      [
        T.frame(
          .client, 7,
          T.longText("SELECT a FROM t WHERE b = ?") + [0, 1, 1, 0, 1, 0, 0, 0, 8] + mark)
      ])
    let query = T.statement(7, "SELECT 1")
    SecretPropertyTests().search(Cassandra(), [query, T.result(2, [0, 0, 0, 1] + mark)])
    SecretPropertyTests().search(
      Cassandra(), [query, T.error(0x2200, "Invalid '\(SecretPropertyTests.mark)'")])
  }
}
