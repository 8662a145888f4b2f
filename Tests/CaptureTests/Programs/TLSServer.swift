// SPDX-License-Identifier: Apache-2.0

import Foundation
import Glibc
import Testing

/// A TLS server of its own process on loopback, in Python, and clients of it.
final class TLSServer {
  let process = Process()
  let port: UInt16
  private let files: URL

  /// Whether the programs are there that it takes.
  static var isPossible: Bool {
    let folders = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
    return ["python3", "openssl", "curl"].allSatisfy { name in
      folders.contains { FileManager.default.isExecutableFile(atPath: "\($0)/\(name)") }
    }
  }

  static func folder() throws -> URL {
    let folder = FileManager.default.temporaryDirectory.appending(path: "metaflow-tls-\(UUID())")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    return folder
  }

  private static let program = """
    import http.server, ssl, sys
    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = 'HTTP/1.1' if len(sys.argv) > 2 else 'HTTP/1.0'
        def do_GET(self):
            body = ('you asked for %s\\n' % self.path).encode()
            head = '%s 200 OK\\r\\nContent-Length: %d\\r\\n\\r\\n' % (self.protocol_version, len(body))
            self.wfile.write(head.encode() + body)
        def log_message(self, *arguments): pass
    server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[1])
    server.socket = context.wrap_socket(server.socket, server_side=True)
    print(server.server_address[1], flush=True)
    server.serve_forever()
    """

  /// - Parameter library: a folder whose libraries are taken before the host's.
  init(library: URL? = nil, isKeptAlive: Bool = false) throws {
    files = try Self.folder()
    let certificate = files.appending(path: "own.pem")
    try Self.run(
      "openssl",
      [
        "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost", "-days", "2",
        "-keyout", certificate.path, "-out", certificate.path + ".crt",
      ])
    try Self.run("sh", ["-c", "cat '\(certificate.path).crt' >> '\(certificate.path)'"])
    let output = Pipe()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments =
      ["python3", "-c", Self.program, certificate.path] + (isKeptAlive ? ["1.1"] : [])
    if let library {
      process.environment = ProcessInfo.processInfo.environment.merging(
        ["LD_LIBRARY_PATH": library.path]) { $1 }
    }
    process.standardOutput = output
    try process.run()
    let line = String(decoding: output.fileHandleForReading.availableData, as: UTF8.self)
    port = try #require(UInt16(line.filter(\.isNumber)), "the server did not start")
  }

  deinit {
    stop()
    try? FileManager.default.removeItem(at: files)
  }

  func stop() {
    guard process.isRunning else { return }
    // A child has the signal mask of the thread that started it, which may block the others.
    kill(process.processIdentifier, SIGKILL)
    process.waitUntilExit()
  }

  /// Asks for a path by curl, by GnuTLS's client, or by Python; what was answered.
  func get(_ path: String, with client: String = "curl") throws -> String {
    let url = "https://127.0.0.1:\(port)\(path)"
    if client == "gnutls-cli" {
      // It minds that the server ends without a word.
      return try Self.run(
        "gnutls-cli", ["--insecure", "--no-ca-verification", "127.0.0.1", "-p", "\(port)"],
        input: "GET \(path) HTTP/1.0\r\n\r\n", isChecked: false)
    }
    guard client == "python" else { return try Self.run("curl", ["-sSk", url]) }
    let program = """
      import ssl, urllib.request
      print(urllib.request.urlopen('\(url)', context=ssl._create_unverified_context()).read().decode(), end='')
      """
    return try Self.run("python3", ["-c", program])
  }

  /// A client that asks over one connection.
  func keepAlive() throws -> TLSClient { try TLSClient(port: port) }

  /// - Parameter input: what the program is given; its input stays open until it ends.
  @discardableResult
  static func run(
    _ name: String, _ arguments: [String], input: String = "", isChecked: Bool = true
  ) throws -> String {
    let process = Process()
    let (typed, output, errors) = (Pipe(), Pipe(), Pipe())
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = [name] + arguments
    process.standardOutput = output
    process.standardError = errors
    if !input.isEmpty { process.standardInput = typed }
    try process.run()
    try typed.fileHandleForWriting.write(contentsOf: Data(input.utf8))
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    let wrong = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    withExtendedLifetime(typed) {}
    try #require(!isChecked || process.terminationStatus == 0, "\(name): \(wrong)")
    return text
  }
}

/// A TLS client of its own process that asks for one path after another over one connection.
final class TLSClient {
  private let process = Process()
  private let (input, output) = (Pipe(), Pipe())

  init(port: UInt16) throws {
    let program = """
      import http.client, ssl, sys
      c = http.client.HTTPSConnection('127.0.0.1', \(port), context=ssl._create_unverified_context())
      for line in sys.stdin:
          c.request('GET', line.strip())
          print(c.getresponse().read().decode().strip(), flush=True)
      """
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = ["python3", "-c", program]
    process.standardInput = input
    process.standardOutput = output
    try process.run()
  }

  /// Returns when the answer is there.
  func ask(_ path: String) throws {
    try input.fileHandleForWriting.write(contentsOf: Data("\(path)\n".utf8))
    var answer = ""
    while !answer.hasSuffix("\n") {
      let more = output.fileHandleForReading.availableData
      try #require(!more.isEmpty, "the client ended")
      answer += String(decoding: more, as: UTF8.self)
    }
    try #require(answer == "you asked for \(path)\n")
  }

  func stop() {
    try? input.fileHandleForWriting.close()
    process.waitUntilExit()
  }
}
