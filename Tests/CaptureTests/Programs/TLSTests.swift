// SPDX-License-Identifier: Apache-2.0

import Foundation
import Glibc
import Synchronization
import Telemetry
import Testing

@testable import Capture

extension KernelTests {
  @Suite struct LibraryTests {
    @Test(arguments: KernelTests.bothHooks)
    func probesOfFunctionsLoad(hooks: ProbeOptions.SocketHooks) throws {
      let options = KernelTests.options(hooks)
      let session = try ProbeSession(options)
      let libraries = session.probeLibraries(options)
      defer { libraries.stop() }
      #expect(!libraries.hooks.isEmpty && libraries.hooks.allSatisfy { $0.state == .on })
      #expect(libraries.libraries.allSatisfy { $0.state == .on }, "\(libraries.libraries)")
    }
  }

  /// Plain text of real programs that use OpenSSL's library.
  @Suite(.enabled(if: TLSServer.isPossible)) struct TLSTests {
    private static func options(
      _ hooks: ProbeOptions.SocketHooks = .automatic, port: UInt16
    ) -> ProbeOptions {
      var options = ProbeOptions()
      options.socketHooks = hooks
      options.filter.port = port
      return options
    }

    @Test(arguments: KernelTests.bothHooks)
    func bothSidesAreReadWithThePlacesOfTheirCipherText(hooks: ProbeOptions.SocketHooks) throws {
      let server = try TLSServer()
      let options = Self.options(hooks, port: server.port)
      var session = try ProbeSession(options)
      let libraries = session.probeLibraries(options)
      defer { libraries.stop() }
      let answer = try server.get("/shop/17")
      #expect(answer.hasSuffix("you asked for /shop/17\n"))
      var recorder = Recorder()
      try recorder.drain(&session) {
        $0.plain(.egress, "HTTP/1.0 200").count == 1
          && $0.plain(.ingress, "HTTP/1.0 200").count == 1
      }
      let asked = try #require(recorder.plain(.egress, "GET /shop/17 HTTP").first)
      let heard = try #require(recorder.plain(.ingress, "GET /shop/17 HTTP").first)
      let answered = try #require(recorder.plain(.egress, "HTTP/1.0 200").first)
      let got = try #require(recorder.plain(.ingress, "HTTP/1.0 200").first)
      #expect(asked.event.socket == got.event.socket && heard.event.socket == answered.event.socket)
      #expect(asked.event.socket != heard.event.socket)
      #expect(asked.event.sequence == heard.event.sequence)
      #expect(answered.event.sequence == got.event.sequence)
      #expect(asked.event.remotePort == server.port && heard.event.localPort == server.port)
      #expect(heard.event.process.pid == UInt32(server.process.processIdentifier))
      if hooks == .tracepoints {
        #expect(asked.event.role == .client && heard.event.role == .server)
      }
      for plain in [asked, heard, answered, got] {
        #expect(plain.event.enter <= plain.event.exit && plain.event.plane == .plainText)
        // The cipher text is seen beside it, longer, from the same place on.
        let wire = recorder.data(plain.event.socket, plain.event.direction).filter {
          $0.event.plane == .wire
        }
        #expect(
          wire.contains { $0.event.sequence == plain.event.sequence },
          "\(plain.event.sequence) of \(wire.map(\.event.sequence))")
        #expect(!wire.contains { $0.text.contains("shop") })
      }
    }

    /// A client that uses GnuTLS's library, and a server that uses OpenSSL's.
    @Test func librariesOfTwoKindsNameTheSamePlaces() throws {
      let server = try TLSServer()
      let options = Self.options(port: server.port)
      var session = try ProbeSession(options)
      let libraries = session.probeLibraries(options)
      defer { libraries.stop() }
      #expect(try server.get("/gnu", with: "gnutls-cli").contains("you asked for /gnu\n"))
      var recorder = Recorder()
      try recorder.drain(&session) {
        $0.plain(.egress, "HTTP/1.0 200").count == 1
          && $0.plain(.ingress, "HTTP/1.0 200").count == 1
      }
      for text in ["GET /gnu HTTP", "HTTP/1.0 200"] {
        let sent = try #require(recorder.plain(.egress, text).first)
        let received = try #require(recorder.plain(.ingress, text).first)
        #expect(sent.event.socket != received.event.socket)
        #expect(sent.event.sequence == received.event.sequence)
      }
    }

