// SPDX-License-Identifier: Apache-2.0

import CLibBPF
import Capture
import Glibc
import Telemetry
import Testing

extension KernelTests {
  /// What user space asks of the probes, what they refuse to do, and what they lose.
  @Suite struct LimitTests {
    private let text = Array(repeating: UInt8(ascii: "x"), count: 20_000)

    /// The limit is the socket's own, whatever the call and the size of the record it lies in.
    @Test(
      arguments: KernelTests.bothHooks,
      [0, 1, 255, 256, 257, 1_024, 1_025, 4_096, 16_384, 1_000_000] as [UInt32])
    func payloadIsCopiedAsFarAsTheVerdictSays(
      hooks: ProbeOptions.SocketHooks, limit: UInt32
    ) throws {
      var session = try ProbeSession(KernelTests.options(hooks))
      let pair = TestPair(.v4, datagram: false)
      let cookie = pair.client.cookie
      try session.apply([SocketVerdict(socket: cookie, payloadLimit: limit)].span)
      for call in [SendingCall.write, .writev] {
        call.run(pair.client.descriptor, text)
        var recorder = Recorder()
        try recorder.drain(&session)
        let sent = recorder.data(cookie, .egress)
        #expect(sent.map(\.event.length) == [20_000])
        #expect(sent.map { UInt32($0.payload.count) } == [min(limit, 16_384)])
        #expect(sent.allSatisfy { $0.payload.allSatisfy { $0 == UInt8(ascii: "x") } })
        #expect(sent.allSatisfy { !$0.event.flags.contains(.payloadUnreadable) })
      }
    }

    @Test(arguments: KernelTests.bothHooks)
    func aSocketWithoutVerdictHasTheDefaultLimit(hooks: ProbeOptions.SocketHooks) throws {
      var options = KernelTests.options(hooks)
      options.payloadLimit = 77
      var session = try ProbeSession(options)
      let pair = TestPair(.v4, datagram: false)
      SendingCall.write.run(pair.client.descriptor, text)
      var recorder = Recorder()
      try recorder.drain(&session)
      #expect(recorder.data(pair.client.cookie, .egress).map(\.payload.count) == [77])
    }

    @Test(arguments: KernelTests.bothHooks)
    func aMutedSocketSendsNothingUntilItIsUnmuted(hooks: ProbeOptions.SocketHooks) throws {
      var session = try ProbeSession(KernelTests.options(hooks))
      let pair = TestPair(.v4, datagram: false)
      let cookie = pair.client.cookie
      try session.apply([SocketVerdict(socket: cookie, payloadLimit: SocketVerdict.muted)].span)
      for _ in 0..<10 { SendingCall.write.run(pair.client.descriptor, Array("a".utf8)) }
      var recorder = Recorder()
      try recorder.drain(&session)
      #expect(recorder.data(cookie, .egress).isEmpty)
      #expect(try session.counters().muted == 10)
      try session.apply([SocketVerdict(socket: cookie, payloadLimit: 5)].span)
      SendingCall.write.run(pair.client.descriptor, Array("again".utf8))
      try recorder.drain(&session)
      #expect(recorder.data(cookie, .egress).map(\.text) == ["again"])
    }

    /// The agent must not report that it reports.
    @Test(arguments: KernelTests.bothHooks)
    func theIgnoredProcessIsNotSeen(hooks: ProbeOptions.SocketHooks) throws {
      var options = ProbeOptions()
      options.socketHooks = hooks
      options.ignoredProcess = UInt32(getpid())
      var session = try ProbeSession(options)
      let pair = TestPair(.v4, datagram: false)
      SendingCall.write.run(pair.client.descriptor, Array("mine".utf8))
      ReceivingCall.read.run(pair.server.descriptor)
      var recorder = Recorder()
      try recorder.drain(&session)
      #expect(!recorder.seen.contains { $0.event.process.pid == UInt32(getpid()) })
      #expect(!recorder.has(.data, pair.client.cookie))
      #expect(!recorder.has(.opened, pair.client.cookie))
    }

