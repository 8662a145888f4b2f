// SPDX-License-Identifier: Apache-2.0

import Capture
import Glibc
import Telemetry
import Testing

/// Real packets between real network namespaces. Expectations stand outside the threads that
/// capture: those belong to no test.
@Suite(.tags(.kernel))
struct PacketSessionTests {
  private let payload = [UInt8](repeating: 0x61, count: 64)

  private static func options(_ change: (inout PacketOptions) -> Void = { _ in }) -> PacketOptions {
    var options = PacketOptions()
    options.interfaces = ["near.*"]
    options.namespaces = .host
    options.blockTimeout = 5
    change(&options)
    return options
  }

  @Test func everyDatagramIsSeenOnce() throws {
    let cable = Cable()
    let sink = cable.sink()
    let source = cable.sink(.far)
    let (recorder, counters) = try cable.capture(Self.options()) { session in
      var recorder = PacketRecorder()
      for _ in 0..<20 {
        source.send(payload, to: Cable.nearAddress, port: sink.port, count: 500)
        try session.drain(timeoutMilliseconds: 0, into: &recorder)
      }
      try recorder.drain(&session) { seen, _ in seen.seen.count >= 10_000 }
      try session.drain(timeoutMilliseconds: 20, into: &recorder)
      return (recorder, session.counters())
    }
    #expect(recorder.seen.count == 10_000)
    #expect(recorder.seen.allSatisfy { $0.packet.length == 106 && $0.bytes.count == 106 })
    #expect(recorder.seen.allSatisfy { $0.transport == 17 && $0.destinationPort == sink.port })
    #expect(recorder.seen.allSatisfy { $0.packet.linkType == .ethernet && $0.packet.vlan == 0 })
    let times = recorder.seen.map(\.packet.time)
    #expect(zip(times, times.dropFirst()).allSatisfy { $0 <= $1 })
    #expect(counters.seen == 10_000 && counters.received == 10_000 && counters.passed == 10_000)
    #expect(counters.tally(since: PacketCounters()).balances)
  }

  /// Both directions of a connection, every byte of it, in order.
  @Test func aConnectionIsSeenWhole() throws {
    let cable = Cable()
    let listener = cable.socket(.near, datagram: false)
    listener.bind(.v4, host: Cable.nearAddress)
    #expect(listen(listener.descriptor, 1) == 0)
    let client = cable.socket(.far, datagram: false)
    let port = listener.port
    let recorder = try cable.capture(Self.options { $0.snapLength = 65_535 }) { session in
      client.connect(.v4, port: port, host: Cable.nearAddress)
      let server = listener.accept()
      let text = [UInt8](repeating: 0x62, count: 100_000)
      unsafe _ = write(client.descriptor, text, text.count)
      shutdown(client.descriptor, CInt(SHUT_WR))
      var buffer = text
      while unsafe read(server.descriptor, &buffer, buffer.count) > 0 {}
      shutdown(server.descriptor, CInt(SHUT_WR))
      while unsafe read(client.descriptor, &buffer, buffer.count) > 0 {}
      var recorder = PacketRecorder()
      try recorder.drain(&session) { seen, _ in
        seen.seen.count { $0.bytes.count > 47 && $0.bytes[47] & 1 != 0 } >= 2
      }
      return recorder
    }
    let sent = recorder.seen.filter { $0.destinationPort == port }
    let bytes = sent.reduce(0) { $0 + $1.segmentBytes }
    #expect(bytes == 100_000)
    #expect(sent.first.map { $0.bytes[47] } == 2, "the first is the SYN")
    #expect(recorder.seen.contains { $0.sourcePort == port })
  }

  /// A reader that stands still loses packets, and every one of them is counted.
  @Test func whatFindsNoRoomIsCounted() throws {
    let cable = Cable()
    let sink = cable.sink()
    let source = cable.sink(.far)
    let options = Self.options { $0.ringBytes = 256 << 10 }
    let (recorder, counters, arrived) = try cable.capture(options) { session in
      let lostBefore = cable.lost
      source.send(payload, to: Cable.nearAddress, port: sink.port, count: 20_000)
      let arrived = 20_000 - (cable.lost - lostBefore)
      var recorder = PacketRecorder()
      var counters = session.counters()
      let deadline = ContinuousClock.now + .seconds(60)
      while counters.received + counters.dropped < arrived && ContinuousClock.now < deadline {
        try session.drain(timeoutMilliseconds: 5, into: &recorder)
        counters = session.counters()
      }
      return (recorder, counters, arrived)
    }
    #expect(counters.seen == arrived)
    #expect(counters.dropped > 0)
    #expect(counters.received == UInt64(recorder.seen.count))
    #expect(counters.received + counters.dropped == arrived)
    let tally = counters.tally(since: PacketCounters())
    #expect(tally.balances && tally.received == arrived)
  }

