// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

extension EndToEndTests.Browser {
  /// Unknown, not watched, none yet: each has its own words, and none of them is 0.
  @Test(arguments: [
    ("#/services?from=1000000000&to=1000003600", "Not watched."),
    ("#/calls?resource=no-such-thing", "None yet."),
    ("#/services?last=604800", "watched: since"),
    ("#/services?open=%5B%22service%22,%22nosuch%22,%22HTTP%22%5D", "No service “nosuch” is known"),
    ("#/sql?sql=SELECT%20Count(row)%20AS%20n%20FROM%20l7_flow_log", "the range above"),
    (
      "#/sql?sql=SELECT%20Count(row)%20AS%20n%20FROM%20l7_flow_log%20WHERE%20time%20%3E%201",
      "has a time of its own"
    ),
  ])
  func whatIsNotThereIsSaid(page: String, text: String) async throws {
    _ = try await dom(Stack.running, page) { $0.contains(text) }
  }

  @Test func aServerThatDoesNotAnswerShowsNoZeros() async throws {
    let told = try ScriptedBrowser.evaluate(
      Stack.running, "#/services",
      """
      await until(() => $('#loaded')?.textContent, 'the page');
      window.fetch = () => Promise.reject(new Error('gone'));
      $('#reload').click();
      await until(() => !$('#notice').hidden, 'the notice');
      await until(() => $('#losses').textContent.includes('unknown'), 'the foot');
      location.hash = '#/calls';
      await until(() => $('#page .empty')?.textContent.includes('Unknown'), 'another page');
      return $('#notice').textContent + $('#agents').textContent;
      """)
    #expect(told.contains("The server does not answer"))
    #expect(told.contains("agents: unknown"))
  }

  /// Loopback is not captured beside probes, and says so in place of 0 failures.
  @Test func whatTheNetworkPageDoesNotSeeIsNotWatched() async throws {
    let stack = try Stack.running
    try await withServer("redis-server", prepare: redis) { port in
      try run("redis-cli", ["-p", "\(port)", "SET", "watched", "no"])
      _ = try await stack.calls("server_port = \(port)", point: "s-p", count: 1)
      let page = try await dom(stack, "#/network?by=path&filter=\(port)") {
        $0.contains("not watched")
      }
      #expect(page.contains("loopback: true"))
      let rows = try await stack.query(
        "SELECT toString(_id) AS id, time FROM l7_flow_log WHERE server_port = \(port)")
      let call = try #require(rows.first)
      // Its sockets tell of it, though its packets are not captured.
      _ = try await eventually("the connection's flow", within: .seconds(30)) {
        try await stack.query(
          "SELECT close_type FROM l4_flow_log WHERE server_port = \(port) AND "
            + "observation_point = 'local'"
        ).first
      }
      _ = try await drawer(stack, ["call", call["id"] ?? "", call["time"] ?? ""]) {
        $0.contains("Its flow")
      }
    }
  }

  @Test func theWholeMapIsSeen() async throws {
    let stack = try Stack.running
    try await withServer("nginx", prepare: nginx) { port in
      try run("curl", ["-sS", "http://127.0.0.1:\(port)/items/map"])
      _ = try await stack.calls("server_port = \(port)", point: "s-p", count: 1)
      let fits = try ScriptedBrowser.evaluate(
        stack, "#/map",
        """
        const drawing = await until(() => $('svg.map'), 'the map');
        const [inner, outer] = [drawing, $('#map')].map((part) => part.getBoundingClientRect());
        const fits = inner.width <= outer.width && inner.height <= outer.height;
        $('#map').dispatchEvent(new WheelEvent('wheel', { deltaY: -300, cancelable: true,
          clientX: outer.x + 50, clientY: outer.y + 50 }));
        await until(() => $('svg.map').getBoundingClientRect().width > inner.width, 'a zoom');
        return [fits, location.hash.includes('zoom=')];
        """)
      #expect(fits.contains("[true, true]"))
    }
  }

  /// The chart library has a megabyte; a browser that has it gets 304.
  @Test func theUIIsServedCompressedAndOnce() throws {
    let stack = try Stack.running
    func headers(_ path: String, _ asked: [String]) throws -> String {
      let words = ["-sS", "-D", "-", "-o", "/dev/null"] + asked.flatMap { ["-H", $0] }
      return try run("curl", words + ["http://127.0.0.1:\(stack.http)\(path)"]).output.lowercased()
    }
    let first = try headers("/echarts.min.js", ["Accept-Encoding: gzip"])
    #expect(first.contains("content-encoding: gzip"))
    let tag = try #require(
      first.split(whereSeparator: \.isNewline).first { $0.hasPrefix("etag: ") }?.dropFirst(6))
    let again = try headers("/echarts.min.js", ["If-None-Match: \(tag)"])
    #expect(again.hasPrefix("http/1.1 304"))
    let plain = try headers("/app.js", ["Accept-Encoding: identity", "If-None-Match: \"x\""])
    #expect(plain.hasPrefix("http/1.1 200"))
    #expect(!plain.contains("content-encoding"))
  }
}
