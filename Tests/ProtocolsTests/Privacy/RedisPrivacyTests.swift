// SPDX-License-Identifier: Apache-2.0

import Protocols
import Telemetry
import TestSupport
import Testing

@Suite struct RedisPrivacyTests {
  @Test(
    arguments: [
      ("SET k s EX 10 NX", "SET k ? EX 10 NX"), ("SET k s IFEQ other", "SET k ? ? ?"),
      ("AUTH ann pw", "AUTH ?"), ("HELLO 3 AUTH ann pw SETNAME x", "HELLO 3 ?"),
      ("CONFIG SET requirepass pw", "CONFIG SET requirepass ?"),
      ("ACL SETUSER ann >pw", "ACL SETUSER ?"),
      ("MIGRATE h 1 k 0 5 AUTH pw", "MIGRATE h 1 k ?"), ("PING hello", "PING ?"),
      ("SENTINEL SET m auth-pass pw", "SENTINEL SET m ?"), ("INCRBY k 5", "INCRBY k 5"),
      ("ZADD k 1 m", "ZADD k ?"), ("ZRANGE k [a (b BYLEX", "ZRANGE k ? ? BYLEX"),
      ("ZRANGE k 0 -1 WITHSCORES", "ZRANGE k 0 -1 WITHSCORES"),
      ("HSET k f v g w", "HSET k f ? g ?"),
      ("MSET a 1 b 2", "MSET a ? b ?"), ("EVAL script 1 k v", "EVAL ?"),
      ("GEORADIUSBYMEMBER k m 5 km", "GEORADIUSBYMEMBER k ? 5 ?"), ("FT.ADD i d", "FT.ADD ?"),
      ("DEL a b", "DEL a b"), ("XADD s * f v", "XADD s * ?"),
    ])
  func valuesAreHidden(command: String, shown: String) {
    let words = command.split(separator: " ").map { "$\($0.utf8.count)\r\n\($0)\r\n" }
    let array = hold(Redis(), [Talk(.client, "*\(words.count)\r\n\(words.joined())")])
    #expect(array.messages.first?.texts["request_resource"] == shown)
    guard !command.hasPrefix("FT.") else { return }
    let line = hold(Redis(), [Talk(.client, command + "\r\n")])
    #expect(line.messages.first?.texts["request_resource"] == shown)
  }

  /// Quotes hold blanks, and escaped quotes, together.
  @Test(
    arguments: [
      ("SET k \"a secret text\"", "SET k ?"), ("SET k 'a \\' secret'", "SET k ?"),
      ("SET k \"a \\\" secret\" EX 5", "SET k ? EX 5"), ("SET \"my key\" \"x y\"", "SET my key ?"),
      ("SET k \"open secret", "SET k ?"), ("set k a\"b secret\"", "set k ?"),
      ("\"AUTH\" \"a secret\"", "AUTH ?"), ("MSET a 'b c' d \"e f\"", "MSET a ? d ?"),
    ])
  func quotedWordsAreOneValue(line: String, shown: String) {
    let driver = hold(Redis(), [Talk(.client, line + "\r\n")])
    #expect(driver.messages.first?.texts["request_resource"] == shown)
  }

  @Test(
    arguments: [
      ("-ERR unknown command 'x', with args beginning with: 'secret' 'b'", "ERR unknown command ?"),
      ("-ERR unknown command `x`, with args beginning with: `it's`, ", "ERR unknown command ?, "),
      (
        "-ERR Error running script (call to f_1): @user_script:1: my secret",
        "ERR Error running script (call to f_1): ?"
      ),
      ("-MYERR a secret", "MYERR ?"), ("-secret", "?"),
      ("-WRONGTYPE Operation", "WRONGTYPE Operation"),
      ("-MOVED 3999 127.0.0.1:6381", "MOVED 3999 127.0.0.1:6381"),
      ("-WRONGPASS invalid", "WRONGPASS invalid"),
    ])
  func errorsDoNotQuote(reply: String, shown: String) {
    let driver = hold(
      Redis(), [Talk(.client, "PING\r\n"), Talk(.server, reply + "\r\n")])
    #expect(driver.messages.last?.texts["response_exception"] == shown)
  }

  @Test func valuesAreShownWhereSoConfiguredButNoPasswords() {
    var rules = PrivacyRules()
    rules.hidesRedisValues = false
    var driver = ParserDriver(Redis(), privacy: rules)
    driver.feed(Array("SET k v\r\nAUTH ann pw\r\n".utf8), from: .client)
    driver.feed(Array("+my status\r\n-MYERR x\r\n".utf8), from: .server)
    #expect(
      driver.messages.map {
        $0.texts["request_resource"]! + $0.texts["response_result"]! + $0.texts[
          "response_exception"]!
      }
        == ["SET k v", "AUTH ?", "my status", "MYERR x"])
  }
}