  @Test func interfacesComeAndGo() throws {
    let cable = Cable()
    cable.unplug()
    let facts = try cable.capture(Self.options()) { session in
      var recorder = PacketRecorder()
      let before = session.interfaces.count
      cable.plug()
      try recorder.drain(&session) { _, session in
        session.interfaces.contains { !$0.addresses.isEmpty && $0.addresses.count > 1 }
      }
      let during = session.interfaces
      let sink = cable.sink()
      let source = cable.sink(.far)
      source.send(payload, to: Cable.nearAddress, port: sink.port, count: 10)
      try recorder.drain(&session) { seen, _ in seen.seen.count >= 10 }
      cable.unplug()
      try recorder.drain(&session) { _, session in session.interfaces.isEmpty }
      let after = session.interfaces.count
      cable.plug()
      try recorder.drain(&session) { _, session in !session.interfaces.isEmpty }
      return (before, during, after, session.interfaces.count, recorder, session.counters())
    }
    #expect(facts.0 == 0 && facts.2 == 0 && facts.3 == 1)
    #expect(facts.1.map(\.name) == ["near0"])
    #expect(facts.1.first?.addresses.contains(IPAddress(v4: Cable.nearAddress)) == true)
    #expect(facts.1.first?.linkAddress != LinkAddress.none)
    #expect(facts.1.first?.isHere == true && facts.1.first?.forwards == false)
    #expect(facts.4.seen.count == 10)
    // The second interface has the number that the first gave back.
    #expect(facts.4.interfaces.keys.sorted() == [0])
    #expect(facts.5.received == 10 && facts.5.dropped == 0)
  }

  /// Containers start and end while the agent runs; what we hold open must not keep them alive.
  @Test func namespacesComeAndGo() throws {
    let cable = Cable()
    let other = "metaflow-other-\(getpid())"
    let options = Self.options {
      $0.namespaces = .all
      $0.interfaces = ["mfother.*"]
      $0.namespaceInterval = 50
    }
    let (payload, far) = (payload, cable.far)
    let facts = try cable.capture(options) { session in
      var recorder = PacketRecorder()
      try session.drain(timeoutMilliseconds: 0, into: &recorder)
      let before = session.interfaces.count
      Cable.ip("netns", "add", other)
      Cable.ip(
        "-n", far, "link", "add", "mfpeer0", "type", "veth", "peer", "name", "mfother0", "netns",
        other)
      Cable.ip("-n", far, "address", "add", "10.78.0.1/24", "dev", "mfpeer0")
      Cable.ip("-n", other, "address", "add", "10.78.0.2/24", "dev", "mfother0")
      Cable.ip("-n", far, "link", "set", "mfpeer0", "up")
      Cable.ip("-n", other, "link", "set", "mfother0", "up")
      try recorder.drain(&session) { _, session in !session.interfaces.isEmpty }
      let during = session.interfaces
      let source = cable.socket(.far, datagram: true)
      source.send(payload, to: 0x0a4e_0002, port: 9, count: 5)
      try recorder.drain(&session) { seen, _ in seen.seen.count { $0.transport == 17 } >= 5 }
      Cable.ip("netns", "del", other)
      try recorder.drain(&session) { _, session in session.interfaces.isEmpty }
      return (before, during, session.interfaces.count, recorder)
    }
    #expect(facts.0 == 0 && facts.2 == 0)
    #expect(facts.1.map(\.name) == ["mfother0"])
    #expect(facts.1.first?.networkNamespace != 0)
    #expect(facts.3.seen.count { $0.transport == 17 } == 5)
    // The peer of a link whose namespace is gone goes with it.
    let isPeerLeft = Cable.inside(far) { () -> Bool in
      let deadline = ContinuousClock.now + .seconds(60)
      while unsafe if_nametoindex("mfpeer0") != 0 && ContinuousClock.now < deadline {
        sched_yield()
      }
      return unsafe if_nametoindex("mfpeer0") != 0
    }
    #expect(!isPeerLeft)
  }

  /// What the agent sends its server would only cause more to be sent.
  @Test func theAgentsOwnTrafficIsLeftOut() throws {
    let cable = Cable()
    let server = cable.sink()
    let other = cable.sink()
    let source = cable.sink(.far)
    let options = Self.options {
      $0.ignoredPeers = [
        PacketOptions.Peer(address: IPAddress(high: 1, low: 2), port: 3),
        PacketOptions.Peer(address: IPAddress(v4: Cable.nearAddress), port: server.port),
      ]
    }
    let recorder = try cable.capture(options) { session in
      var recorder = PacketRecorder()
      source.send(payload, to: Cable.nearAddress, port: server.port, count: 50)
      server.send(payload, to: Cable.farAddress, port: source.port, count: 50)
      other.send(payload, to: Cable.farAddress, port: source.port, count: 1)
      source.send(payload, to: Cable.nearAddress, port: other.port, count: 1)
      try recorder.drain(&session) { seen, _ in seen.seen.count >= 2 }
      return recorder
    }
    #expect(recorder.seen.map(\.sourcePort) == [other.port, source.port])
  }

