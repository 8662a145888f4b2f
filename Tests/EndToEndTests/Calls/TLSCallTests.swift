// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

extension EndToEndTests {
  /// Calls inside TLS, read in the programs' own library.
  @Suite struct TLSCalls {
    @Test func everyRequestIsOneCallOnEachSide() async throws {
      let stack = try Stack.running
      try await withServer("nginx", prepare: nginxWithTLS) { port in
        let count = 10
        try run(
          "curl", ["-sSk"] + (0..<count).map { "https://127.0.0.1:\(port)/items/\($0)?run=\(port)" }
        )
        var places: [Set<String>] = []
        for point in ["c-p", "s-p"] {
          let calls = try await stack.calls(
            "server_port = \(port) AND request_type != 'ClientHello'", point: point, count: count)
          #expect(calls.count == count)
          for (index, call) in calls.enumerated() {
            #expect(call["request_type"] == "GET")
            #expect(call["request_resource"] == "/items/\(index)?run=?")
            #expect(call["response_code"] == "200")
            #expect(call["is_tls"] == "1")
            #expect(call["auto_service_0"] == "curl")
            #expect(call["auto_service_1"] == "nginx")
          }
          places.append(
            Set(calls.map { "\($0["req_tcp_seq"] ?? "") \($0["resp_tcp_seq"] ?? "")" }))
        }
        // Both ends name the same places in the stream, so that their records are joined.
        #expect(places[0] == places[1] && places[0].count == count)
      }
    }
  }
}

/// nginx with `/items/...` (200) inside TLS.
private func nginxWithTLS(
  _ folder: URL, _ port: Int
) throws -> (program: String, arguments: [String]) {
  let (key, certificate) = ("\(folder.path)/own.key", "\(folder.path)/own.crt")
  try run(
    "openssl",
    [
      "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost", "-days", "2",
      "-keyout", key, "-out", certificate,
    ])
  let configuration = """
    daemon off; master_process off; pid nginx.pid; error_log stderr; worker_processes 1;
    events { worker_connections 256; }
    http {
      access_log off;
      client_body_temp_path t1; proxy_temp_path t2; fastcgi_temp_path t3; uwsgi_temp_path t4;
      scgi_temp_path t5;
      server {
        listen 127.0.0.1:\(port) ssl;
        ssl_certificate \(certificate); ssl_certificate_key \(key);
        location /items/ { return 200 "an item\\n"; }
      }
    }
    """
  let file = folder.appending(path: "nginx.conf")
  try configuration.write(to: file, atomically: false, encoding: .utf8)
  return ("nginx", ["-p", folder.path + "/", "-c", file.path, "-e", "stderr"])
}
