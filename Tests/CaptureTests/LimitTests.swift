// SPDX-License-Identifier: Apache-2.0

import CLibBPF
import CProbes
import Capture
import Glibc
import Telemetry
import Testing

extension KernelTests {
  /// What user space asks of the probes, what they refuse to do, and what they lose.
  @Suite struct LimitTests {
    private let text = Array(repeating: UInt8(ascii: "x"), count: 20_000)

    /// The limit is the socket's own, whatever the call and however many events it makes.
    @Test(
      arguments: KernelTests.bothHooks,
      [0, 1, 255, 256, 257, 1_024, 1_025, 4_096, 16_384, 1_000_000] as [UInt32])
    func payloadIsCopiedAsFarAsTheVerdictSays(
      hooks: ProbeOptions.SocketHooks, limit: UInt32
    ) throws {
      var session = try ProbeSession(KernelTests.options(hooks))
      let pair = TestPair(.v4, datagram: false)
      let cookie = pair.client.cookie
      try session.apply([SocketVerdict(socket: cookie, .init(limit))].span)
      for call in [SendingCall.write, .writev] {
        call.run(pair.client.descriptor, text)
        var recorder = Recorder()
        try recorder.drain(&session)
        let sent = recorder.data(cookie, .egress)
        #expect(sent.reduce(0) { $0 + $1.event.length } == 20_000)
        #expect(sent.reduce(0) { $0 + UInt32($1.payload.count) } == min(limit, 20_000))
        #expect(sent.count == (limit > 16_384 ? 2 : 1))
        #expect(sent.allSatisfy { $0.payload.allSatisfy { $0 == UInt8(ascii: "x") } })
        #expect(sent.allSatisfy { !$0.event.flags.contains(.payloadUnreadable) })
      }
    }

    @Test(arguments: KernelTests.bothHooks)
    func aMutedSocketSendsNothingUntilItIsUnmuted(hooks: ProbeOptions.SocketHooks) throws {
      var session = try ProbeSession(KernelTests.options(hooks))
      let pair = TestPair(.v4, datagram: false)
      let cookie = pair.client.cookie
      try session.apply([SocketVerdict(socket: cookie, .nothing)].span)
      for _ in 0..<10 { SendingCall.write.run(pair.client.descriptor, Array("a".utf8)) }
      var recorder = Recorder()
      try recorder.drain(&session)
      #expect(recorder.data(cookie, .egress).isEmpty)
      #expect(try session.counters().muted == 10)
      try session.apply([SocketVerdict(socket: cookie, .init(5))].span)
      SendingCall.write.run(pair.client.descriptor, Array("again".utf8))
      try recorder.drain(&session)
      #expect(recorder.data(cookie, .egress).map(\.text) == ["again"])
    }

    /// What a probe remembers lies in a slot, by the low bits of the cookie: two sockets that share one
    /// must not be taken for each other, and a new verdict counts from the next call on.
    @Test(arguments: KernelTests.bothHooks)
    func socketsThatShareASlotAreToldApart(hooks: ProbeOptions.SocketHooks) throws {
      var session = try ProbeSession(KernelTests.options(hooks))
      let server = TestSocket(.v4)
      server.bind(.v4)
      #expect(listen(server.descriptor, 4) == 0)
      let one = TestSocket(.v4)
      var other = TestSocket(.v4)
      // Cookies are counted, so one of the next few thousand sockets has the same low bits.
      let most = one.cookie + 40 * UInt64(MF_SLOTS.rawValue)
      while (one.cookie ^ other.cookie) % UInt64(MF_SLOTS.rawValue) != 0 {
        try #require(other.cookie < most)
        other = TestSocket(.v4)
      }
      one.connect(.v4, port: server.port)
      other.connect(.v4, port: server.port)
      let cookies = [one.cookie, other.cookie]
      for muted in [0, 1] {
        let verdicts = cookies.enumerated().map {
          SocketVerdict(socket: $1, $0 == muted ? .nothing : .init(5))
        }
        try session.apply(verdicts.span)
        for round in 1...3 {
          SendingCall.write.run(one.descriptor, text)
          SendingCall.write.run(other.descriptor, text)
          var recorder = Recorder()
          try recorder.drain(&session)
          #expect(recorder.data(cookies[muted], .egress).isEmpty)
          #expect(recorder.data(cookies[1 - muted], .egress).map(\.payload.count) == [5])
          #expect(try session.counters().muted == UInt64(muted * 3 + round))
        }
      }
    }

