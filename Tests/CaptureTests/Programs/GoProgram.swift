// SPDX-License-Identifier: Apache-2.0

import Foundation
import Glibc
import Testing

/// A program of Go that serves over TLS and asks, built by the pinned toolchain.
final class GoProgram {
  private static let root = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
  private static var toolchain: String { root.appending(path: ".bootstrap/go").path }

  static var isPossible: Bool {
    FileManager.default.isExecutableFile(atPath: toolchain + "/bin/go")
  }

  private static let source = """
    package main

    import (
    	"bufio"
    	"crypto/tls"
    	"fmt"
    	"io"
    	"net"
    	"net/http"
    	"os"
    )

    // A connection in a connection, as proxies and meters have them.
    type metered struct {
    	net.Conn
    	count int
    }

    type meter struct{ net.Listener }

    func (m meter) Accept() (net.Conn, error) {
    	connection, err := m.Listener.Accept()
    	return &metered{Conn: connection}, err
    }

    func serve(files, protocol string) {
    	certificate, err := tls.LoadX509KeyPair(files+".crt", files)
    	if err != nil {
    		panic(err)
    	}
    	listener, err := net.Listen("tcp", "127.0.0.1:0")
    	if err != nil {
    		panic(err)
    	}
    	fmt.Println(listener.Addr().(*net.TCPAddr).Port)
    	handler := func(w http.ResponseWriter, r *http.Request) {
    		fmt.Fprintf(w, "you asked for %s\\n", r.URL.Path)
    	}
    	server := http.Server{Handler: http.HandlerFunc(handler)}
    	configuration := tls.Config{Certificates: []tls.Certificate{certificate}, NextProtos: []string{protocol}}
    	panic(server.Serve(tls.NewListener(meter{listener}, &configuration)))
    }

    // Asks for the address that each line of the input has.
    func ask(protocol string) {
    	transport := http.Transport{
    		ForceAttemptHTTP2: protocol == "h2", TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}
    	client := http.Client{Transport: &transport}
    	lines := bufio.NewScanner(os.Stdin)
    	for lines.Scan() {
    		answer, err := client.Get(lines.Text())
    		if err != nil {
    			panic(err)
    		}
    		io.Copy(os.Stdout, answer.Body)
    		answer.Body.Close()
    	}
    }

    func main() {
    	if len(os.Args) > 2 {
    		serve(os.Args[2], os.Args[1])
    	} else {
    		ask(os.Args[1])
    	}
    }
    """

  private let folder: URL
  let path: String

  /// - Parameter flags: to the linker, as `-s`, which strips.
  init(flags: String = "") throws {
    folder = try TLSServer.folder()
    path = folder.appending(path: "program").path
    try Self.source.write(
      to: folder.appending(path: "main.go"), atomically: true, encoding: .utf8)
    try "module example\ngo 1.21\n".write(
      to: folder.appending(path: "go.mod"), atomically: true, encoding: .utf8)
    try TLSServer.run(
      "sh",
      [
        "-c",
        """
        cd '\(folder.path)'
        GOROOT='\(Self.toolchain)' GOCACHE='\(Self.toolchain)/cache' GOPATH='\(folder.path)/path' \
        GOTOOLCHAIN=local GOFLAGS=-mod=mod CGO_ENABLED=0 HOME='\(folder.path)' \
        '\(Self.toolchain)/bin/go' build -ldflags '\(flags)' -o program .
        """,
      ])
  }

  deinit { try? FileManager.default.removeItem(at: folder) }

  /// Starts a server; it ends with what is returned.
  func serve(_ protocolName: String) throws -> GoServer {
    let key = folder.appending(path: "own").path
    try TLSServer.run(
      "openssl",
      [
        "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost", "-days", "2",
        "-keyout", key, "-out", key + ".crt",
      ])
    return try GoServer(path, [protocolName, key])
  }

  /// Asks for one address after the other, over one connection; what was answered.
  func ask(_ addresses: [String], _ protocolName: String) throws -> String {
    try TLSServer.run(
      "sh",
      ["-c", "printf '%s\\n' \(addresses.joined(separator: " ")) | '\(path)' \(protocolName)"])
  }
}

/// A server of its own process.
final class GoServer {
  private let process = Process()
  let port: UInt16
  var processID: UInt32 { UInt32(process.processIdentifier) }

  init(_ path: String, _ arguments: [String]) throws {
    let output = Pipe()
    process.executableURL = URL(filePath: path)
    process.arguments = arguments
    process.standardOutput = output
    try process.run()
    let line = String(decoding: output.fileHandleForReading.availableData, as: UTF8.self)
    port = try #require(UInt16(line.filter(\.isNumber)), "the server did not start")
  }

  deinit {
    kill(process.processIdentifier, SIGKILL)
    process.waitUntilExit()
  }
}