    @Test func aLongCallIsToldWhole() throws {
      let server = try TLSServer()
      let options = Self.options(port: server.port)
      var session = try ProbeSession(options)
      let libraries = session.probeLibraries(options)
      defer { libraries.stop() }
      let path = "/" + String(repeating: "long/", count: 12_000)
      #expect(try server.get(path, with: "python").hasSuffix("you asked for \(path)\n"))
      var recorder = Recorder()
      try recorder.drain(&session) { !$0.plain(.ingress, "HTTP/1.0 200").isEmpty }
      let first = try #require(recorder.plain(.egress, "GET ").first)
      let call = recorder.data(first.event.socket, .egress).filter {
        $0.event.plane == .plainText && $0.event.ordinal == first.event.ordinal
      }
      #expect(call.count > 3 && call.allSatisfy { $0.event.length == UInt32($0.payload.count) })
      #expect(
        String(decoding: call.flatMap(\.payload), as: UTF8.self).hasPrefix("GET \(path) HTTP"))
    }

    @Test func planesAreMutedEachByItself() throws {
      let server = try TLSServer(isKeptAlive: true)
      let options = Self.options(port: server.port)
      var session = try ProbeSession(options)
      let libraries = session.probeLibraries(options)
      defer { libraries.stop() }
      let client = try server.keepAlive()
      defer { client.stop() }
      try client.ask("/one")
      var recorder = Recorder()
      try recorder.drain(&session) { !$0.plain(.ingress, "HTTP/1.1 200").isEmpty }
      let socket = try #require(recorder.plain(.egress, "GET /one").first).event.socket
      for (muted, path) in [(Plane.wire, "/two"), (.plainText, "/three")] {
        let other = muted == .wire ? Plane.plainText : .wire
        try session.apply(
          [
            SocketVerdict(socket: socket, plane: muted, .nothing),
            SocketVerdict(socket: socket, plane: other, .init(1_024)),
          ].span)
        recorder = Recorder()
        try client.ask(path)
        try recorder.drain(&session)
        let seen = recorder.data(socket, .egress) + recorder.data(socket, .ingress)
        #expect(!seen.isEmpty && seen.allSatisfy { $0.event.plane == other }, "\(muted)")
      }
    }

    /// A library of a container, or one that was put in the place of another, is a file of its own.
    @Test func librariesComeAndGoWhileItRuns() async throws {
      let folder = try TLSServer.folder()
      defer { try? FileManager.default.removeItem(at: folder) }
      let installed = try #require(
        [
          "/lib/x86_64-linux-gnu/libssl.so.3", "/lib/aarch64-linux-gnu/libssl.so.3",
          "/lib64/libssl.so.3",
        ]
        .first { FileManager.default.fileExists(atPath: $0) })
      let own = folder.appending(path: "libssl.so.3")
      let told = Told()
      var options = ProbeOptions()
      options.ringBytes = 65_536
      let session = try ProbeSession(options)
      let libraries = session.probeLibraries(options) { told.append($0) }
      defer { libraries.stop() }
      for round in 1...2 {
        try? FileManager.default.removeItem(at: own)
        try FileManager.default.copyItem(atPath: installed, toPath: own.path)
        let server = try TLSServer(library: folder)
        try await told.wait { $0.count { $0.path == own.path && $0.state == .on } == round }
        try await told.wait { _ in libraries.libraries.contains { $0.path == own.path } }
        server.stop()
        try await told.wait { $0.count { $0.path == own.path && $0.state == .gone } == round }
        #expect(!libraries.libraries.contains { $0.path == own.path })
      }
      #expect(libraries.libraries.contains { $0.state == .on })
    }
  }
}

extension Recorder {
  func plain(_ direction: SocketEvent.Direction, _ text: String) -> [Seen] {
    seen.filter {
      $0.event.plane == .plainText && $0.event.direction == direction && $0.text.hasPrefix(text)
    }
  }
}

/// What a thread told, for another.
private final class Told: Sendable {
  private let reports = Mutex<[LibraryReport]>([])

  func append(_ report: LibraryReport) { reports.withLock { $0.append(report) } }

  func wait(_ condition: ([LibraryReport]) -> Bool) async throws {
    let deadline = ContinuousClock.now + .seconds(120)
    while !condition(reports.withLock { $0 }) {
      try #require(ContinuousClock.now < deadline, "\(reports.withLock { $0 })")
      try await Task.sleep(for: .milliseconds(20))
    }
  }
}
