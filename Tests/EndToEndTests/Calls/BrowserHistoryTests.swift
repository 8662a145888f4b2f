// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

extension EndToEndTests.Browser {
  /// Opening, drilling, zooming and choosing push; Back returns to each.
  @Test func backReturnsToWhatWasLookedAtBefore() async throws {
    let stack = try Stack.running
    try await withServer("nginx", prepare: nginx) { port in
      try run("curl", ["-sS", "http://127.0.0.1:\(port)/items/back"])
      _ = try await stack.calls("server_port = \(port)", point: "s-p", count: 1)
      let steps = try ScriptedBrowser.evaluate(
        stack, "#/services?last=900",
        """
        const title = (text) => until(() => $('#drawer h1')?.textContent === text, text);
        (await until(() => row('#page', 'nginx'), 'nginx is listed')).click();
        await title('nginx');
        (await until(() => row('#drawer', 'curl'), 'its caller')).click();
        await title('curl');
        const trail = $('.trail').textContent;
        history.back();
        await title('nginx');
        history.back();
        await until(() => $('#drawer').hidden, 'the drawer is closed again');
        const range = $('#range select');
        range.value = '3600';
        range.dispatchEvent(new Event('change'));
        await until(() => location.hash.includes('last=3600'), 'another range');
        history.back();
        await until(() => $('#range select').value === '900', 'the range of before');
        [...document.querySelectorAll('#page th button')]
          .find((head) => head.textContent === 'Errors').click();
        await until(() => location.hash.includes('sort=errors'), 'another order');
        const field = $('[data-first]');
        for (const text of ['n', 'ng', 'ngi']) {
          field.value = text;
          field.dispatchEvent(new Event('input'));
        }
        await until(() => location.hash.includes('filter=ngi'), 'a filter');
        history.back();
        await until(() => !location.hash.includes('sort'), 'one step, whatever was typed');
        return [trail, location.hash];
        """)
      #expect(steps.contains("nginx"))
      #expect(steps.contains("#/services?last=900"))
      #expect(!steps.contains("filter"))
    }
  }

  @Test(arguments: ["#/nosuchpage", "#/constructor", "#/__proto__"])
  func aPageThatDoesNotExistSaysSo(page: String) async throws {
    _ = try await dom(Stack.running, page) { $0.contains("There is no page") }
  }

  /// A filter is put to the call: the half that its server saw stays.
  @Test func aSlowCallKeepsWhatItsServerTook() async throws {
    let stack = try Stack.running
    try await withServer("nginx", prepare: nginx) { port in
      try run("curl", ["-sS", "http://127.0.0.1:\(port)/items/halves"])
      for point in ["c-p", "s-p"] {
        _ = try await stack.calls("server_port = \(port)", point: point, count: 1)
      }
      // Between what the server took and what the client waited.
      let rows = try await stack.query(
        "SELECT observation_point, response_duration FROM l7_flow_log WHERE server_port = \(port)")
      let waited = try #require(
        rows.first { $0["observation_point"] == "c-p" }?["response_duration"])
      let page = try await dom(
        stack, "#/calls?resource=halves&slower=\(waited)us&sort=response_duration-"
      ) { $0.contains("/items/halves") }
      #expect(page.contains("both processes"))
      #expect(page.contains("1 call<"))
    }
  }

  /// From an error to the calls that its server made meanwhile, the failed ones first.
  @Test func anErrorShowsWhatItsServerCalledMeanwhile() async throws {
    let stack = try Stack.running
    try await withServer("nginx", prepare: nginx) { port in
      let front = try freePort()
      let proxy = try RunningProgram(
        "python3", ["-c", Self.failingProxy, "\(front)", "http://127.0.0.1:\(port)/broken"],
        in: stack.folder)
      try run(
        "curl",
        ["-sS", "--retry", "30", "--retry-connrefused", "http://127.0.0.1:\(front)/outer"])
      for point in ["c-p", "s-p"] {
        _ = try await stack.calls("server_port = \(front)", point: point, count: 1)
      }
      _ = try await stack.calls("server_port = \(port)", point: "c-p", count: 1)
      let rows = try await stack.query(
        "SELECT toString(_id) AS id, time FROM l7_flow_log WHERE server_port = \(front)")
      let call = try #require(rows.first)
      let opened = try await drawer(stack, ["call", call["id"] ?? "", call["time"] ?? ""]) {
        $0.contains("called meanwhile")
      }
      #expect(opened.contains("1 of 1 failed"))
      #expect(opened.contains("GET /broken"))
      await proxy.stop()
    }
  }

  /// Answers 501 when what it asks does not answer 200.
  private static let failingProxy = """
    import http.server, sys, urllib.error, urllib.request
    class Proxy(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            try:
                status = urllib.request.urlopen(sys.argv[2]).status
            except urllib.error.HTTPError as failure:
                status = 501
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()
    http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Proxy).serve_forever()
    """
}
