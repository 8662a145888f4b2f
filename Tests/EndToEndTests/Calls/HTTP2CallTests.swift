// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

extension EndToEndTests {
  /// Many streams of one connection, in clear and in TLS.
  @Suite struct HTTP2Calls {
    @Test(arguments: [false, true])
    func everyStreamIsOneCallOnEachSide(isEncrypted: Bool) async throws {
      let stack = try Stack.running
      let prepare = { try nginxWithHTTP2($0, $1, isEncrypted: isEncrypted) }
      try await withServer("nginx", prepare: prepare) { port in
        let count = 20
        let scheme = isEncrypted ? "https" : "http"
        let urls = ((0..<count).map { "/items/\($0)?run=\(port)" } + ["/missing"]).map {
          "\(scheme)://127.0.0.1:\(port)\($0)"
        }
        if isEncrypted {
          try run(
            "curl",
            ["-sSk", "--http2", "--parallel"] + urls.flatMap { [$0, "-o", "/dev/null"] })
        } else {
          // curl 7.88 takes a connection in clear for one request only.
          for url in urls { try run("curl", ["-sS", "--http2-prior-knowledge", url]) }
        }
        for point in ["c-p", "s-p"] {
          let calls = try await stack.calls(
            "server_port = \(port) AND request_type != 'ClientHello'", point: point,
            count: count + 1)
          #expect(calls.count == count + 1)
          let resources = Set(calls.map { $0["request_resource"] ?? "" })
          #expect(
            resources == Set((0..<count).map { "/items/\($0)?run=?" } + ["/missing"]))
          #expect(calls.count { $0["response_code"] == "200" } == count)
          #expect(calls.count { $0["response_code"] == "404" } == 1)
          #expect(calls.allSatisfy { $0["is_tls"] == (isEncrypted ? "1" : "0") })
        }
      }
    }
  }
}

/// nginx with `/items/...` (200) and 404 for the rest, in HTTP/2.
private func nginxWithHTTP2(
  _ folder: URL, _ port: Int, isEncrypted: Bool
) throws -> (program: String, arguments: [String]) {
  let (key, certificate) = ("\(folder.path)/own.key", "\(folder.path)/own.crt")
  var encryption = ""
  if isEncrypted {
    try run(
      "openssl",
      [
        "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost", "-days", "2",
        "-keyout", key, "-out", certificate,
      ])
    encryption = "ssl_certificate \(certificate); ssl_certificate_key \(key);"
  }
  let configuration = """
    daemon off; master_process off; pid nginx.pid; error_log stderr; worker_processes 1;
    events { worker_connections 256; }
    http {
      access_log off;
      client_body_temp_path t1; proxy_temp_path t2; fastcgi_temp_path t3; uwsgi_temp_path t4;
      scgi_temp_path t5;
      server {
        listen 127.0.0.1:\(port) \(isEncrypted ? "ssl " : "")http2;
        \(encryption)
        location /items/ { return 200 "an item\\n"; }
        location / { return 404 "missing\\n"; }
      }
    }
    """
  let file = folder.appending(path: "nginx.conf")
  try configuration.write(to: file, atomically: false, encoding: .utf8)
  return ("nginx", ["-p", folder.path + "/", "-c", file.path, "-e", "stderr"])
}
