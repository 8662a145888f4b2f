// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

extension EndToEndTests {
  /// OTLP over gRPC, with curl for a client that does what it is told.
  @Suite struct GRPCSpans {
    private static let path = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"

    /// A request with one span that began at `time`, as protocol buffers have it.
    private func request(trace: UInt8, span: UInt8, time: UInt64) -> [UInt8] {
      func field(_ number: UInt8, _ bytes: [UInt8]) -> [UInt8] {
        [number << 3 | 2, UInt8(bytes.count)] + bytes
      }
      func fixed(_ number: UInt8, _ value: UInt64) -> [UInt8] {
        [number << 3 | 1] + (0..<8).map { UInt8(truncatingIfNeeded: value >> UInt64($0 * 8)) }
      }
      let span =
        field(1, [UInt8](repeating: trace, count: 16))
        + field(2, [UInt8](repeating: span, count: 8))
        + field(5, Array("by grpc".utf8)) + fixed(7, time) + fixed(8, time + 1_000)
      return field(1, field(2, field(2, span)))
    }

    /// Calls, and gives the headers and trailers that came back.
    private func call(
      _ stack: Stack, _ message: [UInt8], flag: UInt8 = 0, length: UInt32? = nil,
      path: String = path, fields: [String] = []
    ) throws -> String {
      let folder = try temporaryFolder("grpc")
      defer { try? FileManager.default.removeItem(at: folder) }
      let count = length ?? UInt32(message.count)
      let prefix = [flag] + (0..<4).map { UInt8(truncatingIfNeeded: count >> UInt32(24 - $0 * 8)) }
      let body = folder.appending(path: "body")
      try Data(prefix + message).write(to: body)
      return try run(
        "curl",
        [
          "-sS", "--http2-prior-knowledge", "--max-time", "20", "-D", "-", "-o", "/dev/null",
          "-H", "Content-Type: application/grpc", "-H", "TE: trailers",
        ] + fields.flatMap { ["-H", $0] } + [
          "--data-binary", "@\(body.path)", "http://127.0.0.1:\(stack.grpc)\(path)",
        ]
      ).output
    }

    @Test func aSpanIsTaken() async throws {
      let stack = try Stack.running
      let now = UInt64(Date().timeIntervalSince1970) * 1_000_000_000
      let answer = try call(stack, request(trace: 0x71, span: 0x72, time: now))
      #expect(answer.contains("grpc-status: 0"), "\(answer)")
      let trace = String(repeating: "71", count: 16)
      let rows = try await eventually("the span is stored", within: .seconds(30)) {
        let rows = try await stack.query(
          "SELECT endpoint, observation_point FROM l7_flow_log WHERE trace_id = '\(trace)' LIMIT 9")
        return rows.isEmpty ? nil : rows
      }
      #expect(rows.count == 1 && rows[0]["endpoint"] == "by grpc")
    }

    @Test func aRefusalHasAStatus() async throws {
      let stack = try Stack.running
      let good = request(trace: 1, span: 1, time: 1_790_000_000_000_000_000)
      let cases: [(String, String)] = [
        (try call(stack, [0x0a]), "grpc-status: 3"),
        (try call(stack, good, length: 4), "grpc-status: 3"),
        (try call(stack, good, flag: 1, fields: ["grpc-encoding: gzip"]), "grpc-status: 3"),
        (try call(stack, good, fields: ["grpc-encoding: br"]), "grpc-status: 12"),
        (try call(stack, good, path: "/a/b"), "grpc-status: 12"),
      ]
      for (answer, status) in cases { #expect(answer.contains(status), "\(answer)") }
      #expect(stack.server.isRunning)
      #expect(try call(stack, good).contains("grpc-status: 0"))
    }
  }
}