  /// The kernel takes the outer VLAN tag out of frames before they are captured.
  @Test func tagsAreNotLost() throws {
    let cable = Cable()
    let recorder = try cable.capture(Self.options()) { session in
      var recorder = PacketRecorder()
      for tags in [[0x8100, 0x602a], [0x88a8, 0x0064, 0x8100, 0x00c8]] as [[UInt16]] {
        cable.sendFrame(tags: tags)
      }
      try recorder.drain(&session) { seen, _ in seen.seen.count >= 2 }
      return recorder
    }
    #expect(recorder.seen.map(\.packet.vlan) == [42, 100])
    #expect(recorder.seen.map { $0.half(12) } == [0x0800, 0x8100])
  }

  @Test func theRateLimitIsExact() throws {
    let cable = Cable()
    let sink = cable.sink()
    let source = cable.sink(.far)
    let (recorder, counters) = try cable.capture(Self.options { $0.packetsPerSecond = 100 }) {
      session in
      var recorder = PacketRecorder()
      var counters = session.counters()
      let deadline = ContinuousClock.now + .seconds(60)
      // In parts that the ring holds, however slow the machine is.
      for sent in stride(from: 250, through: 5_000, by: 250) {
        source.send(payload, to: Cable.nearAddress, port: sink.port, count: 250)
        while counters.received < sent && ContinuousClock.now < deadline {
          try session.drain(timeoutMilliseconds: 5, into: &recorder)
          counters = session.counters()
        }
      }
      return (recorder, counters)
    }
    let seconds = Dictionary(grouping: recorder.seen) { $0.packet.time.seconds }
    #expect(seconds.values.allSatisfy { $0.count <= 100 })
    #expect(counters.received == 5_000 && counters.passed == UInt64(recorder.seen.count))
    #expect(counters.limited == 5_000 - counters.passed && counters.limited > 0)
    let tally = counters.tally(since: PacketCounters())
    #expect(tally.balances)
    #expect(tally.dropped == [Tally.Drop(reason: .packetRate, count: counters.limited)])
  }

