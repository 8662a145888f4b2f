// SPDX-License-Identifier: Apache-2.0

import Protocols
import Telemetry
import TestSupport
import Testing

/// A marked secret, wherever a client or server can put one, is in no text of any message: held whole,
/// cut at every byte, and with its end not captured.
@Suite struct SecretPropertyTests {
  static let mark = "Zq9xWv7k"

  @Test(arguments: [
    "GET /a?token=~ HTTP/1.1\r\n\r\n", "GET /a?x=1&y=~&z=2 HTTP/1.1\r\nHost: h\r\n\r\n",
    "GET /a;jsessionid=~?b HTTP/1.1\r\n\r\n", "GET /a?b=1#token=~ HTTP/1.1\r\n\r\n",
    "GET /token/~/x HTTP/1.1\r\n\r\n", "GET /x/api-key/~ HTTP/1.1\r\n\r\n",
    "GET /reset_password/~?x HTTP/1.1\r\n\r\n", "GET http://ann:~@h/a HTTP/1.1\r\n\r\n",
    "CONNECT ann:~@h:443 HTTP/1.1\r\n\r\n", "GET /secret=~/a HTTP/1.1\r\n\r\n",
    "GET /a%3Fpassword%3D~ HTTP/1.1\r\n\r\n", "GET /a?u=http://x:~@h/ HTTP/1.1\r\n\r\n",
    "GET / HTTP/1.1\r\nAuthorization: Bearer ~\r\n\r\n",
    "GET / HTTP/1.1\r\nProxy-Authorization: Basic ~\r\nCookie: sid=~\r\nX-Api-Key: ~\r\n\r\n",
    "GET / HTTP/1.1\r\nReferer: https://ann:~@h/a?token=~#~\r\nHost: ann:~@h\r\n\r\n",
    "GET / HTTP/1.1\r\nUser-Agent: a token=~ Bearer ~\r\nX-Request-ID: key=~\r\n\r\n",
    "POST /login HTTP/1.1\r\nContent-Length: 13\r\n\r\npass=~",
  ])
  func httpRequest(text: String) { search(HTTP1(), [Talk(.client, marked(text))]) }

  @Test(arguments: [
    "HTTP/1.1 401 Bad token=~\r\nSet-Cookie: sid=~\r\nWWW-Authenticate: Bearer ~\r\n\r\n",
    "HTTP/1.1 302 Found\r\nLocation: /a?token=~\r\nContent-Length: 8\r\n\r\n~",
  ])
  func httpResponse(text: String) {
    search(
      HTTP1(), [Talk(.client, "GET / HTTP/1.1\r\n\r\n"), Talk(.server, marked(text))])
  }

  static let statements = [
    "SELECT '~' FROM t", "SELECT 'it''s ~' FROM t WHERE a = '~'",
    "INSERT INTO t VALUES (N'~', x'~')",
    "SELECT b'~', _utf8'~' -- ~", "SELECT a /* ~ */ FROM t /* '~", "UPDATE t SET a='\\\\', b='~'",
    "SELECT 1 FROM t WHERE a = '~", "CREATE USER ann IDENTIFIED BY '~'", "SET PASSWORD = '~'",
    "SELECT a FROM t WHERE b IN ('x', '~ y', 'z''~''') AND c = '~\n~'", "SELECT '/*', '~', '*/'",
    "SELECT '--', '~'", "SELECT 1e5, '~', 0x1f",
  ]
  static let mySQLStatements = [
    "SELECT \"~\", \"a\"\"~\", \"a\\\"~\"", "SELECT 'a\\'~' FROM t", "SELECT 1 # '~\n, 2",
    "/*! SELECT '~' */", "SELECT '\\\\\\'~', '~'", "SELECT \"it's ~\", '\"~'",
    "PREPARE s FROM \"SELECT '~'\"", "CREATE USER \"ann\" IDENTIFIED BY \"~\"",
    "SELECT TRIM(LEADING 'x' FROM \"~\") FROM t",
  ]
  static let postgreSQLStatements = [
    "SELECT $$~$$, $t$ $x$ ~ $t$", "SELECT E'a\\'~', e'~'", "SELECT E'a'\n'b\\'~'", "SELECT U&'~'",
    "SELECT 'a\\', '~'", "SELECT 1 /* /* */ ~ */", "SELECT B'~', X'~', '~'::text", "DO $$ '~' $$",
    "COPY t FROM STDIN WITH (NULL '~')", "SELECT $_$~$_$ || $1",
  ]

