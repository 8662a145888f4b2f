// SPDX-License-Identifier: Apache-2.0

import Capture
import ConfigurationFile
import Foundation
import Glibc
import Logging
import NIOCore
import NIOPosix
import Synchronization
import Telemetry
import TestSupport
import Testing
import Wire

@testable import Agent

@Suite(.timeLimit(.minutes(10))) struct UplinkTests {
  private func uplink(
    to port: Int, _ outbox: Outbox, _ group: MultiThreadedEventLoopGroup,
    ownPeers: OwnPeers = OwnPeers(),
    lookup: @escaping Uplink.Lookup = { try await NameLookup.addresses(of: $0) }
  ) async -> Uplink {
    let hello = Hello(
      identity: await outbox.identity, bootID: "", hostname: "test", agentVersion: "0",
      protocols: [])
    var logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    logger.logLevel = .critical
    return Uplink(
      server: NetworkAddress(host: "127.0.0.1", port: port), hello: hello, outbox: outbox,
      group: group, logger: logger, ownPeers: ownPeers, lookup: lookup)
  }

  /// The server hangs up before a batch is stored, or after it is stored and before it says so.
  @Test(arguments: UInt64(1)...4) func everyBatchArrivesOnceWhateverTheServerDoes(
    seed: UInt64
  ) async throws {
    let scratch = try Scratch()
    let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    let server = try await TestServer(seed: seed, hangsUp: true, group: group)
    let spool = try Spool(directory: scratch.path, machineID: "m", limit: 8 << 20)
    let outbox = Outbox(spool: spool, ledger: Ledger(), gauges: AgentGauges())
    let link = await uplink(to: server.port, outbox, group)
    let running = Task { await link.run() }
    var random = SeededGenerator(seed: seed)
    var first: UInt64 = 1
    for second in 0..<40 {
      let count = Int(random.next() % 50) + 1
      await outbox.submit(calls(count, from: first), now: Timestamp(seconds: Int64(second)))
      first += UInt64(count)
    }
    server.state.withLock { $0.hangsUp = $0.connections < 4 }
    await outbox.waitUntilEmpty()
    // The last acknowledgements travel in the next batch.
    server.state.withLock { $0.hangsUp = false }
    await outbox.submit(RecordBatch(), now: Timestamp(seconds: 99))
    await outbox.waitUntilEmpty()
    running.cancel()
    await running.value
    server.state.withLock { state in
      #expect(state.requestIDs == Array(1..<first), "seed \(seed)")
      #expect(state.passed == first - 1)
      #expect(state.dropped.isEmpty)
    }
    try await server.close()
    try await group.shutdownGracefully()
  }

  @Test func whatWasSpooledWhileTheServerWasAwayIsDeliveredByTheNextRun() async throws {
    let scratch = try Scratch()
    let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    try await submit(30, into: scratch)
    let server = try await TestServer(seed: 1, hangsUp: false, group: group)
    let spool = try Spool(directory: scratch.path, machineID: "m", limit: 8 << 20)
    let outbox = Outbox(spool: spool, ledger: Ledger(), gauges: AgentGauges())
    let link = await uplink(to: server.port, outbox, group)
    let running = Task { await link.run() }
    await outbox.submit(calls(1, from: 31), now: Timestamp(seconds: 2))
    await outbox.waitUntilEmpty()
    running.cancel()
    await running.value
    server.state.withLock { #expect($0.requestIDs == Array(1...31)) }
    try await server.close()
    try await group.shutdownGracefully()
  }

  /// An agent that is killed with a full spool: nobody says goodbye to the outbox.
  private func submit(_ count: UInt64, into scratch: Scratch) async throws {
    let spool = try Spool(directory: scratch.path, machineID: "m", limit: 8 << 20)
    let outbox = Outbox(spool: spool, ledger: Ledger(), gauges: AgentGauges())
    for id in 1...count { await outbox.submit(calls(1, from: id), now: Timestamp(seconds: 1)) }
    #expect(await outbox.count == Int(count))
  }

  /// The ledger of a batch that had to go travels in a later one.
  @Test func aFullSpoolIsToldWithItsRecords() async throws {
    let scratch = try Scratch()
    let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    let spool = try Spool(directory: scratch.path, machineID: "m", limit: 1 << 20)
    let outbox = Outbox(spool: spool, ledger: Ledger(), gauges: AgentGauges())
    var random = SeededGenerator(seed: 3)
    var sent: UInt64 = 0
    for second in 0..<200 {
      var batch = calls(10, from: sent + 1)
      // Text that does not compress, so that the bound is reached soon.
      for _ in 0..<2_000 { _ = batch.append(String(random.next(), radix: 16)) }
      await outbox.submit(batch, now: Timestamp(seconds: Int64(second)))
      sent += 10
    }
    let server = try await TestServer(seed: 1, hangsUp: false, group: group)
    let link = await uplink(to: server.port, outbox, group)
    let running = Task { await link.run() }
    await outbox.waitUntilEmpty()
    await outbox.submit(RecordBatch(), now: Timestamp(seconds: 999))
    await outbox.waitUntilEmpty()
    running.cancel()
    await running.value
    server.state.withLock { state in
      let dropped = state.dropped[.spoolFull] ?? 0
      #expect(dropped > 0)
      #expect(UInt64(state.requestIDs.count) + dropped == sent)
      #expect(state.passed + dropped == sent)
    }
    try await server.close()
    try await group.shutdownGracefully()
  }

  /// Two agents with copies of one spool directory: what the server has of the other one must not
  /// make this one forget its own.
  @Test(arguments: [(UInt64(1) << 30, nil), (7, UInt32(0xbad))] as [(UInt64, UInt32?)])
  func anAgentWhoseIdentityIsAnothersTooTakesANewOne(last: UInt64, checksum: UInt32?) async throws {
    let scratch = try Scratch()
    let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    try await submit(30, into: scratch)
    let server = try await TestServer(seed: 1, hangsUp: false, group: group)
    server.state.withLock { ($0.last, $0.checksum) = (last, checksum) }
    var spool = try Spool(directory: scratch.path, machineID: "m", limit: 8 << 20)
    let old = spool.identity
    let outbox = Outbox(spool: spool, ledger: Ledger(), gauges: AgentGauges())
    let link = await uplink(to: server.port, outbox, group)
    let running = Task { await link.run() }
    await outbox.waitUntilEmpty()
    running.cancel()
    await running.value
    let new = await outbox.identity
    server.state.withLock { state in
      #expect(state.requestIDs == Array(1...30))
      #expect(state.identities == [old, new] && old != new)
    }
    // Written down, too.
    let copy = try Scratch()
    try FileManager.default.copyItem(
      atPath: scratch.path + "/identity", toPath: copy.path + "/identity")
    spool = try Spool(directory: copy.path, machineID: "m", limit: 8 << 20)
    #expect(spool.identity == new)
    try await server.close()
    try await group.shutdownGracefully()
  }

  /// In a cluster a server comes back with another address under the same name.
  @Test func aServerThatMovedIsFound() async throws {
    let scratch = try Scratch()
    let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    let first = try await TestServer(seed: 1, hangsUp: false, group: group)
    let second = try await TestServer(seed: 1, hangsUp: false, group: group)
    let port = Mutex(first.port)
    let spool = try Spool(directory: scratch.path, machineID: "m", limit: 8 << 20)
    let outbox = Outbox(spool: spool, ledger: Ledger(), gauges: AgentGauges())
    let ownPeers = OwnPeers()
    let link = await uplink(to: 1, outbox, group, ownPeers: ownPeers) { _ in
      // One that nobody answers at comes first.
      [
        try SocketAddress(ipAddress: "127.0.0.1", port: 1),
        try SocketAddress(ipAddress: "127.0.0.1", port: port.withLock { $0 }),
      ]
    }
    let running = Task { await link.run() }
    await outbox.submit(calls(1, from: 1), now: Timestamp(seconds: 1))
    await outbox.waitUntilEmpty()
    #expect(ownPeers.all.map { Int($0.port) } == [first.port])
    second.state.withLock { $0.last = first.state.withLock { $0.last } }
    port.withLock { $0 = second.port }
    // Its next answer is that it hangs up.
    first.state.withLock { $0.isGone = true }
    await outbox.submit(calls(1, from: 2), now: Timestamp(seconds: 2))
    await outbox.waitUntilEmpty()
    running.cancel()
    await running.value
    #expect(second.state.withLock { $0.requestIDs } == [2])
    #expect(ownPeers.all.map { Int($0.port) } == [second.port])
    try await first.close()
    try await second.close()
    try await group.shutdownGracefully()
  }

  /// TCP_NODELAY and SO_DEBUG are both option 1, and SO_DEBUG needs CAP_NET_ADMIN.
  @Test func aConnectionAsksForNothingThatNeedsRights() async throws {
    let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    let server = try await TestServer(seed: 1, hangsUp: false, group: group)
    let channel = try await Uplink.bootstrap(group).connect(host: "127.0.0.1", port: server.port)
      .get()
    #expect(try await channel.getOption(.tcpOption(.tcp_nodelay)).get() != 0)
    let debug = ChannelOptions.Types.SocketOption(
      level: .socket, name: NIOBSDSocket.Option(rawValue: SO_DEBUG))
    #expect(try await channel.getOption(debug).get() == 0)
    try await channel.close().get()
    try await server.close()
    try await group.shutdownGracefully()
  }

  @Test func aNameIsLookedUp() async throws {
    let found = try await NameLookup.addresses(of: NetworkAddress(host: "localhost", port: 7))
    let peers = found.compactMap { PacketOptions.Peer($0) }
    #expect(peers.contains(PacketOptions.Peer(address: IPAddress(v4: 0x7f00_0001), port: 7)))
    #expect(peers.allSatisfy { $0.address.isLoopback && $0.port == 7 })
    let everywhere = NetworkAddress(host: "0.0.0.0", port: 7)
    #expect(try await NameLookup.addresses(of: everywhere).count == 1)
    #expect(
      try await NameLookup.addresses(of: everywhere).allSatisfy { PacketOptions.Peer($0) == nil })
    await #expect(throws: NameLookup.Failure.self) {
      try await NameLookup.addresses(of: NetworkAddress(host: "no such host", port: 1))
    }
  }
}
