// SPDX-License-Identifier: Apache-2.0

import CProbes
import Capture
import Glibc
import Telemetry
import Testing

extension KernelTests {
  /// Connections and processes, wherever they are and whenever they began.
  @Suite struct ConnectionTests {
    private let text = Array("hello".utf8)

    @Test(arguments: KernelTests.bothHooks, Family.allCases)
    func aConnectionOpensInItsRolesAndCloses(
      hooks: ProbeOptions.SocketHooks, family: Family
    ) throws {
      var session = try ProbeSession(KernelTests.options(hooks))
      var recorder = Recorder()
      var cookies: [UInt64] = []
      do {
        let pair = TestPair(family, datagram: false)
        cookies = [pair.client.cookie, pair.server.cookie]
        SendingCall.write.run(pair.client.descriptor, text)
        ReceivingCall.read.run(pair.server.descriptor)
      }
      let kept = cookies
      try recorder.drain(&session) { seen in kept.allSatisfy { seen.has(.closed, $0) } }
      for (cookie, role) in zip(cookies, [SocketEvent.Role.client, .server]) {
        let own = recorder.seen.map(\.event).filter { $0.socket == cookie }
        #expect(own.map(\.kind) == [.opened, .data, .closed])
        #expect(own.first?.role == role && own.last?.role == role)
        #expect(Set(own.map { [$0.localPort, $0.remotePort] }).count == 1)
        #expect(own.allSatisfy { !$0.local.isUnspecified && !$0.remote.isUnspecified })
      }
    }

    @Test(arguments: KernelTests.bothHooks)
    func aDatagramSocketCloses(hooks: ProbeOptions.SocketHooks) throws {
      var session = try ProbeSession(KernelTests.options(hooks))
      var recorder = Recorder()
      var cookie: UInt64 = 0
      do {
        let pair = TestPair(.v4, datagram: true)
        SendingCall.write.run(pair.client.descriptor, text)
        try recorder.drain(&session)
        // Not asked of the socket: that would give it the identity that the probe must give it.
        let sent = recorder.seen.last {
          $0.event.kind == .data && $0.event.transport == .udp
            && $0.event.localPort == pair.client.port
        }
        cookie = sent?.event.socket ?? 0
        #expect(cookie == pair.client.cookie)
      }
      let kept = cookie
      try recorder.drain(&session) { $0.has(.closed, kept) }
      #expect(recorder.has(.closed, cookie))
    }

    /// Connections last for days; an agent is restarted.
    @Test(arguments: KernelTests.bothHooks, Family.allCases)
    func connectionsFromBeforeAreSeen(hooks: ProbeOptions.SocketHooks, family: Family) throws {
      for datagram in [false, true] {
        let pair = TestPair(family, datagram: datagram)
        var session = try ProbeSession(KernelTests.options(hooks))
        SendingCall.write.run(pair.client.descriptor, text)
        ReceivingCall.read.run(pair.server.descriptor)
        var recorder = Recorder()
        try recorder.drain(&session)
        #expect(recorder.data(pair.client.cookie, .egress).map(\.payload) == [text])
        #expect(recorder.data(pair.server.cookie, .ingress).map(\.payload) == [text])
      }
    }

    /// A thread moves to a namespace of its own, which goes when the thread does.
    @Test(arguments: KernelTests.bothHooks)
    func otherNetworkNamespacesAreSeen(hooks: ProbeOptions.SocketHooks) throws {
      var session = try ProbeSession(KernelTests.options(hooks))
      let facts = OtherThread.run { () -> (namespace: UInt32, cookie: UInt64) in
        precondition(mf_leave_network_namespace() == 0, "unshare failed, errno \(errno)")
        Loopback.bringUp()
        let pair = TestPair(.v4, datagram: false)
        SendingCall.write.run(pair.client.descriptor, Array("hello".utf8))
        ReceivingCall.read.run(pair.server.descriptor)
        var status = stat()
        unsafe stat("/proc/thread-self/ns/net", &status)
        return (UInt32(status.st_ino), pair.client.cookie)
      }
      var recorder = Recorder()
      try recorder.drain(&session)
      let sent = try #require(recorder.data(facts.cookie, .egress).first)
      #expect(sent.event.networkNamespace == facts.namespace)
      #expect(sent.payload == text)
    }