    /// A socket whose cookie has the same low bits. Cookies are counted, so one of the next few thousand.
    private static func neighbour(of one: borrowing TestSocket) throws -> TestSocket {
      let most = one.cookie + 40 * UInt64(MF_SLOTS.rawValue)
      while true {
        let next = TestSocket(.v4)
        if (one.cookie ^ next.cookie) % UInt64(MF_SLOTS.rawValue) == 0 { return next }
        try #require(next.cookie < most)
      }
    }

    /// What is told of a socket once is told again when another had its slot meanwhile.
    @Test(arguments: KernelTests.bothHooks)
    func socketsThatShareASlotKeepTheirFacts(hooks: ProbeOptions.SocketHooks) throws {
      var session = try ProbeSession(KernelTests.options(hooks))
      let server = TestSocket(.v4)
      server.bind(.v4)
      #expect(listen(server.descriptor, 4) == 0)
      let one = TestSocket(.v4)
      let other = try Self.neighbour(of: one)
      one.connect(.v4, port: server.port)
      other.connect(.v4, port: server.port)
      // One event a call.
      let (left, right) = (one.cookie, other.cookie)
      let verdicts = [left, right].map { SocketVerdict(socket: $0, .init(5)) }
      try session.apply(verdicts.span)
      for _ in 1...3 {
        SendingCall.write.run(one.descriptor, text)
        SendingCall.write.run(other.descriptor, text)
        SendingCall.write.run(other.descriptor, text)
      }
      var recorder = Recorder()
      try recorder.drain(&session)
      let events = recorder.seen.map(\.event).filter {
        $0.kind == .data && ($0.socket == left || $0.socket == right)
      }
      let (first, second) = (one.port, other.port)
      #expect(
        events.map(\.localPort) == [
          first, second, second, first, second, second, first, second, second,
        ])
      #expect(events.allSatisfy { $0.socket == ($0.localPort == first ? left : right) })
      let port = server.port
      #expect(events.allSatisfy { $0.remotePort == port && $0.transport == .tcp })
    }

    /// A thread is told of when it takes a lane over, which threads do in any order.
    @Test(arguments: KernelTests.bothHooks)
    func threadsThatTakeTurnsAreToldApart(hooks: ProbeOptions.SocketHooks) throws {
      var session = try ProbeSession(KernelTests.options(hooks))
      let pair = TestPair(.v4, datagram: false)
      let descriptor = pair.client.descriptor
      let text = text
      try session.apply([SocketVerdict(socket: pair.client.cookie, .init(5))].span)
      var turns: [UInt32] = []
      for turn in 0..<6 {
        if turn % 2 == 0 {
          turns.append(OtherThread.current)
          SendingCall.write.run(descriptor, text)
        } else {
          turns.append(
            OtherThread.run {
              SendingCall.write.run(descriptor, text)
              return OtherThread.current
            })
        }
      }
      var recorder = Recorder()
      try recorder.drain(&session)
      let events = recorder.data(pair.client.cookie, .egress).map(\.event)
      #expect(events.map(\.thread) == turns)
      #expect(Set(turns).count > 1 && Set(events.map(\.process)).count == 1)
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
        // It is said with the round in which the reader finds what is left, and with no other.
        #expect(recorder.brokenRounds == round)
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
    ///
    /// A process may not open that many files, so two children connect, and the other ends wait in
    /// the queues of the listeners.
    @Test func fiftyThousandOpenSocketsAreSeenAndMuted() throws {
      let ports = 10
      let perPort = 2_500
      let connections = ports * perPort
      var session = try ProbeSession(filtered(by: 0))
      let before = try SelfUsage.now().privateBytes
      let listeners = Listeners(count: ports)
      let children = [listeners.ports[..<5], listeners.ports[5...]].map { half in
        Talker.spawn(ports: Array(half), connections: perPort)
      }
      defer { for child in children { child.end() } }
      var recorder = CookieCounter(ports: Set(listeners.ports))
      try recorder.drain(&session) {
        $0.data.count == connections && $0.opened.count == 2 * connections
      }
      #expect(recorder.opened.count == 50_000)
      #expect(recorder.data.count == connections)
      #expect(try session.counters().ringFull == 0)

      let verdicts = recorder.opened.map {
        SocketVerdict(socket: $0, .nothing)
      }
      try session.apply(verdicts.span)
      recorder.data = []
      for child in children { child.again() }
      let deadline = ContinuousClock.now + .seconds(300)
      while try session.counters().muted < connections && ContinuousClock.now < deadline {
        try session.drain(timeoutMilliseconds: 5, into: &recorder)
      }
      #expect(recorder.data.isEmpty)
      #expect(try session.counters().muted == UInt64(connections))
      #expect(try session.counters().mapFull == 0)
      // The session itself holds nothing per socket: what grew are the test's own lists.
      #expect(try SelfUsage.now().privateBytes < before + (24 << 20))
    }

    private func filtered(by process: UInt32) -> ProbeOptions {
      var options = KernelTests.options()
      options.filter.process = process
      return options
    }
  }
}

