// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

extension EndToEndTests {
  @Suite struct HTTPCalls {
    /// The bar of the design: what the client measured, within 20 % and a millisecond.
    private func isNear(_ seen: Double, measured: Double) -> Bool {
      abs(seen - measured) <= measured * 0.2 + 1_000
    }

    @Test func everyRequestIsOneCallOnEachSideAndLastsAsLongAsTheClientMeasured() async throws {
      let stack = try Stack.running
      try await withServer("nginx", prepare: nginx) { port in
        let count = 20
        let urls = (0..<count).map { "http://127.0.0.1:\(port)/items/\($0)/x?run=\(port)" }
        let measured = try run(
          "curl",
          ["-sS", "-w", "%{stderr}%{time_pretransfer} %{time_total}\\n"] + urls
        ).errors.split(separator: "\n").map { line in
          let times = line.split(separator: " ").compactMap { Double($0) }
          return (times[1] - times[0]) * 1e6
        }
        try #require(measured.count == count)
        for point in ["c-p", "s-p"] {
          let calls = try await stack.calls("server_port = \(port)", point: point, count: count)
          #expect(calls.count == count)
          for (index, call) in calls.enumerated() {
            #expect(call["request_type"] == "GET")
            #expect(call["request_resource"] == "/items/\(index)/x?run=?")
            #expect(call["endpoint"] == "/items/{id}/x")
            #expect(call["response_status"] == "0")
            #expect(call["response_code"] == "200")
            #expect(call["auto_service_0"] == "curl")
            #expect(call["auto_service_1"] == "nginx")
          }
          guard point == "c-p" else { continue }
          for (call, duration) in zip(calls, measured) {
            let seen = Double(call["response_duration"] ?? "") ?? -1
            #expect(isNear(seen, measured: duration), "saw \(seen) us, curl \(duration) us")
          }
        }
      }
    }

    @Test(arguments: [("/missing", "404", "4"), ("/broken", "503", "3")])
    func errorsBlameTheRightSide(path: String, code: String, status: String) async throws {
      let stack = try Stack.running
      try await withServer("nginx", prepare: nginx) { port in
        try run("curl", ["-sS", "http://127.0.0.1:\(port)\(path)"])
        for point in ["c-p", "s-p"] {
          let calls = try await stack.calls("server_port = \(port)", point: point, count: 1)
          #expect(calls.count == 1)
          #expect(calls[0]["response_code"] == code)
          #expect(calls[0]["response_status"] == status)
        }
      }
    }

    /// The body arrives over many reads and goes out by sendfile, whose bytes no probe can read.
    @Test func aLargeBodyIsOneCall() async throws {
      let stack = try Stack.running
      try await withServer("nginx", prepare: nginx) { port in
        let url = "http://127.0.0.1:\(port)/large"
        try run("curl", ["-sS", "-o", "/dev/null", url, "-o", "/dev/null", url])
        for point in ["c-p", "s-p"] {
          let calls = try await stack.calls("server_port = \(port)", point: point, count: 2)
          #expect(calls.count == 2)
          #expect(calls.allSatisfy { $0["response_code"] == "200" })
        }
      }
    }

    @Test func traceHeadersAreRead() async throws {
      let stack = try Stack.running
      try await withServer("nginx", prepare: nginx) { port in
        let trace = "0af7651916cd43dd8448eb211c80319c"
        try run(
          "curl",
          [
            "-sS", "-H", "traceparent: 00-\(trace)-b7ad6b7169203331-01",
            "http://127.0.0.1:\(port)/items/1",
          ])
        let calls = try await stack.calls("trace_id = '\(trace)'", point: "s-p", count: 1)
        #expect(calls.count == 1)
        #expect(calls[0]["server_port"] == "\(port)")
      }
    }
  }
}
