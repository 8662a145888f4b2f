// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

extension EndToEndTests {
  /// Calls between containers, seen at every place that they pass.
  @Suite struct Hops {
    /// From one container of a node to another: at each process, at each container's own interface, and
    /// at the node's end of each container's link.
    @Test func aCallBetweenContainersIsSeenHopByHop() async throws {
      let stack = try Stack.running
      let watched = try stack.agentMetric("metaflow_agent_interfaces")
      let pods = try Pods()
      defer { pods.remove() }
      let server = try RunningProgram(
        "ip",
        [
          "netns", "exec", pods.server, "python3", "-m", "http.server", "8080", "--protocol",
          "HTTP/1.1", "--directory", stack.folder.appending(path: "nothing").path,
        ], in: stack.folder)
      _ = try await eventually("the links of both containers are captured at both ends") {
        try stack.agentMetric("metaflow_agent_interfaces") >= watched + 4 ? true : nil
      }
      let path = "/hop/by/hop/\(UUID().uuidString)"
      try run(
        "ip",
        [
          "netns", "exec", pods.client, "curl", "-sS", "--retry", "30", "--retry-connrefused",
          "http://10.79.2.2:8080\(path)",
        ])
      let hops = try await eventually("all hops of the call", within: .seconds(60)) {
        () -> [String]? in
        let hops = try await points(of: path, stack)
        return hops.count >= 6 ? hops : nil
      }
      #expect(hops == ["c-p", "c", "c-nd", "s-nd", "s", "s-p"])
      await server.stop()
    }

    /// The observation points of a call, in the order of its path.
    private func points(of path: String, _ stack: Stack) async throws -> [String] {
      let rows = try await stack.query(
        "SELECT toString(_id) AS id FROM l7_flow_log WHERE request_resource = '\(path)' LIMIT 1")
      guard let id = rows.first?["id"] else { return [] }
      let answer = try await stack.get("/v1/calls/\(id)/hops")
      let object = try JSONSerialization.jsonObject(with: Data(answer.utf8)) as? [String: Any]
      let hops = object?["hops"] as? [[String: Any]] ?? []
      return hops.compactMap { $0["observation_point"] as? String }
    }
  }
}

/// A node with two containers, 10.79.1.2 and 10.79.2.2, that reach each other through it.
private struct Pods {
  let node: String
  let client: String
  let server: String

  init() throws {
    let number = getpid()
    (node, client, server) = ("mf-node-\(number)", "mf-client-\(number)", "mf-server-\(number)")
    for name in [node, client, server] { try ip("netns", "add", name) }
    do {
      try ip("netns", "exec", node, "sysctl", "-qw", "net.ipv4.ip_forward=1")
      for (pod, number) in [(client, 1), (server, 2)] {
        let outer = "mfpod\(number)"
        try ip(
          "-n", node, "link", "add", outer, "type", "veth", "peer", "name", "eth0", "netns", pod)
        try ip("-n", node, "address", "add", "10.79.\(number).1/24", "dev", outer)
        try ip("-n", pod, "address", "add", "10.79.\(number).2/24", "dev", "eth0")
        try ip("-n", node, "link", "set", outer, "up")
        try ip("-n", pod, "link", "set", "eth0", "up")
        try ip("-n", pod, "route", "add", "default", "via", "10.79.\(number).1")
      }
    } catch {
      remove()
      throw error
    }
  }

  func remove() {
    for name in [client, server, node] { try? ip("netns", "del", name) }
  }

  private func ip(_ words: String...) throws {
    try run("ip", words)
  }
}
