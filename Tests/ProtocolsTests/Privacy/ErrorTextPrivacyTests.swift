// SPDX-License-Identifier: Apache-2.0

import Protocols
import Telemetry
import TestSupport
import Testing

/// What databases quote in their errors.
@Suite struct ErrorTextPrivacyTests {
  @Test(
    arguments: [
      (
        1062, "#23000Duplicate entry 'ann@x' for key 'users.email'",
        "Duplicate entry ? for key 'users.email'"
      ),
      (
        1062, "#23000Duplicate entry 'o'hara' for key 'a' for key 'k'",
        "Duplicate entry ? for key 'k'"
      ),
      (
        1064, "#42000You have an error near 'x 'y' z' at line 1",
        "You have an error near ? at line 1"
      ),
      (
        1366, "#HY000Incorrect integer value: 'abc' for column 'n' at row 1",
        "Incorrect integer value: ? for column 'n' at row 1"
      ),
      (
        1366, "#HY000Incorrect integer value: 'abc' for column `d`.`t`.`n` at row 12",
        "Incorrect integer value: ? for column `d`.`t`.`n` at row 12"
      ),
      (
        1292, "#22007Truncated incorrect DOUBLE value: 'x' for column y'",
        "Truncated incorrect DOUBLE value: ?"
      ),
      (1146, "#42S02Table 'a.b' doesn't exist", "Table 'a.b' doesn't exist"),
      (
        1690, "#22003BIGINT value is out of range in '(5 - 6)'", "BIGINT value is out of range in ?"
      ),
      (1644, "#45000no money on account 4711", "?"), (30001, "#45000account 4711", "?"),
      (9999, "#HY000Can't do", "Can't do"), (9999, "#HY000Can't do 'x", "Can't do ?"),
      (9999, "#HY000Wert »x« ist falsch", "Wert ? ist falsch"),
    ] as [(UInt16, String, String)])
  func mySQL(code: UInt16, text: String, shown: String) {
    let body = [0xff, UInt8(code & 0xff), UInt8(code >> 8)] + Array(text.utf8)
    let driver = hold(
      MySQL(),
      [
        Talk(.client, bytes: [9, 0, 0, 0, 3] + Array("SELECT 1".utf8)),
        Talk(.server, bytes: [UInt8(body.count), 0, 0, 1] + body),
      ])
    #expect(driver.messages.last?.texts["response_exception"] == shown)
  }

  @Test(
    arguments: [
      (
        "23505", "duplicate key value violates unique constraint \"u_email\"",
        "duplicate key value violates unique constraint \"u_email\""
      ),
      (
        "22P02", "invalid input syntax for type integer: \"x \"y\"",
        "invalid input syntax for type integer: ?"
      ),
      (
        "22021", "invalid byte sequence for encoding \"UTF8\": 0xe9",
        "invalid byte sequence for encoding ?"
      ),
      ("42601", "syntax error at or near \"x\"", "syntax error at or near ?"),
      ("42P01", "relation \"t\" does not exist", "relation \"t\" does not exist"),
      ("P0001", "no money on account 4711", "?"), ("ZZ001", "account 4711", "?"),
      (
        "22003", "value \"99999999999\" is out of range for type integer",
        "value ? is out of range for type integer"
      ),
    ])
  func postgreSQL(state: String, text: String, shown: String) {
    let fields = "SERROR\0C\(state)\0M\(text)\0DKey (email)=(ann@x) already exists.\0\0"
    let driver = hold(
      PostgreSQL(),
      [
        Talk(.client, bytes: [0x51, 0, 0, 0, 13] + Array("SELECT 1\0".utf8)),
        Talk(.server, bytes: [0x45, 0, 0, 0, UInt8(fields.utf8.count + 4)] + Array(fields.utf8)),
        Talk(.server, "Z\0\0\0\u{5}I"),
      ])
    #expect(driver.messages.last?.texts["response_exception"] == shown)
    #expect(driver.messages.last?.texts["response_result"] == state)
  }
}
