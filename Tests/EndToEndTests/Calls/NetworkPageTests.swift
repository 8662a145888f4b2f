// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

extension EndToEndTests.Browser {
  /// What crossed the wire shows per path and flow by flow, with what the end of a flow means.
  @Test func aCaptureOfRealTrafficShowsInTheNetworkViewAndTheFlowLog() async throws {
    let stack = try Stack.running
    try await withServer("nginx", prepare: nginx) { port in
      let closed = try freePort()
      let urls = (0..<5).map { "http://127.0.0.1:\(port)/items/wire\($0)" }
      try await replaying(stack, ports: [port, closed]) {
        try run("curl", ["-sS"] + urls)
        try run("curl", ["-sS", "http://127.0.0.1:\(closed)/"], checked: false)
      }
      let finished = try await flow(stack, "server_port = \(port) AND close_type = 1")
      let refused = try await flow(stack, "server_port = \(closed) AND close_type = 15")

      let services = try await dom(stack, "#/network") { $0.contains("<svg class=\"spark\"") }
      #expect(services.contains("Failed connections"))
      _ = try await dom(stack, "#/network?by=path&filter=\(port)") {
        $0.contains("<td class=\"number\">\(port)</td>")
      }
      let path = [refused["server"] ?? "", "TCP", refused["client"] ?? "", "\(closed)"]
      let failures = try await drawer(stack, ["network"] + path) { $0.contains("Refused") }
      #expect(failures.contains("nothing listens on that port"))

      let log = try await dom(stack, "#/flows?port=\(port)") { $0.contains(":\(port)") }
      #expect(log.contains("finished"))
      #expect(!log.contains(":\(closed)<"))
      let failed = try await dom(stack, "#/flows?port=\(closed)&end=failed") {
        $0.contains(":\(closed)")
      }
      #expect(failed.contains("refused"))
      let opened = try await drawer(stack, ["flow", finished["id"] ?? "", finished["time"] ?? ""]) {
        $0.contains("TCP health")
      }
      #expect(opened.contains("Both ends closed it with FIN"))
      #expect(opened.contains("Bytes of payload"))
    }
  }

  /// One call seen by both processes and on the wire between them: three hops, told apart.
  @Test func aCallShowsWhereItsTimeWentHopByHop() async throws {
    let stack = try Stack.running
    try await withServer("nginx", prepare: nginx) { port in
      try await replaying(stack, ports: [port]) {
        try run("curl", ["-sS", "http://127.0.0.1:\(port)/items/hops"])
      }
      let here = "server_port = \(port) AND request_resource = '/items/hops'"
      for point in ["c-p", "local", "s-p"] {
        _ = try await stack.calls(here, point: point, count: 1)
      }
      let rows = try await stack.query(
        "SELECT toString(_id) AS id, time FROM l7_flow_log "
          + "WHERE \(here) AND observation_point = 'c-p'")
      let call = try #require(rows.first)
      let opened = try await drawer(stack, ["call", call["id"] ?? "", call["time"] ?? ""]) {
        $0.contains("local: a loopback interface")
      }
      #expect(opened.contains("c-p: system calls"))
      #expect(opened.contains("s-p: system calls"))
      #expect(opened.contains("client’s system"))
      #expect(opened.contains("server’s system"))
      let log = try await dom(stack, "#/calls?resource=hops") { $0.contains("/items/hops") }
      #expect(
        log.contains("client process … server process, 3 points"), "three records are one call")
    }
  }

  /// Captures what `traffic` does on the loopback interface, and sends the server what an agent
  /// makes of it.
  private func replaying(
    _ stack: Stack, ports: [Int], traffic: () throws -> Void
  ) async throws {
    let file = stack.folder.appending(path: "wire-\(UUID().uuidString.prefix(8)).pcap")
    let filter = ports.map { "tcp port \($0)" }.joined(separator: " or ")
    let tcpdump = try RunningProgram(
      "tcpdump", ["-i", "lo", "--immediate-mode", "-U", "-w", file.path, "-Z", "root", filter],
      in: stack.folder)
    _ = try await eventually("tcpdump listens", within: .seconds(30)) {
      tcpdump.output.contains("listening on") ? true : nil
    }
    try traffic()
    await tcpdump.stop(SIGINT)
    try run(
      Stack.product("metaflow-agent"),
      ["replay", "--server", "127.0.0.1:\(stack.ingest)", "--local", "127.0.0.1", file.path])
  }

  /// The flow that matches, once it is stored.
  private func flow(_ stack: Stack, _ condition: String) async throws -> Row {
    try await eventually("a flow where \(condition)", within: .seconds(30)) {
      try await stack.query(
        "SELECT toString(_id) AS id, time, auto_service_0 AS client, auto_service_1 AS server "
          + "FROM l4_flow_log WHERE \(condition)"
      ).first
    }
  }
}
