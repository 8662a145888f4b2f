// SPDX-License-Identifier: Apache-2.0

import Capture
import Protocols
import Telemetry
import Testing

@testable import Agent

/// The probes' thread against the kernel: needs root, or CAP_BPF and CAP_PERFMON.
@Suite(.timeLimit(.minutes(10))) struct CaptureLoopTests {
  /// A client is gone before the record of its call is made; its name must not be.
  @Test func aCallNamesBothItsProcesses() async throws {
    let queue = BatchQueue(limit: 1_000)
    let configuration = AgentConfiguration()
    let capture = try await CaptureThread { () throws(ProbeError) in
      try CaptureLoop(
        configuration: configuration, protocols: builtInProtocols, queue: queue, ledger: Ledger(),
        gauges: AgentGauges())
    }
    let web = try WebCall()
    #expect(try web.call())
    await capture.stop()

    var names: [ProcessKey: String] = [:]
    var ends: [ObservationPoint: CallRecord] = [:]
    var hosts = 0
    for item in queue.takeAll() {
      for process in item.batch.processes { names[process.key] = process.name }
      for call in item.batch.calls where Int(call.server.port) == web.port {
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
}
