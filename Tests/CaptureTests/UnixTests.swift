// SPDX-License-Identifier: Apache-2.0

import Capture
import Foundation
import Glibc
import Telemetry
import Testing

extension KernelTests {
  /// UNIX stream sockets, which only the tracepoints see.
  @Suite(.enabled(if: KernelTests.hasTracepoints)) struct UnixTests {
    private let text = Array("GET / through a socket of this host\r\n".utf8)

    @Test(arguments: [true, false]) func bothEndsOfAPathAreSeen(isAbstract: Bool) throws {
      var session = try ProbeSession(KernelTests.options(.tracepoints))
      let pair = UnixPair(isAbstract: isAbstract)
      let (client, server) = (pair.client.descriptor, pair.server.descriptor)
      let cookies = (client: pair.client.cookie, server: pair.server.cookie)
      SendingCall.write.run(client, text)
      ReceivingCall.read.run(server)
      SendingCall.sendmsg.run(server, text)
      ReceivingCall.readv.run(client)
      var recorder = Recorder()
      try recorder.drain(&session)
      for (end, role, peer) in [
        (cookies.client, SocketEvent.Role.client, cookies.server),
        (cookies.server, .server, cookies.client),
      ] {
        let opened = recorder.seen.filter { $0.event.kind == .opened && $0.event.socket == end }
        #expect(opened.map(\.text) == [pair.name])
        let data = recorder.data(end, .egress) + recorder.data(end, .ingress)
        #expect(data.map(\.payload) == [text, text])
        for one in data.map(\.event) + opened.map(\.event) {
          #expect(one.transport == .unix && one.role == role)
          #expect(one.local.isUnspecified && one.remote.isUnspecified)
          #expect(one.localPort == 0 && one.remotePort == 0)
          #expect(one.peer == peer || one.peer == 0)
        }
        #expect(recorder.data(end, .ingress).allSatisfy { $0.event.peer == peer })
      }
      // Both ends name the same byte, and no two connections do.
      let sent = recorder.data(cookies.client, .egress).map(\.event.sequence)
      #expect(sent == recorder.data(cookies.server, .ingress).map(\.event.sequence))
      let answered = recorder.data(cookies.server, .egress).map(\.event.sequence)
      #expect(answered == recorder.data(cookies.client, .ingress).map(\.event.sequence))
      #expect(sent != answered)
    }

    @Test func aLongCallIsToldWhole() throws {
      var session = try ProbeSession(KernelTests.options(.tracepoints))
      let pair = UnixPair(isAbstract: true)
      let bytes = (0..<100_000).map { UInt8(truncatingIfNeeded: $0 &* 13 >> 2) }
      SendingCall.write.run(pair.client.descriptor, bytes)
      SendingCall.write.run(pair.client.descriptor, text)
      var recorder = Recorder()
      try recorder.drain(&session)
      let sent = recorder.data(pair.client.cookie, .egress)
      #expect(sent.flatMap(\.payload) == bytes + text)
      for (one, next) in zip(sent, sent.dropFirst()) {
        #expect(one.event.sequence &+ one.event.length == next.event.sequence)
      }
    }

    /// The kernel tells nobody that a UNIX socket is closed, but the end that reads learns it.
    @Test func aConnectionEndsWhenItsEndIsRead() throws {
      var session = try ProbeSession(KernelTests.options(.tracepoints))
      let pair = UnixPair(isAbstract: true)
      let (client, server) = (pair.client.descriptor, pair.server.descriptor)
      let cookies = [pair.client.cookie, pair.server.cookie]
      SendingCall.write.run(client, text)
      shutdown(client, CInt(SHUT_WR))
      ReceivingCall.read.run(server)
      ReceivingCall.read.run(server)
      var recorder = Recorder()
      try recorder.drain(&session)
      // Half of it is open.
      #expect(!recorder.has(.closed, cookies[0]) && !recorder.has(.closed, cookies[1]))
      shutdown(client, CInt(SHUT_RDWR))
      ReceivingCall.read.run(server)
      ReceivingCall.read.run(server)
      try recorder.drain(&session)
      for cookie in cookies {
        #expect(recorder.seen.count { $0.event.kind == .closed && $0.event.socket == cookie } == 1)
      }
    }

    @Test func aPairHasNoPathAndNoRole() throws {
      var session = try ProbeSession(KernelTests.options(.tracepoints))
      var ends: [CInt] = [0, 0]
      let kind = CInt(SOCK_STREAM.rawValue)
      #expect(unsafe socketpair(AF_UNIX, kind, 0, &ends) == 0)
      let one = TestSocket(descriptor: ends[0])
      let other = TestSocket(descriptor: ends[1])
      SendingCall.write.run(one.descriptor, text)
      ReceivingCall.read.run(other.descriptor)
      var recorder = Recorder()
      try recorder.drain(&session)
      #expect(recorder.data(one.cookie, .egress).map(\.payload) == [text])
      #expect(recorder.data(other.cookie, .ingress).map(\.payload) == [text])
      #expect(recorder.data(other.cookie, .ingress).map(\.event.peer) == [one.cookie])
      let opened = recorder.seen.filter { $0.event.kind == .opened && $0.event.transport == .unix }
      #expect(opened.map(\.payload) == [[], []])
      #expect(opened.allSatisfy { $0.event.role == .unknown })
    }

    @Test func aMutedOneSendsNothing() throws {
      var session = try ProbeSession(KernelTests.options(.tracepoints))
      let pair = UnixPair(isAbstract: true)
      let cookie = pair.client.cookie
      try session.apply([SocketVerdict(socket: cookie, .nothing)].span)
      for _ in 0..<10 { SendingCall.write.run(pair.client.descriptor, text) }
      var recorder = Recorder()
      try recorder.drain(&session)
      #expect(recorder.data(cookie, .egress).isEmpty)
      #expect(try session.counters().muted == 10)
    }
  }
}

/// Two connected sockets of a path, or of an abstract name.
private struct UnixPair: ~Copyable {
  let name: String
  let client: TestSocket
  let server: TestSocket

  init(isAbstract: Bool) {
    let name = isAbstract ? "@metaflow-\(UUID())" : "/tmp/metaflow-\(UUID()).socket"
    let kind = CInt(SOCK_STREAM.rawValue)
    let listener = TestSocket(descriptor: socket(AF_UNIX, kind, 0))
    let client = TestSocket(descriptor: socket(AF_UNIX, kind, 0))
    let (listening, connecting) = (listener.descriptor, client.descriptor)
    unsafe Self.withAddress(name) { address, size in
      precondition(unsafe bind(listening, address, size) == 0)
      precondition(listen(listening, 4) == 0)
      precondition(unsafe connect(connecting, address, size) == 0)
    }
    server = listener.accept()
    self.client = client
    self.name = name
    if !isAbstract { unsafe unlink(name) }
  }

  private static func withAddress(
    _ name: String, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Void
  ) {
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    // An abstract name has a zero before it, a path one behind it.
    let bytes = name.hasPrefix("@") ? [0] + name.utf8.dropFirst() : Array(name.utf8) + [0]
    unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: bytes) }
    unsafe withUnsafePointer(to: &address) { pointer in
      unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        unsafe body($0, socklen_t(2 + bytes.count))
      }
    }
  }
}
