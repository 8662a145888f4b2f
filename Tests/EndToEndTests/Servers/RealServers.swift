// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport

/// A real server on a free port of 127.0.0.1, in a folder of its own, for the length of `body`.
///
/// - Parameter prepare: makes the folder ready and gives the command line.
func withServer<Result>(
  _ name: String, isolation: isolated (any Actor)? = #isolation,
  prepare: (URL, Int) throws -> (program: String, arguments: [String]),
  _ body: (Int) async throws -> Result
) async throws -> Result {
  let folder = try temporaryFolder(name)
  defer { try? FileManager.default.removeItem(at: folder) }
  let port = try freePort()
  let command = try prepare(folder, port)
  let server = try RunningProgram(command.program, command.arguments, in: folder)
  do {
    _ = try await eventually("\(name) listens", within: .seconds(60)) {
      guard server.isRunning else { throw HarnessFailure("\(name) ended: \(server.output)") }
      return accepts(port: port) ? true : nil
    }
    let result = try await body(port)
    await server.stop()
    return result
  } catch {
    await server.stop()
    throw error
  }
}

/// nginx with `/items/...` (200), `/broken` (503) and 404 for the rest.
func nginx(_ folder: URL, _ port: Int) throws -> (program: String, arguments: [String]) {
  let configuration = """
    daemon off; master_process off; pid nginx.pid; error_log stderr; worker_processes 1;
    events { worker_connections 256; }
    http {
      access_log off; keepalive_requests 1000000;
      client_body_temp_path t1; proxy_temp_path t2; fastcgi_temp_path t3; uwsgi_temp_path t4;
      scgi_temp_path t5;
      server {
        listen 127.0.0.1:\(port);
        location /items/ { return 200 "an item\\n"; }
        location /broken { return 503 "broken\\n"; }
        location /large { alias \(folder.path)/large.bin; }
        location / { return 404 "missing\\n"; }
      }
    }
    """
  try configuration.write(
    to: folder.appending(path: "nginx.conf"), atomically: true, encoding: .utf8)
  try Data(repeating: UInt8(ascii: "x"), count: 300_000)
    .write(to: folder.appending(path: "large.bin"))
  return ("nginx", ["-p", folder.path + "/", "-c", folder.path + "/nginx.conf", "-e", "stderr"])
}

func mariaDB(_ folder: URL, _ port: Int) throws -> (program: String, arguments: [String]) {
  let data = folder.appending(path: "data").path
  try run(
    "mariadb-install-db",
    [
      "--no-defaults", "--datadir=\(data)", "--auth-root-authentication-method=normal",
      "--skip-test-db", "--user=root",
    ])
  return (
    "mariadbd",
    [
      "--no-defaults", "--datadir=\(data)", "--port=\(port)", "--bind-address=127.0.0.1",
      "--socket=\(folder.path)/s", "--user=root", "--skip-log-bin",
      "--innodb-flush-log-at-trx-commit=0",
    ]
  )
}

/// PostgreSQL refuses to run as root, so it runs as the user its package made.
func postgreSQL(_ folder: URL, _ port: Int) throws -> (program: String, arguments: [String]) {
  let versions = try FileManager.default.contentsOfDirectory(atPath: "/usr/lib/postgresql")
  guard let version = versions.sorted().last else { throw HarnessFailure("no PostgreSQL") }
  let bin = "/usr/lib/postgresql/\(version)/bin"
  let data = folder.appending(path: "data").path
  try run("chown", ["postgres", folder.path])
  try run(
    "runuser",
    ["-u", "postgres", "--", "\(bin)/initdb", "-D", data, "-A", "trust", "--no-sync", "-E", "UTF8"])
  return (
    "setpriv",
    [
      "--reuid", "postgres", "--regid", "postgres", "--clear-groups", "\(bin)/postgres", "-D", data,
      "-p", "\(port)", "-c", "listen_addresses=127.0.0.1", "-c",
      "unix_socket_directories=\(folder.path),/tmp", "-c", "fsync=off",
    ]
  )
}

func redis(_ folder: URL, _ port: Int) throws -> (program: String, arguments: [String]) {
  (
    "redis-server",
    [
      "--port", "\(port)", "--bind", "127.0.0.1", "--save", "", "--dir", folder.path,
      "--unixsocket", "/tmp/metaflow-test-\(port).redis",
      "--enable-debug-command", "yes",
    ]
  )
}

/// dnsmasq that knows `*.ok.test` and says NXDOMAIN to the rest of `test`. Listens on UDP and TCP.
func dnsmasq(_ folder: URL, _ port: Int) throws -> (program: String, arguments: [String]) {
  (
    "dnsmasq",
    [
      "--no-daemon", "--port=\(port)", "--listen-address=127.0.0.1", "--bind-interfaces",
      "--no-resolv", "--no-hosts", "--conf-file=/dev/null", "--user=root", "--local=/test/",
      "--address=/ok.test/192.0.2.7", "--pid-file=\(folder.path)/pid",
    ]
  )
}
