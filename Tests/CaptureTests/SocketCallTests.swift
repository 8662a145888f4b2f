// SPDX-License-Identifier: Apache-2.0

import Capture
import Glibc
import Telemetry
import Testing

extension KernelTests {
  /// Every system call that moves bytes of a socket shows them, on both ways to see them.
  @Suite struct SocketCallTests {
    private let text = Array("PING the other side, in more than one buffer\r\n".utf8)

    @Test(arguments: KernelTests.bothHooks, Family.allCases)
    func everySendingCallIsSeen(hooks: ProbeOptions.SocketHooks, family: Family) throws {
      var session = try ProbeSession(KernelTests.options(hooks))
      for datagram in [false, true] {
        for call in SendingCall.allCases where !(datagram && call == .splice) {
          let pair = TestPair(family, datagram: datagram)
          call.run(pair.client.descriptor, text)
          var recorder = Recorder()
          try recorder.drain(&session)
          let sent = recorder.data(pair.client.cookie, .egress)
          let name: Comment = "\(call) over \(datagram ? "UDP" : "TCP") \(family)"
          #expect(sent.reduce(0) { $0 + $1.event.length } == UInt32(text.count), name)
          #expect(sent.count == (call == .sendmmsg ? 2 : 1), name)
          #expect(sent.flatMap(\.payload) == (call.hasBuffer ? text : []), name)
          for one in sent {
            expect(one.event, of: pair, family: family, datagram: datagram, name)
            #expect(one.event.flags.contains(.payloadUnreadable) == !call.hasBuffer, name)
            #expect(one.event.flags.contains(.fromSyscall) == (hooks == .systemCalls), name)
          }
        }
      }
    }

    @Test(arguments: KernelTests.bothHooks, Family.allCases)
    func everyReceivingCallIsSeen(hooks: ProbeOptions.SocketHooks, family: Family) throws {
      var session = try ProbeSession(KernelTests.options(hooks))
      for (datagram, ends) in [(false, false), (false, true), (true, false)] {
        for call in ReceivingCall.allCases {
          let pair = TestPair(family, datagram: datagram)
          SendingCall.write.run(pair.server.descriptor, text)
          if ends { shutdown(pair.server.descriptor, CInt(SHUT_WR)) }
          let count = call.run(pair.client.descriptor)
          var recorder = Recorder()
          try recorder.drain(&session)
          let received = recorder.data(pair.client.cookie, .ingress)
          let name: Comment = "\(call) over \(datagram ? "UDP" : "TCP") \(family), last: \(ends)"
          #expect(count == text.count, name)
          #expect(received.map(\.payload) == [text], name)
          for one in received {
            expect(one.event, of: pair, family: family, datagram: datagram, name)
            // Both ends name the same byte, which is what ties them together across hosts.
            let other = recorder.data(pair.server.cookie, .egress).first?.event
            #expect(one.event.sequence == other?.sequence, name)
          }
        }
      }
    }

    /// Splicing out of a socket passes the system call and not the tracepoint.
    @Test func theFallbackSeesBytesSplicedFromASocket() throws {
      var session = try ProbeSession(KernelTests.options(.systemCalls))
      let pair = TestPair(.v4, datagram: false)
      SendingCall.write.run(pair.server.descriptor, text)
      var pipe: [CInt] = [0, 0]
      unsafe Glibc.pipe(&pipe)
      defer { for end in pipe { close(end) } }
      let count = LibC.splice(pair.client.descriptor, nil, pipe[1], nil, text.count, 0)
      var recorder = Recorder()
      try recorder.drain(&session)
      let received = recorder.data(pair.client.cookie, .ingress)
      #expect(received.map { Int($0.event.length) } == [count])
      #expect(received.first?.event.flags.contains(.payloadUnreadable) == true)
    }

    /// A peeked byte comes again with the call that takes it.
    @Test(arguments: KernelTests.bothHooks)
    func peekedBytesAreSeenOnce(hooks: ProbeOptions.SocketHooks) throws {
      var session = try ProbeSession(KernelTests.options(hooks))
      let pair = TestPair(.v4, datagram: false)
      SendingCall.write.run(pair.server.descriptor, text)
      var buffer = [UInt8](repeating: 0, count: 100)
      let flags = CInt(MSG_PEEK)
      #expect(unsafe recv(pair.client.descriptor, &buffer, 100, flags) == text.count)
      #expect(unsafe recv(pair.client.descriptor, &buffer, 100, 0) == text.count)
      var recorder = Recorder()
      try recorder.drain(&session)
      #expect(recorder.data(pair.client.cookie, .ingress).map(\.payload) == [text])
    }

