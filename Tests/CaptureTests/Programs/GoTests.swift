// SPDX-License-Identifier: Apache-2.0

import Foundation
import Telemetry
import Testing

@testable import Capture

extension KernelTests {
  /// Plain text of real programs in Go, whose linker may have stripped them.
  @Suite(.enabled(if: GoProgram.isPossible && TLSServer.isPossible)) struct GoTests {
    @Test(arguments: [(KernelTests.bothHooks[0], ""), (KernelTests.bothHooks[1], "-s -w")])
    func bothSidesAreReadWithTheirPlaces(
      hooks: ProbeOptions.SocketHooks, flags: String
    ) throws {
      let program = try GoProgram(flags: flags)
      let server = try program.serve("http/1.1")
      var options = ProbeOptions()
      options.socketHooks = hooks
      options.filter.port = server.port
      var session = try ProbeSession(options)
      let libraries = session.probeLibraries(options)
      defer { libraries.stop() }
      #expect(libraries.libraries.contains { $0.path == program.path && $0.state == .on })
      let count = 20
      let paths = (0..<count).map { "/shop/\($0)" }
      let answers = try program.ask(
        paths.map { "https://127.0.0.1:\(server.port)\($0)" }, "http/1.1")
      #expect(answers == paths.map { "you asked for \($0)\n" }.joined())
      var recorder = Recorder()
      try recorder.drain(&session) {
        $0.plain(.egress, "HTTP/1.1 200").count == count
          && $0.plain(.ingress, "HTTP/1.1 200").count == count
      }
      let first = try #require(recorder.plain(.ingress, "GET /shop/0 HTTP").first)
      // Go's server reads one byte while it answers the request before.
      let heard = recorder.data(first.event.socket, .ingress).filter {
        $0.event.plane == .plainText
      }
      let text = String(decoding: heard.flatMap(\.payload), as: UTF8.self)
      #expect(heard.allSatisfy { $0.event.process.pid == server.processID })
      #expect(heard.allSatisfy { $0.event.role == .server && $0.event.localPort == server.port })
      for path in paths {
        let asked = try #require(recorder.plain(.egress, "GET \(path) HTTP").first)
        #expect(text.contains("GET \(path) HTTP/1.1\r\n"))
        #expect(
          heard.contains { $0.event.sequence == asked.event.sequence },
          "\(asked.event.sequence) of \(heard.map(\.event.sequence))")
        #expect(asked.event.role == .client && asked.event.remotePort == server.port)
        #expect(asked.event.socket != first.event.socket)
      }
    }

    @Test func aStreamOfFramesIsReadOnBothSides() throws {
      let program = try GoProgram()
      let server = try program.serve("h2")
      var options = ProbeOptions()
      options.filter.port = server.port
      var session = try ProbeSession(options)
      let libraries = session.probeLibraries(options)
      defer { libraries.stop() }
      _ = try program.ask(
        (0..<5).map { "https://127.0.0.1:\(server.port)/\($0)" }, "h2")
      var recorder = Recorder()
      try recorder.drain(&session) {
        $0.plain(.egress, "PRI * HTTP/2.0").count == 1
          && $0.plain(.ingress, "PRI * HTTP/2.0").count == 1
      }
    }
  }
}
