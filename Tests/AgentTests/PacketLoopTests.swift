// SPDX-License-Identifier: Apache-2.0

import Capture
import Protocols
import Telemetry
import TestSupport
import Testing

@testable import Agent

/// A packet thread against the kernel, on loopback: needs root, or CAP_NET_RAW.
@Suite(.timeLimit(.minutes(10))) struct PacketLoopTests {
  /// A packet thread and everything that it hands on.
  private struct Watched {
    let queue = BatchQueue(limit: 1_000)
    let ledger = Ledger()
    let gauges = AgentGauges()
    let ownPeers = OwnPeers()
    let thread: CaptureThread<PacketLoop.Report>

    init(
      isAlone: Bool = true, _ change: (inout PacketConfiguration) -> Void = { _ in }
    ) async throws {
      var configuration = AgentConfiguration()
      configuration.flushInterval = 50
      configuration.packets.namespaces = .host
      configuration.packets.ringBytes = 8 << 20
      change(&configuration.packets)
      let (settings, queue, ledger) = (configuration, queue, ledger)
      let (gauges, ownPeers) = (gauges, ownPeers)
      thread = try await CaptureThread { () throws(PacketError) in
        try PacketLoop(
          configuration: settings, isAlone: isAlone, protocols: builtInProtocols, queue: queue,
          ledger: ledger, gauges: gauges, ownPeers: ownPeers)
      }
    }

    func tally(_ stage: Stage) -> Tally {
      ledger.tallies.first { $0.stage == stage }?.tally ?? Tally()
    }
  }

  /// What was seen of one server's port.
  private struct Seen {
    var calls: [CallRecord] = []
    var flows: [FlowRecord] = []
    var hosts = 0

    init(_ queue: BatchQueue, port: Int) {
      take(from: queue, port: port)
    }

    mutating func take(from queue: BatchQueue, port: Int) {
      for item in queue.takeAll() {
        calls += item.batch.calls.filter { Int($0.server.port) == port }
        flows += item.batch.flows.filter { Int($0.server.port) == port }
        hosts += item.batch.host == nil ? 0 : 1
      }
    }
  }

  /// A flow, a call of it, and every packet counted.
  @Test func aCallIsSeenInItsPackets() async throws {
    let watched = try await Watched { $0.interfaces = ["lo"] }
    #expect(watched.thread.report.interfaces.map(\.name) == ["lo"])
    let web = try WebCall()
    // What other tests send crosses loopback too, and may drive one call from the ring.
    var seen = Seen(watched.queue, port: web.port)
    let isSeen = try await eventually {
      _ = try web.call()
      seen.take(from: watched.queue, port: web.port)
      return !seen.calls.isEmpty
    }
    #expect(isSeen)
    await watched.thread.stop()
    seen.take(from: watched.queue, port: web.port)
    #expect(seen.hosts == 1)
    #expect(seen.calls.allSatisfy { $0.signalSource == .packet && $0.observationPoint == .local })
    #expect(seen.calls.contains { call in seen.flows.contains { $0.flow == call.flow } })
    #expect(watched.tally(.packets).received > 0 && watched.tally(.packets).balances)
  }

  /// Where there are no probes, what processes of one host say to each other is on loopback only.
  @Test(arguments: [(true, true), (false, false)])
  func loopbackIsCapturedWhenNothingElseSeesIt(isAlone: Bool, isCaptured: Bool) async throws {
    let watched = try await Watched(isAlone: isAlone)
    #expect(watched.thread.report.interfaces.contains { $0.isLoopback } == isCaptured)
    await watched.thread.stop()
  }

  /// Flows go on when load is shed, calls do not; both are there again afterwards.
  @Test func whenLeanPacketsAreCountedAndNotRead() async throws {
    let watched = try await Watched(isAlone: false) { $0.interfaces = ["lo"] }
    watched.gauges.update { $0.shedding = .lean }
    let web = try WebCall()
    let isShed = try await eventually {
      _ = try web.call()
      return watched.tally(.conversations).dropped.contains {
        $0.reason == .shedLoad && $0.count >= 2
      }
    }
    #expect(isShed)
    let callsBefore = Seen(watched.queue, port: web.port).calls.count
    #expect(callsBefore <= 1, "only what came before the first second was over")
    #expect(try web.call())
    _ = try await eventually("the flow of a call that was shed") {
      let found = Seen(watched.queue, port: web.port)
      #expect(found.calls.isEmpty)
      return found.flows.first { $0.figures.roundTrip.count > 0 }
    }
    watched.gauges.update { $0.shedding = .normal }
    let isRead = try await eventually {
      _ = try web.call()
      return !Seen(watched.queue, port: web.port).calls.isEmpty
    }
    #expect(isRead)
    await watched.thread.stop()
    for stage in [Stage.packets, .frames, .segments, .conversations] {
      #expect(watched.tally(stage).balances, "\(stage)")
    }
  }

  /// The server that the agent talks with is left out also after it moved.
  @Test func theServersAddressIsFollowed() async throws {
    let watched = try await Watched { $0.interfaces = ["lo"] }
    let (first, second) = (try WebCall(), try WebCall())
    func peer(_ web: WebCall) -> [PacketOptions.Peer] {
      [PacketOptions.Peer(address: IPAddress(v4: 0x7f00_0001), port: UInt16(web.port))]
    }
    for (left, taken) in [(first, second), (second, first)] {
      await watched.ownPeers.setServer(peer(left))
      // What was called before may still be on its way.
      let since = Timestamp.timeOfDay().nanoseconds
      _ = watched.queue.takeAll()
      var calls: [Int: Int] = [:]
      let isSeen = try await eventually {
        let isAnswered = try left.call() && taken.call()
        #expect(isAnswered)
        for call in watched.queue.takeAll().flatMap(\.batch.calls)
        where call.start.nanoseconds > since {
          calls[Int(call.server.port), default: 0] += 1
        }
        return calls[taken.port] != nil
      }
      #expect(isSeen)
      #expect(calls[left.port] == nil)
    }
    await watched.thread.stop()
  }
}
