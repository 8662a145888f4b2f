// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

extension EndToEndTests {
  /// Programs of one host that talk through UNIX sockets, as databases and their clients do.
  @Suite struct UnixSockets {
    @Test func everyRedisCommandIsOneCallOnEachSide() async throws {
      let stack = try Stack.running
      try await withServer("redis", prepare: redis) { port in
        let path = "/tmp/metaflow-test-\(port).redis"
        try run(
          "redis-cli", ["-s", path], input: "SET unix\(port) blue\nLPUSH unix\(port) x\n",
          checked: false)
        try await expectBothSides(
          stack, "request_resource LIKE '* unix\(port)*'", count: 2, server: "redis-server",
          path: path)
      }
    }

    @Test func everyPostgreSQLStatementIsOneCallOnEachSide() async throws {
      let stack = try Stack.running
      try await withServer("postgresql", prepare: postgreSQL) { port in
        try run(
          "psql",
          [
            "-X", "-q", "-h", "/tmp", "-p", "\(port)", "-U",
            "postgres", "postgres",
          ], input: "CREATE TABLE unix\(port) (id int);", checked: false)
        try await expectBothSides(
          stack, "request_resource LIKE '*unix\(port)*'", count: 1, server: "postgres", path: nil)
      }
    }

    private func expectBothSides(
      _ stack: Stack, _ condition: String, count: Int, server: String, path: String?
    ) async throws {
      for point in ["c-p", "s-p"] {
        let calls = try await stack.calls(
          "protocol = 255 AND \(condition)", point: point, count: count)
        #expect(calls.count == count)
        // A process that has just begun may be named a moment after its first call is there.
        let isNamed = try await eventually {
          try await stack.calls("protocol = 255 AND \(condition)", point: point, count: count)
            .allSatisfy { $0["auto_service_1"] == server }
        }
        #expect(isNamed, "\(calls.map { $0["auto_service_1"] ?? "" })")
        #expect(calls.allSatisfy { $0["server_port"] == "0" })
        if let path { #expect(calls.allSatisfy { $0["request_domain"] == path }) }
      }
    }
  }
}
