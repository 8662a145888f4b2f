// SPDX-License-Identifier: Apache-2.0

import Protocols
import Telemetry
import TestSupport
import Testing

@Suite struct SQLTextTests {
  @Test(
    arguments: [
      ("SELECT 1", "SELECT ?", "SELECT"),
      (
        "select name from shop.orders where id = 7", "select name from shop.orders where id = ?",
        "SELECT shop.orders"
      ),
      (
        "SELECT * FROM `a b`.`c` WHERE x='it''s' AND y=\"q\\\"z\"",
        "SELECT * FROM `a b`.`c` WHERE x=? AND y=?", "SELECT ab.c"
      ),
      (
        "INSERT INTO t1 (a, b) VALUES (0x1F, -1.5e-3), (x'ff', NULL)",
        "INSERT INTO t1 (a, b) VALUES (?, -?), (?, NULL)", "INSERT t1"
      ),
      (
        "SELECT EXTRACT(year FROM born) FROM people", "SELECT EXTRACT(year FROM born) FROM people",
        "SELECT people"
      ),
      ("SELECT (SELECT max(x) FROM b) FROM a", "SELECT (SELECT max(x) FROM b) FROM a", "SELECT a"),
      (
        "SELECT * FROM (SELECT * FROM inner_t) AS s", "SELECT * FROM (SELECT * FROM inner_t) AS s",
        "SELECT inner_t"
      ),
      (
        "WITH c AS (SELECT 1) UPDATE t SET a = 2", "WITH c AS (SELECT ?) UPDATE t SET a = ?",
        "UPDATE t"
      ),
      ("EXPLAIN SELECT * FROM t", "EXPLAIN SELECT * FROM t", "EXPLAIN t"),
      (
        "CREATE TABLE IF NOT EXISTS db.t (id INT)", "CREATE TABLE IF NOT EXISTS db.t (id INT)",
        "CREATE db.t"
      ),
      ("CREATE UNIQUE INDEX i ON t (a)", "CREATE UNIQUE INDEX i ON t (a)", "CREATE t"),
      ("DELETE FROM t WHERE a IN (1, 2, 3)", "DELETE FROM t WHERE a IN (?, ?, ?)", "DELETE t"),
      ("  /* hello */ SELECT 1 -- bye", "SELECT ?", "SELECT"),
      ("/*!40101 SET NAMES utf8 */", "SET NAMES utf8", "SET"),
      (
        "SELECT a1, t.b2 FROM t # note\n WHERE a1--1 = 2",
        "SELECT a1, t.b2 FROM t WHERE a1--? = ?",
        "SELECT t"
      ),
      ("SELECT 'cut off", "SELECT ?", "SELECT"), ("BEGIN", "BEGIN", "BEGIN"),
      ("select 1; drop table t", "select ?; drop table t", "SELECT"), ("", "", ""),
      (
        "SELECT id, n'x', _utf8'y', total FROM t WHERE kind='a' AND rank = 7 AND sorted = b'01'",
        "SELECT id, ?, _utf8?, total FROM t WHERE kind=? AND rank = ? AND sorted = ?", "SELECT t"
      ),
      (
        "SELECT total, .5,seven FROM t1 , t2 WHERE from_x=1 AND fork = (SELECT secret FROM u)  ",
        "SELECT total, ?,seven FROM t1 , t2 WHERE from_x=? AND fork = (SELECT secret FROM u)",
        "SELECT t1"
      ),
    ] as [(String, String, String)])
  func mySQL(sql: String, resource: String, endpoint: String) {
    let read = read(sql, .mySQL)
    #expect(read.resource == resource)
    #expect(read.endpoint == endpoint)
  }

  @Test(
    arguments: [
      (
        "SELECT \"Name\" FROM \"Shop\".\"T\" WHERE id = $1 AND x = E'a\\'b'",
        "SELECT \"Name\" FROM \"Shop\".\"T\" WHERE id = $1 AND x = ?", "SELECT Shop.T"
      ),
      ("SELECT $tag$ secret $x$ $tag$, a #> b", "SELECT ?, a #> b", "SELECT"),
      ("COPY t (a) FROM STDIN", "COPY t (a) FROM STDIN", "COPY t"),
      ("SELECT 'back\\' || 'slash'", "SELECT ? || ?", "SELECT"),
    ] as [(String, String, String)])
  func postgreSQL(sql: String, resource: String, endpoint: String) {
    let read = read(sql, .postgreSQL)
    #expect(read.resource == resource)
    #expect(read.endpoint == endpoint)
  }

  /// sqlcommenter (https://google.github.io/sqlcommenter/spec/), and what people write by hand.
  @Test(
    arguments: [
      (
        "SELECT 1 /*db='x',traceparent='00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'*/",
        "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
      ),
      ("/* trace_id: abc-1, span_id=77 */ SELECT 1", "abc-1", "77"),
      ("SELECT 1 -- traceId=\"q1\"", "q1", ""), ("SELECT 'trace_id: no'", "", ""),
    ] as [(String, String, String)])
  func traceIDsInComments(sql: String, trace: String, span: String) {
    let read = read(sql, .mySQL)
    #expect(read.traceID == trace)
    #expect(read.spanID == span)
  }

  /// No literal may leak where the capture cut the statement.
  @Test func aCutStatementShowsNoLiteral() {
    let sql = "SELECT a FROM t WHERE b = 'secret' AND c = \"secret\" AND d = 'x''secret'"
    for count in 0...sql.utf8.count {
      #expect(!read(String(sql.prefix(count)), .mySQL).resource.contains("sec"), "\(count)")
    }
  }

  @Test func noiseNeverTraps() {
    var random = SeededGenerator(seed: 4)
    let alphabet = Array("SELECT FROM('\"`$-/*!#.;0x1e+\\ \n,ab".utf8)
    for _ in 0..<20_000 {
      let count = Int.random(in: 0...60, using: &random)
      let bytes = (0..<count).map { _ in
        Int.random(in: 0..<8, using: &random) == 0
          ? UInt8(truncatingIfNeeded: random.next()) : alphabet.randomElement(using: &random) ?? 0
      }
      for dialect in [SQLDialect.mySQL, .postgreSQL] {
        var fields = FieldBuffer()
        _ = SQLText(bytes.span, dialect: dialect, into: &fields)
        _ = SQLText.beginsStatement(bytes.span, dialect: dialect)
      }
    }
  }

  private struct Read {
    var resource, endpoint, traceID, spanID: String
  }

  private func read(_ sql: String, _ dialect: SQLDialect) -> Read {
    var fields = FieldBuffer()
    let text = SQLText(Array(sql.utf8).span, dialect: dialect, into: &fields)
    func string(_ place: Text) -> String { String(decoding: fields.bytes(place), as: UTF8.self) }
    return Read(
      resource: string(text.resource), endpoint: string(text.endpoint),
      traceID: string(text.traceID), spanID: string(text.spanID))
  }
}