  @Test(arguments: statements + mySQLStatements) func mySQL(sql: String) {
    for command in [3, 0x16] as [UInt8] {
      search(MySQL(), [packet(0, [command] + Array(marked(sql).utf8))])
    }
  }

  @Test(arguments: statements + postgreSQLStatements) func postgreSQL(sql: String) {
    let text = Array(marked(sql).utf8)
    search(PostgreSQL(), [message("Q", text + [0])])
    let parse = message("P", Array("s\0".utf8) + text + [0, 0, 0])
    let value = Array(marked("~").utf8)
    let bind = message(
      "B", Array("\0s\0".utf8) + [0, 0, 0, 1, 0, 0, 0, UInt8(value.count)] + value + [0, 0])
    let all =
      parse.bytes + bind.bytes + message("E", [0, 0, 0, 0, 0]).bytes + message("S", []).bytes
    search(PostgreSQL(), [Talk(.client, bytes: all)])
  }

  /// A string without escapes that ends with a backslash, where nobody said that it has none.
  @Test(arguments: ["SELECT 'a\\', '~'", "SELECT 'a\\\\\\', '~', 'b'", "SELECT 'a\\'~', 'b'"])
  func anUnknownSyntaxShowsNothing(sql: String) {
    search(MySQL(), [packet(0, [3] + Array(marked(sql).utf8))])
    search(PostgreSQL(), [message("Q", Array(marked(sql).utf8) + [0])])
  }

  @Test func queryAttributesAreHidden() {
    let name: [UInt8] = [0xfe, 0, 4] + Array("name".utf8)
    let value: [UInt8] = [8] + Array(Self.mark.utf8)
    for count in [1, 8, 9, 12] {
      var body: [UInt8] = [3, UInt8(count), 1] + Array(repeating: 0, count: (count + 7) / 8) + [1]
      for _ in 0..<count { body += name }
      for _ in 0..<count { body += value }
      search(MySQL(), [packet(0, body + Array("SELECT 1 FROM t".utf8))])
    }
  }

  @Test(
    arguments: [
      (1_062, "#23000Duplicate entry '~' for key 't.a'"),
      (1_064, "#42000syntax near 'a '~' b' at line 1"),
      (1_366, "#HY000Incorrect integer value: '~' for column 'n' at row 1"), (1_644, "#45000no ~"),
      (1_292, "#22007Incorrect datetime value: '~'"), (9_999, "#HY000text \"~\" x"),
    ] as [(UInt16, String)])
  func mySQLErrors(code: UInt16, text: String) {
    let body = [0xff, UInt8(code & 0xff), UInt8(code >> 8)] + Array(marked(text).utf8)
    let answer = packet(1, body, .server)
    search(MySQL(), [packet(0, [3] + Array("SELECT 1".utf8)), answer])
  }

  @Test(arguments: [
    "C22P02\0Minvalid input syntax: \"~\"\0", "C23505\0Mduplicate key\0DKey (a)=(~) exists\0",
    "C42601\0Msyntax error at or near \"~\"\0H~\0q~\0", "CP0001\0Mno ~\0", "Cabcde\0Mno ~\0",
    "C22021\0Minvalid byte \"U\": 0x~\0",
  ])
  func postgreSQLErrors(fields: String) {
    let error = message("E", Array(marked(fields).utf8) + [0], .server)
    search(PostgreSQL(), [message("Q", Array("SELECT 1\0".utf8)), error])
  }

