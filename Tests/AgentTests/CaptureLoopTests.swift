// SPDX-License-Identifier: Apache-2.0

import Capture
import Foundation
import Glibc
import NIOCore
import NIOPosix
import Protocols
import Telemetry
import Testing

@testable import Agent

/// The capture thread against the kernel: needs root, or CAP_BPF and CAP_PERFMON.
@Suite(.timeLimit(.minutes(10))) struct CaptureLoopTests {
  private func freePort() async throws -> Int {
    let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    let channel = try await ServerBootstrap(group: group).bind(host: "127.0.0.1", port: 0).get()
    let port = channel.localAddress?.port ?? 0
    try await channel.close().get()
    try await group.shutdownGracefully()
    return port
  }

  private func start(_ program: String, _ arguments: [String]) throws -> Process {
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = [program] + arguments
    process.standardOutput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    try process.run()
    return process
  }

  /// A client is gone before the record of its call is made; its name must not be.
  @Test func aCallNamesBothItsProcesses() async throws {
    let port = try await freePort()
    let queue = BatchQueue(limit: 1_000)
    let configuration = AgentConfiguration()
    let capture = try await CaptureThread { () throws(ProbeError) in
      try CaptureLoop(
        configuration: configuration, protocols: builtInProtocols, queue: queue, ledger: Ledger(),
        gauges: AgentGauges())
    }
    let scratch = try Scratch()
    let server = try start(
      "python3",
      ["-m", "http.server", "\(port)", "--bind", "127.0.0.1", "--directory", scratch.path])
    let client = try start(
      "curl", ["-s", "--retry", "20", "--retry-connrefused", "http://127.0.0.1:\(port)/"])
    client.waitUntilExit()
    #expect(client.terminationStatus == 0)
    await capture.stop()
    // SIGTERM may be blocked: a child inherits the mask of the thread that started it.
    kill(server.processIdentifier, SIGKILL)
    server.waitUntilExit()

    var names: [ProcessKey: String] = [:]
    var ends: [ObservationPoint: CallRecord] = [:]
    var hosts = 0
    for item in queue.takeAll() {
      for process in item.batch.processes { names[process.key] = process.name }
      for call in item.batch.calls where Int(call.server.port) == port {
        ends[call.observationPoint] = call
        #expect(item.batch.string(call.texts.requestType) == "GET")
      }
      hosts += item.batch.host == nil ? 0 : 1
    }
    #expect(hosts == 1)
    #expect(ends[.clientProcess].flatMap { names[$0.client.process] } == "curl")
    #expect(ends[.serverProcess].flatMap { names[$0.server.process] } == "http.server")
    #expect(capture.report.contains { $0.state == .on })
  }

  /// The same call, seen on the loopback interface: a flow, a call of it, and every packet counted.
  @Test func aCallIsSeenInItsPackets() async throws {
    let port = try await freePort()
    let queue = BatchQueue(limit: 1_000)
    let ledger = Ledger()
    var configuration = AgentConfiguration()
    configuration.packets.interfaces = ["lo"]
    configuration.packets.namespaces = .host
    configuration.packets.ringBytes = 8 << 20
    let settings = configuration
    let capture = try await CaptureThread { () throws(PacketError) in
      try PacketLoop(
        configuration: settings, host: HostReader.report(), protocols: builtInProtocols,
        queue: queue, ledger: ledger, gauges: AgentGauges())
    }
    #expect(capture.report.interfaces.map(\.name) == ["lo"])
    let scratch = try Scratch()
    let server = try start(
      "python3",
      ["-m", "http.server", "\(port)", "--bind", "127.0.0.1", "--directory", scratch.path])
    let client = try start(
      "curl", ["-s", "--retry", "20", "--retry-connrefused", "http://127.0.0.1:\(port)/"])
    client.waitUntilExit()
    #expect(client.terminationStatus == 0)
    await capture.stop()
    kill(server.processIdentifier, SIGKILL)
    server.waitUntilExit()

    var calls: [CallRecord] = []
    var flows: [FlowRecord] = []
    var hosts = 0
    for item in queue.takeAll() {
      calls += item.batch.calls.filter { Int($0.server.port) == port }
      flows += item.batch.flows.filter { Int($0.server.port) == port }
      hosts += item.batch.host == nil ? 0 : 1
    }
    #expect(hosts == 1)
    #expect(calls.map(\.signalSource) == [.packet])
    #expect(calls.map(\.observationPoint) == [.local])
    #expect(flows.contains { $0.flow == calls.first?.flow })
    let packets = ledger.tallies.first { $0.stage == .packets }?.tally
    #expect(packets.map { $0.received > 0 && $0.balances } == true)
  }
}