/// Sockets that listen on loopback and never accept.
private final class Listeners {
  private let descriptors: [CInt]
  let ports: [UInt16]

  init(count: Int) {
    var descriptors: [CInt] = []
    var ports: [UInt16] = []
    for _ in 0..<count {
      let socket = TestSocket(.v4)
      socket.bind(.v4)
      precondition(listen(socket.descriptor, 4_096) == 0)
      ports.append(socket.port)
      descriptors.append(dup(socket.descriptor))
    }
    self.descriptors = descriptors
    self.ports = ports
  }

  deinit { for descriptor in descriptors { close(descriptor) } }
}

/// A shell that holds many connections and writes on each, once at the start and once when told.
private struct Talker {
  private let pid: pid_t
  private let input: CInt

  static func spawn(ports: [UInt16], connections: Int) -> Talker {
    var pipe: [CInt] = [0, 0]
    unsafe Glibc.pipe(&pipe)
    _ = fcntl(pipe[1], F_SETFD, FD_CLOEXEC)
    let script = """
      for port in \(ports.map(String.init).joined(separator: " ")); do
        for ((i = 0; i < \(connections); i++)); do
          exec {fd}<>/dev/tcp/127.0.0.1/$port
          echo x >&$fd
          all+=($fd)
        done
      done
      read -u \(pipe[0])
      for fd in "${all[@]}"; do echo y >&$fd; done
      read -u \(pipe[0])
      """
    let pid = Child.spawn("/bin/bash", "-c", script)
    close(pipe[0])
    return Talker(pid: pid, input: pipe[1])
  }

  func again() { _ = unsafe write(input, "\n", 1) }

  func end() {
    close(input)
    kill(pid, SIGKILL)
    Child.wait(pid)
  }
}

/// Tells the sockets apart that talk to one of some ports.
private struct CookieCounter: ProbeConsumer {
  let ports: Set<UInt16>
  var opened: Set<UInt64> = []
  var data: Set<UInt64> = []

  init(ports: Set<UInt16>) {
    self.ports = ports
  }

  mutating func socketEvent(_ event: SocketEvent, payload: Span<UInt8>) {
    guard ports.contains(event.localPort) || ports.contains(event.remotePort) else { return }
    if event.kind == .data { data.insert(event.socket) }
    if event.kind == .opened { opened.insert(event.socket) }
  }
  mutating func connection(_ event: SocketEvent, _ totals: SocketTotals) {}
  mutating func processStarted(_ process: ProcessKey, parent: ProcessKey?) {}
  mutating func processEnded(_ process: ProcessKey) {}

  /// Drains until a condition holds, or nothing more has come for a minute.
  mutating func drain(_ session: inout ProbeSession, until: (CookieCounter) -> Bool) throws {
    var deadline = ContinuousClock.now + .seconds(60)
    var known = 0
    repeat {
      try session.drain(timeoutMilliseconds: 5, into: &self)
      if data.count + opened.count > known {
        known = data.count + opened.count
        deadline = ContinuousClock.now + .seconds(60)
      }
    } while !until(self) && ContinuousClock.now < deadline
  }
}