  @Test(arguments: [
    "SET k ~", "SET k ~ EX 5", "AUTH ~", "AUTH u ~", "HELLO 3 AUTH u ~", "CONFIG SET requirepass ~",
    "ACL SETUSER u >~", "MIGRATE h 1 k 0 5 AUTH ~", "HSET h f ~ g ~", "MSET a ~ b ~", "LPUSH l ~ ~",
    "PUBLISH c ~", "EVAL ~ 0", "ECHO ~", "PING ~", "ZADD z 1 ~", "XADD s * f ~", "GETSET k ~",
    "SETEX k 5 ~", "SENTINEL SET m auth-pass ~", "FT.SEARCH ~", "INCRBY k ~", "ZRANGEBYLEX k [~ +",
    "GEOADD g 1 2 ~", "SCRIPT LOAD ~", "RESTORE k 0 ~", "APPEND k ~", "DEBUG SET-X ~",
  ])
  func redisCommands(command: String) {
    let words = marked(command).split(separator: " ").map { "$\($0.utf8.count)\r\n\($0)\r\n" }
    search(Redis(), [Talk(.client, "*\(words.count)\r\n\(words.joined())")])
    if command.hasPrefix("FT.") { return }
    search(Redis(), [Talk(.client, marked(command) + "\r\n")])
    let quoted = command.replacing("~", with: "\"a \\\" ~ b\"")
    search(Redis(), [Talk(.client, marked(quoted) + "\r\n")])
  }

  @Test(arguments: [
    "-ERR unknown command '~', with args beginning with: '~'", "-ERR wrong number for `~`", "-~",
    "-MYERR ~", "-ERR Error running script (call to f_1): @user_script:1: ~", "+~", "+OK ~",
    "$8\r\n~",
    "*2\r\n$8\r\n~\r\n-ERR '~'", "!12\r\nE '~'", "=12\r\ntxt:~", "%1\r\n$8\r\n~\r\n+~",
  ])
  func redisReplies(reply: String) {
    search(Redis(), [Talk(.client, "PING\r\n"), Talk(.server, marked(reply) + "\r\n")])
  }

  private func marked(_ text: String) -> String { text.replacing("~", with: Self.mark) }

  private func packet(_ sequence: UInt8, _ body: [UInt8], _ side: Side = .client) -> Talk {
    Talk(
      side, bytes: [UInt8(body.count & 0xff), UInt8(body.count >> 8), 0, sequence] + body)
  }

  private func message(_ type: String, _ body: [UInt8], _ side: Side = .client) -> Talk {
    let length = body.count + 4
    return Talk(
      side, bytes: Array(type.utf8) + [0, 0, UInt8(length >> 8), UInt8(length & 0xff)] + body)
  }

  func search(
    _ kind: any ProtocolKind, _ talks: [Talk], sourceLocation: SourceLocation = #_sourceLocation
  ) {
    guard let last = talks.last else { return }
    for cut in 0...last.bytes.count {
      for isFinal in [false, true] {
        var driver = ParserDriver(kind)
        for talk in talks.dropLast() { driver.feed(talk.bytes, from: talk.side) }
        driver.feed(Array(last.bytes[..<cut]), from: last.side, isFinal: isFinal)
        if isFinal { driver.lose(from: last.side) }
        driver.feed(Array(last.bytes[cut...]), from: last.side, isFinal: true)
        let shown = driver.messages
          .flatMap { Array($0.texts.values) + Array(($0.attributes ?? [:]).values) }
          .filter(Self.shows)
        #expect(shown.isEmpty, "cut at \(cut), final \(isFinal)", sourceLocation: sourceLocation)
      }
    }
  }

  /// Whether four letters of the mark are in a text.
  private static func shows(_ text: String) -> Bool {
    let letters = Array(mark)
    return (0...(letters.count - 4)).contains { text.contains(String(letters[$0..<($0 + 4)])) }
  }
}
