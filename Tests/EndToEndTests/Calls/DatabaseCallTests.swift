// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

extension EndToEndTests {
  @Suite struct DatabaseCalls {
    private func duration(_ row: Row) -> Double { Double(row["response_duration"] ?? "") ?? -1 }

    @Test(arguments: [[], ["--compress"]] as [[String]])
    func everyMySQLStatementIsOneCallOnEachSide(options: [String]) async throws {
      let stack = try Stack.running
      try await withServer("mariadb", prepare: mariaDB) { port in
        let statements = """
          CREATE DATABASE shop; CREATE TABLE shop.items (id INT, name VARCHAR(20));
          INSERT INTO shop.items VALUES (1, 'pen'), (2, 'ink');
          SELECT id FROM shop.items WHERE id = 1 AND name != '\(String(repeating: "x", count: 80))';
          SELECT SLEEP(0.2);
          SELECT nothing FROM shop.missing;
          """
        try run(
          "mariadb",
          [
            "--no-defaults", "--protocol=TCP", "-h127.0.0.1", "-P\(port)", "-uroot", "--force",
            "--skip-ssl",
          ] + options, input: statements, checked: false)
        for point in ["c-p", "s-p"] {
          let calls = try await stack.calls(
            "server_port = \(port) AND request_type = 'COM_QUERY' "
              + "AND request_resource NOT LIKE '*@@*'", point: point, count: 6)
          #expect(calls.count == 6)
          #expect(calls.map { $0["response_status"] } == ["0", "0", "0", "0", "0", "3"])
          #expect(calls[2]["sql_affected_rows"] == "2")
          #expect(calls[3]["endpoint"] == "SELECT shop.items")
          #expect(abs(duration(calls[4]) - 200_000) <= 41_000)
          #expect(calls[5]["response_code"] == "1146")
          #expect(calls.allSatisfy { $0["auto_service_1"] == "mariadbd" })
        }
      }
    }

    @Test func everyPostgreSQLStatementIsOneCallOnEachSide() async throws {
      let stack = try Stack.running
      try await withServer("postgresql", prepare: postgreSQL) { port in
        let statements = """
          CREATE TABLE items (id int, name text);
          INSERT INTO items VALUES (1, 'pen'), (2, 'ink');
          SELECT id FROM items WHERE id = 1;
          SELECT pg_sleep(0.2);
          SELECT nothing FROM missing;
          """
        try run(
          "psql",
          [
            "-X", "-q", "-h", "127.0.0.1", "-p", "\(port)", "-U", "postgres", "-v",
            "ON_ERROR_STOP=0", "postgres",
          ], input: statements, checked: false)
        for point in ["c-p", "s-p"] {
          let calls = try await stack.calls("server_port = \(port)", point: point, count: 5)
          #expect(calls.count == 5)
          #expect(calls.map { $0["response_status"] } == ["0", "0", "0", "0", "4"])
          #expect(calls[1]["sql_affected_rows"] == "2")
          #expect(calls[2]["endpoint"] == "SELECT items")
          #expect(abs(duration(calls[3]) - 200_000) <= 41_000)
          #expect(calls.allSatisfy { $0["auto_service_1"] == "postgres" })
        }
      }
    }

    @Test func everyRedisCommandIsOneCallOnEachSide() async throws {
      let stack = try Stack.running
      try await withServer("redis", prepare: redis) { port in
        try run(
          "redis-cli", ["-h", "127.0.0.1", "-p", "\(port)"],
          input: "SET color blue\nGET color\nDEBUG SLEEP 0.2\nLPUSH color x\n", checked: false)
        for point in ["c-p", "s-p"] {
          let calls = try await stack.calls(
            "server_port = \(port) AND request_type != 'COMMAND'", point: point, count: 4)
          #expect(calls.map { $0["request_type"] } == ["SET", "GET", "DEBUG", "LPUSH"])
          #expect(calls[1]["request_resource"] == "GET color")
          #expect(abs(duration(calls[2]) - 200_000) <= 41_000)
          #expect(calls[0]["response_status"] == "0")
          #expect(calls[3]["response_status"] != "0")
          #expect(calls[3]["response_exception"]?.hasPrefix("WRONGTYPE") == true)
          #expect(calls.allSatisfy { $0["auto_service_1"] == "redis-server" })
        }
      }
    }

    @Test(arguments: [[], ["+tcp"]]) func everyDNSQueryIsOneCallOnEachSide(
      options: [String]
    ) async throws {
      let stack = try Stack.running
      try await withServer("dnsmasq", prepare: dnsmasq) { port in
        for name in ["a.ok.test", "b.ok.test", "missing.test"] {
          try run("dig", ["@127.0.0.1", "-p", "\(port)", name, "+tries=1", "+time=5"] + options)
        }
        for point in ["c-p", "s-p"] {
          let calls = try await stack.calls("server_port = \(port)", point: point, count: 3)
          #expect(calls.count == 3)
          #expect(
            calls.map { $0["request_resource"] } == ["a.ok.test", "b.ok.test", "missing.test"])
          #expect(calls.map { $0["request_type"] } == ["A", "A", "A"])
          #expect(calls.map { $0["response_status"] } == ["0", "0", "4"])
          #expect(calls[2]["response_code"] == "3")
          #expect(calls.allSatisfy { $0["auto_service_1"] == "dnsmasq" })
        }
      }
    }
  }
}