  @Test(arguments: [64, 96, 1_600] as [UInt32])
  func framesAreCutAtTheSnapLength(snapLength: UInt32) throws {
    let cable = Cable()
    let sink = cable.sink()
    let source = cable.sink(.far)
    let recorder = try cable.capture(Self.options { $0.snapLength = snapLength }) { session in
      var recorder = PacketRecorder()
      source.send(
        [UInt8](repeating: 1, count: 1_400), to: Cable.nearAddress, port: sink.port, count: 3)
      try recorder.drain(&session) { seen, _ in seen.seen.count >= 3 }
      return recorder
    }
    #expect(recorder.seen.map(\.packet.length) == [1_442, 1_442, 1_442])
    #expect(
      recorder.seen.map { UInt32($0.bytes.count) }.allSatisfy { $0 == min(snapLength, 1_442) })
  }

  /// On loopback every packet is sent and received by the same host.
  @Test func loopbackShowsEveryPacketOnce() throws {
    let cable = Cable()
    let sink = cable.socket(.near, datagram: true)
    sink.bind(.v4)
    let source = cable.socket(.near, datagram: true)
    let facts = try cable.capture(Self.options { $0.interfaces = ["lo"] }) { session in
      var recorder = PacketRecorder()
      source.send(payload, to: 0x7f00_0001, port: sink.port, count: 7)
      try recorder.drain(&session) { seen, _ in seen.seen.count >= 7 }
      try session.drain(timeoutMilliseconds: 20, into: &recorder)
      return (recorder, session.interfaces)
    }
    #expect(facts.0.seen.count == 7)
    #expect(facts.1.map(\.isLoopback) == [true])
  }

  /// Tunnels have no link header.
  @Test func aLinkWithoutHeaderBeginsWithTheNetworkHeader() throws {
    let cable = Cable()
    let tunnel = cable.openTunnel()
    defer { close(tunnel) }
    let source = cable.socket(.near, datagram: true)
    let recorder = try cable.capture(Self.options { $0.interfaces = ["tunnel"] }) { session in
      var recorder = PacketRecorder()
      source.send(payload, to: 0x0a50_0002, port: 1_234)
      let answer: [UInt8] =
        [0x45, 0, 0, 28, 0, 1, 0, 0, 64, 17, 0, 0, 10, 80, 0, 2, 10, 80, 0, 1]
        + [UInt8](
          repeating: 7, count: 8)
      unsafe _ = write(tunnel, answer, answer.count)
      try recorder.drain(&session) { seen, _ in seen.seen.count >= 2 }
      return recorder
    }
    #expect(recorder.seen.map(\.packet.linkType) == [.raw, .raw])
    #expect(recorder.seen.map { $0.bytes.first } == [0x45, 0x45])
    #expect(recorder.seen.map(\.packet.length) == [92, 28])
    #expect(recorder.seen.first.map { $0.half(22) } == 1_234)
  }

  /// Two sessions of one group see each flow in one of them.
  @Test func aGroupSharesTheFlows() throws {
    let cable = Cable()
    let sink = cable.sink()
    let sources = (0..<16).map { _ in cable.sink(.far).release() }
    defer { for source in sources { close(source) } }
    let options = Self.options { $0.fanoutGroup = 77 }
    let payload = payload
    let facts = try cable.capture(options) { first in
      var second = try PacketSession.open(options)
      for source in sources {
        TestSocket(descriptor: dup(source)).send(
          payload, to: Cable.nearAddress, port: sink.port, count: 10)
      }
      var (one, other) = (PacketRecorder(), PacketRecorder())
      let deadline = ContinuousClock.now + .seconds(60)
      while one.seen.count + other.seen.count < 160 && ContinuousClock.now < deadline {
        try first.drain(timeoutMilliseconds: 5, into: &one)
        try second.drain(timeoutMilliseconds: 5, into: &other)
      }
      return (one, other)
    }
    #expect(facts.0.seen.count + facts.1.seen.count == 160)
    let ports = (Set(facts.0.seen.map(\.sourcePort)), Set(facts.1.seen.map(\.sourcePort)))
    #expect(ports.0.isDisjoint(with: ports.1))
    #expect(!ports.0.isEmpty && !ports.1.isEmpty)
  }

  /// Who is behind the node's end of a virtual link is found out inside of the container, also when
  /// containers' own interfaces are not captured.
  @Test(arguments: PacketOptions.Namespaces.allCases)
  func linksKnowTheContainersBehindThem(namespaces: PacketOptions.Namespaces) throws {
    let pods = Pods()
    let number = pods.number
    let options = Self.options {
      $0.interfaces = ["mf[np]\(number)-.*"]
      $0.namespaces = namespaces
    }
    let found = try pods.atNode {
      var recorder = PacketRecorder()
      var session = try PacketSession.open(options)
      try recorder.drain(&session) { _, session in
        session.interfaces.count { !$0.guests.isEmpty } >= 2
      }
      Cable.ip("-n", pods.first, "address", "add", "10.79.1.3/24", "dev", "mfp\(number)-1")
      try recorder.drain(&session) { _, session in
        session.interfaces.contains { $0.guests.contains(IPAddress(v4: 0x0a4f_0103)) }
      }
      return session.interfaces.sorted { $0.name < $1.name }
    }
    let atNode = found.filter { $0.name.hasPrefix("mfn") }
    let inside = found.filter { $0.name.hasPrefix("mfp") }
    #expect(
      atNode.map { $0.guests.filter(\.isV4).map(\.v4) } == [
        [0x0a4f_0102, 0x0a4f_0103], [0x0a4f_0202],
      ])
    #expect(atNode.map(\.facesContainer) == [true, true])
    #expect(inside.count == (namespaces == .all ? 2 : 0))
    #expect(
      inside.allSatisfy { $0.guests.isEmpty && !$0.facesContainer }, "the node is no container")
  }

  /// The server's address may change, and so may the room that a frame is given.
  @Test func theFilterFollows() throws {
    let cable = Cable()
    let old = cable.sink()
    let new = cable.sink()
    let source = cable.sink(.far)
    let peer = { PacketOptions.Peer(address: IPAddress(v4: Cable.nearAddress), port: $0) }
    let options = Self.options { $0.ignoredPeers = [peer(old.port)] }
    let recorder = try cable.capture(options) { session in
      var recorder = PacketRecorder()
      source.send(payload, to: Cable.nearAddress, port: old.port, count: 5)
      source.send(payload, to: Cable.nearAddress, port: new.port)
      try recorder.drain(&session) { seen, _ in seen.seen.count >= 1 }
      try session.filter(ignoring: [peer(new.port)], snapLength: 60)
      source.send(payload, to: Cable.nearAddress, port: new.port, count: 5)
      source.send(payload, to: Cable.nearAddress, port: old.port)
      try recorder.drain(&session) { seen, _ in seen.seen.count >= 2 }
      return recorder
    }
    #expect(recorder.seen.map(\.destinationPort) == [new.port, old.port])
    #expect(recorder.seen.map(\.bytes.count) == [106, 60])
    #expect(recorder.seen.map(\.packet.length) == [106, 106])
  }
}