    /// A DNS client and server do not connect: the peer is in the call, where it is known at all.
    @Test(arguments: KernelTests.bothHooks, Family.allCases)
    func anUnconnectedDatagramNamesItsPeer(
      hooks: ProbeOptions.SocketHooks, family: Family
    ) throws {
      var session = try ProbeSession(KernelTests.options(hooks))
      let client = TestSocket(family, datagram: true)
      let server = TestSocket(family, datagram: true)
      server.bind(family)
      let port = server.port
      let sent = unsafe TestSocket.withAddress(family, port: port) { address, size in
        unsafe sendto(client.descriptor, text, text.count, 0, address, size)
      }
      #expect(sent == text.count)
      var buffer = [UInt8](repeating: 0, count: 100)
      var from = sockaddr_in6()
      var size = socklen_t(MemoryLayout<sockaddr_in6>.size)
      let received = unsafe withUnsafeMutablePointer(to: &from) { pointer in
        unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
          unsafe recvfrom(server.descriptor, &buffer, 100, 0, $0, &size)
        }
      }
      #expect(received == text.count)
      var recorder = Recorder()
      try recorder.drain(&session)
      let egress = try #require(recorder.data(client.cookie, .egress).first?.event)
      #expect(egress.remotePort == port)
      #expect(egress.remote == loopback(family))
      let ingress = try #require(recorder.data(server.cookie, .ingress).first?.event)
      #expect(ingress.remotePort == (hooks == .systemCalls ? client.port : 0))
      #expect(ingress.localPort == port)
    }

    /// The tracepoint fires for each message and always names the first: a probe that lost count
    /// would show one message's bytes as another's. Here a call ends short of its vector each time.
    @Test(arguments: KernelTests.bothHooks)
    func messagesOfOneVectorAreToldApart(hooks: ProbeOptions.SocketHooks) throws {
      var session = try ProbeSession(KernelTests.options(hooks))
      let pair = TestPair(.v4, datagram: true)
      var bytes = [UInt8](repeating: 0, count: 300)
      unsafe bytes.withUnsafeMutableBytes { buffer in
        var parts = unsafe (0..<3).map {
          unsafe iovec(iov_base: buffer.baseAddress! + $0 * 100, iov_len: 100)
        }
        unsafe parts.withUnsafeMutableBufferPointer { vector in
          var messages = unsafe Message.each(of: vector)
          for round in 0..<4 {
            for message in 0...(round % 3) {
              let text = Array("round \(round) message \(message)".utf8)
              SendingCall.send.run(pair.server.descriptor, text)
            }
            let count = unsafe LibC.recvmmsg(
              pair.client.descriptor, &messages, 3, CInt(MSG_DONTWAIT), nil)
            #expect(Int(count) == round % 3 + 1)
          }
        }
      }
      var recorder = Recorder()
      try recorder.drain(&session)
      let expected = (0..<4).flatMap { round in
        (0...(round % 3)).map { "round \(round) message \($0)" }
      }
      #expect(recorder.data(pair.client.cookie, .ingress).map(\.text) == expected)
    }

    /// Two threads may write to one connection at a time. Each call is seen once, with its own bytes,
    /// and all of them together are what the other end received.
    @Test(arguments: KernelTests.bothHooks)
    func twoSendersOnOneSocketAreBothSeen(hooks: ProbeOptions.SocketHooks) throws {
      let pair = TestPair(.v4, datagram: false)
      var session = try ProbeSession(KernelTests.options(hooks))
      let descriptor = pair.client.descriptor
      let calls = 2_000
      let messages = ["first", "other sender"].map { Array($0.utf8) }
      OtherThread.both {
        for _ in 0..<calls { SendingCall.write.run(descriptor, messages[0]) }
      } and: {
        for _ in 0..<calls { SendingCall.write.run(descriptor, messages[1]) }
      }
      var recorder = Recorder()
      try recorder.drain(&session)
      let sent = recorder.data(pair.client.cookie, .egress)
      for message in messages {
        let own = sent.filter { $0.payload == message }
        #expect(own.count == calls)
        #expect(Set(own.map(\.event.thread)).count == 1)
      }
      #expect(sent.count == 2 * calls)
      let counters = try session.counters()
      #expect(counters.ringFull == 0 && counters.lookupFailed == 0)
    }

    private func loopback(_ family: Family) -> IPAddress {
      family == .v4 ? IPAddress(v4: 0x7f00_0001) : IPAddress(high: 0, low: 1)
    }

    /// The facts that every event of the client of `pair` has, made by this thread.
    private func expect(
      _ event: SocketEvent, of pair: borrowing TestPair, family: Family, datagram: Bool,
      _ name: Comment
    ) {
      let ports = [pair.client.port, pair.server.port]
      #expect([event.localPort, event.remotePort] == ports, name)
      #expect(event.local == loopback(family) && event.remote == loopback(family), name)
      #expect(event.transport == (datagram ? .udp : .tcp), name)
      #expect(event.process == (try? ProcessReader().report(of: UInt32(getpid())).key), name)
      #expect(event.thread == UInt32(LibC.thread), name)
      #expect(event.enter <= event.exit, name)
      #expect((event.sequence == 0) == datagram, name)
    }
  }
}
