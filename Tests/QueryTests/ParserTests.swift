// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

@testable import Query

@Suite struct ParserTests {
  /// What is printed is read again as the same statement, so the tree holds everything.
  @Test(arguments: 0..<300 as Range<UInt64>)
  func printedStatementsReadTheSame(seed: UInt64) throws {
    var random = StatementGenerator(seed: seed)
    let statement = random.statement()
    let text = statement.description
    #expect(try Parser.parse(text) == statement, "seed \(seed): \(text)")
    #expect(try Parser.parse(text).description == text, "seed \(seed)")
  }

  /// Whatever comes in, the answer is a statement or an error with its place.
  @Test(arguments: 0..<200 as Range<UInt64>)
  func mangledQueriesNeverTrap(seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    let pieces =
      try ["rows", "conditions", "groups", "metrics", "time", "show", "errors"]
      .flatMap { try Script($0).entries.map(\.query) }
    for _ in 0..<20 {
      var bytes = Array(pieces.randomElement(using: &random)!.utf8)
      for _ in 0..<Int.random(in: 1...6, using: &random) where !bytes.isEmpty {
        let index = Int.random(in: bytes.indices, using: &random)
        switch Int.random(in: 0..<4, using: &random) {
        case 0: bytes[index] = UInt8.random(in: 0...255, using: &random)
        case 1: bytes.remove(at: index)
        case 2: bytes.insert(contentsOf: bytes[index...].prefix(12), at: index)
        default: bytes = Array(bytes[..<index]) + Array(pieces.randomElement(using: &random)!.utf8)
        }
      }
      let text = String(decoding: bytes, as: UTF8.self)
      do throws(QueryError) {
        _ = try QueryCompiler.compile(text, now: FixedDirectory.now, directory: FixedDirectory())
      } catch {
        #expect(!error.message.isEmpty, "seed \(seed): \(text)")
        #expect(error.offset == nil || error.place != nil, "seed \(seed): \(text)")
      }
    }
  }

  @Test(arguments: [
    ("(", 60_000, ""), ("NOT ", 16_000, ""), ("- ", 30_000, ""), ("a + ", 16_000, ""),
    ("if(", 20_000, ""), ("a OR ", 13_000, ""),
    // Chains inside parentheses are deep even where neither alone is.
    ("(", 100, "+a"),
  ])
  func deepNestingIsRefused(piece: String, count: Int, chained: String) {
    var condition = String(repeating: piece, count: count)
    if !chained.isEmpty {
      let chain = String(repeating: chained, count: 200) + ")"
      condition += "a" + String(repeating: chain, count: count) + "="
    }
    let query = "SELECT _id FROM l7_flow_log WHERE \(condition)1"
    #expect(throws: QueryError.self) { try Parser.parse(query) }
    do throws(QueryError) {
      _ = try Parser.parse(query)
    } catch {
      #expect(error.kind == .limit, "\(error.message)")
    }
  }

  @Test func longQueriesAreRefused() {
    let query = "SELECT " + String(repeating: "a", count: DialectLimits.textBytes)
    do throws(QueryError) {
      _ = try Parser.parse(query)
      Issue.record("the query was taken")
    } catch {
      #expect(error.kind == .limit)
    }
  }

  @Test(arguments: ["", " ", "\n", ";", "-- nothing", "/* nothing */"])
  func nothingIsNoStatement(query: String) {
    #expect(throws: QueryError.self) { try Parser.parse(query) }
  }

  /// Places count characters, not bytes, and lines.
  @Test func placesCountCharacters() throws {
    do throws(QueryError) {
      _ = try Parser.parse("SELECT 'é漢' AS x\nFROM t WHERE 'ü' = ?")
      Issue.record("the query was taken")
    } catch {
      #expect(error.place?.line == 2)
      #expect(error.place?.column == 20)
    }
  }

  @Test(arguments: [
    ("LIMIT 5", Limit(rows: 5, skipped: 0)), ("limit 5 offset 7", Limit(rows: 5, skipped: 7)),
    ("LIMIT 7, 5", Limit(rows: 5, skipped: 7)),
  ])
  func limits(text: String, limit: Limit) throws {
    guard case .select(let select) = try Parser.parse("SELECT a FROM t \(text)") else {
      Issue.record("not a SELECT")
      return
    }
    #expect(select.limit == limit)
  }
}
