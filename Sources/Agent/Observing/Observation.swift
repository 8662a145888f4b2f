// SPDX-License-Identifier: Apache-2.0

import Capture
import Logging
import Protocols
import Telemetry

/// Everything that watches the host: the probes' thread and the packets' threads.
struct Observation {
  /// nil where the kernel refuses the probes.
  private let probes: CaptureThread<[HookReport]>?
  private let packets: [CaptureThread<PacketLoop.Report>]

  /// Starts what the kernel lets it start and tells of the rest.
  ///
  /// - Throws: why the probes were refused, when nothing else sees anything either.
  init(
    _ configuration: AgentConfiguration, protocols: [any ProtocolKind], queue: BatchQueue,
    ledger: Ledger, gauges: AgentGauges, ownPeers: OwnPeers, logger: Logger
  ) async throws(ProbeError) {
    var refusal: ProbeError?
    do throws(ProbeError) {
      probes = try await CaptureThread { () throws(ProbeError) in
        try CaptureLoop(
          configuration: configuration, protocols: protocols, queue: queue, ledger: ledger,
          gauges: gauges
        ) { library in
          switch library.state {
          case .on, .gone: logger.info("\(library)")
          case .refused, .unreadable: logger.warning("\(library)")
          }
        }
      }
    } catch {
      probes = nil
      refusal = error
    }
    let isAlone = probes == nil
    var packets: [CaptureThread<PacketLoop.Report>] = []
    if configuration.packets.isEnabled {
      for number in 0..<configuration.packets.fanout {
        do throws(PacketError) {
          packets.append(
            try await CaptureThread { () throws(PacketError) in
              try PacketLoop(
                configuration: configuration, number: number, isAlone: isAlone,
                protocols: protocols,
                queue: queue, ledger: ledger, gauges: gauges, ownPeers: ownPeers)
            })
        } catch {
          logger.warning("\(error)")
          break
        }
      }
    }
    self.packets = packets
    if let refusal {
      guard !packets.isEmpty else { throw refusal }
      logger.warning("\(refusal)")
    }
    tell(logger)
  }

  /// What is on, for the server: hooks by name, and `packets`.
  var capabilities: [String] {
    let hooks = probes?.report.filter { $0.state == .on }.map(\.name) ?? []
    return hooks + (packets.isEmpty ? [] : ["packets"])
  }

  /// Ends every thread; their last batches are in the queue when this returns.
  func stop() async {
    await probes?.stop()
    for thread in packets { await thread.stop() }
  }

  private func tell(_ logger: Logger) {
    for hook in probes?.report ?? [] {
      if case .refused = hook.state { logger.warning("Not all is seen: \(hook)") }
    }
    guard let report = packets.first?.report else { return }
    let names = report.interfaces.map(\.name)
    logger.info(
      "Capturing packets of \(names.isEmpty ? "no interface yet" : names.joined(separator: ", "))")
    if let refusal = report.namespaceRefusal {
      logger.warning(
        "Containers are seen from the host's side only: \(refusal); grant CAP_SYS_ADMIN, or set capture.packets.namespaces to host"
      )
    }
    for left in report.leftOut {
      logger.warning("Packets of \(left.name) are not captured: \(left.reason)")
    }
  }
}