    /// What the probe saw is what arrived and what was counted as lost, to the last one.
    @Test(arguments: KernelTests.bothHooks)
    func aFloodedRingLosesNothingUncounted(hooks: ProbeOptions.SocketHooks) throws {
      let pair = TestPair(.v4, datagram: true)
      var options = KernelTests.options(hooks)
      options.ringBytes = 4_096
      options.filter.port = pair.client.port
      var session = try ProbeSession(options)
      var recorder = Recorder()
      for round in 1...5 {
        for _ in 0..<1_000 {
          SendingCall.write.run(pair.client.descriptor, Array("flood".utf8))
          ReceivingCall.read.run(pair.server.descriptor)
        }
        try recorder.drain(&session)
        let counters = try session.counters()
        #expect(counters.seen == UInt64(round * 2_000))
        #expect(counters.ringFull > 0)
        #expect(counters.received == UInt64(recorder.seen.count))
        #expect(counters.tally.balances, "\(counters)")
      }
      // A gap in the count of a socket's events tells that one was lost.
      if hooks == .tracepoints {
        let ordinals = recorder.data(pair.client.cookie, .egress).map(\.event.ordinal)
        #expect(ordinals.first == 1 && ordinals.count < 5_000)
        #expect(zip(ordinals, ordinals.dropFirst()).allSatisfy { $0 < $1 })
      }
    }

    /// As many as a busy proxy holds open. Each is told from the others and obeys its verdict.
    @Test func fiftyThousandOpenSocketsAreSeenAndMuted() throws {
      let wanted = 50_000
      var limit = rlimit(rlim_cur: 120_000, rlim_max: 120_000)
      let raised = unsafe setrlimit(__rlimit_resource_t(7), &limit)
      #expect(raised == 0, "the limit of open files is too low, errno \(errno)")
      var session = try ProbeSession(KernelTests.options())
      let before = try SelfUsage.now().privateBytes
      var descriptors: [CInt] = []
      defer { for descriptor in descriptors { close(descriptor) } }
      var recorder = CookieCounter()
      // Datagram sockets over several addresses: one address has 28,000 ports to give.
      for index in 0..<wanted {
        let host = 0x7f00_0002 + UInt32(index / 10_000)
        let socket = socket(AF_INET, CInt(SOCK_DGRAM.rawValue), 0)
        guard socket >= 0 else { break }
        descriptors.append(socket)
        unsafe TestSocket.withAddress(.v4, port: 0, host: host) {
          _ = unsafe Glibc.bind(socket, $0, $1)
          // To itself: one socket is both ends.
          var size = $1
          var own = sockaddr_in()
          unsafe withUnsafeMutablePointer(to: &own) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
              _ = unsafe getsockname(socket, $0, &size)
              _ = unsafe Glibc.connect(socket, $0, size)
            }
          }
        }
        _ = unsafe send(socket, "x", 1, 0)
        if index % 1_000 == 0 { try session.drain(timeoutMilliseconds: 0, into: &recorder) }
      }
      while try session.drain(timeoutMilliseconds: 0, into: &recorder) > 0 {}
      #expect(recorder.cookies.count == wanted)
      let counters = try session.counters()
      #expect(counters.tally.balances && counters.ringFull == 0)

      let verdicts = recorder.cookies.map {
        SocketVerdict(socket: $0, payloadLimit: SocketVerdict.muted)
      }
      try session.apply(verdicts.span)
      for descriptor in descriptors { _ = unsafe send(descriptor, "y", 1, 0) }
      var after = CookieCounter()
      while try session.drain(timeoutMilliseconds: 0, into: &after) > 0 {}
      #expect(after.cookies.isEmpty)
      #expect(try session.counters().muted == UInt64(wanted))
      // The session itself holds nothing per socket: what grew are the test's own lists.
      #expect(try SelfUsage.now().privateBytes < before + (16 << 20))
    }
  }
}

/// Counts the sockets that sent something.
private struct CookieCounter: ProbeConsumer {
  var cookies: Set<UInt64> = []

  mutating func socketEvent(_ event: SocketEvent, payload: Span<UInt8>) {
    if event.kind == .data { cookies.insert(event.socket) }
  }
  mutating func processStarted(_ process: ProcessKey) {}
  mutating func processEnded(_ process: ProcessKey) {}
}