    /// What a connection carried is told by its own socket, when it is closed and when it is asked.
    @Test(arguments: Family.allCases) func aConnectionTellsWhatItCarried(family: Family) throws {
      let listener = TestSocket(family)
      listener.bind(family)
      #expect(listen(listener.descriptor, 4) == 0)
      var options = KernelTests.options()
      options.filter.port = listener.port
      var session = try ProbeSession(options)
      let client = TestSocket(family)
      client.connect(family, port: listener.port)
      let cookie = client.cookie
      let server = listener.accept()
      SendingCall.write.run(client.descriptor, [UInt8](repeating: 1, count: 3_000))
      ReceivingCall.read.run(server.descriptor)
      SendingCall.write.run(server.descriptor, [UInt8](repeating: 1, count: 70))
      ReceivingCall.read.run(client.descriptor)
      session.tellOpenConnections()
      var recorder = Recorder()
      try recorder.drain(&session)
      // Only the end that connected is looked at.
      #expect(recorder.totals.map(\.event.socket) == [cookie])
      shutdown(server.descriptor, CInt(SHUT_RDWR))
      ReceivingCall.read.run(client.descriptor)
      shutdown(client.descriptor, CInt(SHUT_RDWR))
      try recorder.drain(&session) { $0.totals.contains { $0.event.kind == .closed } }
      let own = recorder.totals.filter { $0.event.socket == cookie }
      #expect(own.map(\.event.kind) == [.progress, .closed])
      for (event, totals) in own {
        #expect(totals.sentBytes == 3_000 && totals.receivedBytes == 70)
        #expect(totals.sentPackets >= 3 && totals.receivedPackets >= 2)
        #expect(totals.retransmissions == 0 && totals.error == 0)
        #expect(event.role == .client && event.remotePort == listener.port)
        let opened = try #require(totals.opened)
        #expect(opened < event.exit && event.exit - opened < 600_000_000_000)
      }
      // ESTABLISHED or CLOSE_WAIT, then LAST_ACK: the server had closed first.
      #expect(own[0].totals.state == 1 && own[1].totals.state == 9)
    }

    @Test func aRefusedConnectionIsTold() throws {
      let listener = TestSocket(.v4)
      listener.bind(.v4)
      let port = listener.port
      var options = KernelTests.options()
      options.filter.port = port
      var session = try ProbeSession(options)
      let client = TestSocket(.v4)
      let result = unsafe TestSocket.withAddress(.v4, port: port) {
        unsafe Glibc.connect(client.descriptor, $0, $1)
      }
      #expect(result < 0 && errno == ECONNREFUSED)
      var recorder = Recorder()
      try recorder.drain(&session)
      #expect(recorder.totals.map(\.totals.error) == [UInt16(ECONNREFUSED)])
      #expect(recorder.totals.map(\.totals.state) == [2])
    }

    /// Every process of the host: here a child that was not there when the probes were loaded.
    @Test(arguments: KernelTests.bothHooks)
    func aChildIsSeenFromItsForkToItsEnd(hooks: ProbeOptions.SocketHooks) throws {
      let listener = TestSocket(.v4)
      listener.bind(.v4)
      #expect(listen(listener.descriptor, 4) == 0)
      var options = KernelTests.options(hooks)
      options.filter.process = 0
      options.filter.port = listener.port
      var session = try ProbeSession(options)
      let child = Child.spawn(
        "/bin/bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/\(listener.port); echo hello >&3; read <&3")
      let server = listener.accept()
      ReceivingCall.read.run(server.descriptor)
      let report = try ProcessReader().report(of: UInt32(child))
      #expect(report.name == "bash" && report.parentPID == UInt32(getpid()))
      SendingCall.write.run(server.descriptor, Array("bye\n".utf8))
      Child.wait(child)
      var recorder = Recorder()
      try recorder.drain(&session) { $0.ended.contains { $0.pid == UInt32(child) } }
      let calls = recorder.seen.filter { $0.event.process.pid == UInt32(child) }
      #expect(calls.map(\.text).contains("hello\n"))
      #expect(calls.allSatisfy { $0.event.process == report.key })
      #expect(calls.allSatisfy { $0.event.threadName.description == "bash" })
      // Once for the fork, once for the program.
      #expect(recorder.started.filter { $0 == report.key }.count == 2)
      #expect(
        recorder.parents[report.key] == (try? ProcessReader().report(of: UInt32(getpid())).key))
      #expect(recorder.ended.contains(report.key))
    }
  }
}
