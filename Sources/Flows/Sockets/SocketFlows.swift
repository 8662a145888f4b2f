// SPDX-License-Identifier: Apache-2.0

import Telemetry

/// Flow records of connections that do not leave the host, from what their sockets count: packets are
/// not captured there.
///
/// Told by the client's socket, when it is closed, and as long as it is not as often as it is asked.
struct SocketFlows {
  /// What was told of a connection that goes on.
  private struct Told {
    var totals: SocketTotals
    var until: Timestamp
  }

  private var told: [UInt64: Told] = [:]
  private let limits: FlowLimits
  /// The second that records are counted in, and how many it has.
  private var second: Int64 = .min
  private var count = 0

  init(limits: FlowLimits) { self.limits = limits }

  mutating func take(
    _ event: SocketEvent, _ totals: SocketTotals, protocol number: ApplicationProtocol?,
    into batch: inout RecordBatch, tally: inout Tally
  ) {
    guard event.isInsideHost, event.isOfClient else { return }
    let isOver = event.kind == .closed
    let before = told[event.socket]
    if isOver {
      told[event.socket] = nil
    } else if before != nil || told.count < limits.socketFlows {
      told[event.socket] = Told(totals: totals, until: event.exit)
    } else {
      return tally.lose(.flowTableFull)
    }
    // One that was there before the probes has carried what nobody can place.
    guard let base = before ?? totals.opened.map({ Told(totals: .zero, until: $0) }) else { return }
    if event.exit.seconds != second {
      second = event.exit.seconds
      count = 0
    }
    count += 1
    guard count <= limits.socketFlowsPerSecond else { return tally.lose(.sampled) }
    guard batch.flows.count < limits.batchCalls else { return tally.lose(.batchFull) }
    var record = FlowRecord(event, totals, since: base.totals)
    record.applicationProtocol = number ?? .unknown
    record.start = base.until
    record.isNew = before == nil
    let begin = totals.opened ?? base.until
    record.duration = UInt64(max(0, event.exit - begin)) / 1_000
    record.closeType = isOver ? totals.closeType : .forcedReport
    batch.flows.append(record)
    tally.pass()
  }
}

extension SocketEvent {
  /// Whether both ends are on this host, whose packets between them no interface but loopback sees.
  fileprivate var isInsideHost: Bool { remote.isLoopback || remote == local }

  /// Whether the kernel says that this end connected, or, where it does not know, the ports do.
  fileprivate var isOfClient: Bool {
    switch role {
    case .client: true
    case .server: false
    case .unknown: remotePort < localPort
    }
  }
}

extension FlowRecord {
  fileprivate init(_ event: SocketEvent, _ totals: SocketTotals, since base: SocketTotals) {
    self.init(
      transport: event.transport, client: FlowEnd(address: event.local, port: event.localPort),
      server: FlowEnd(address: event.remote, port: event.remotePort), start: event.exit,
      end: event.exit)
    flow = event.socket
    observationPoint = .local
    signalSource = .eBPF
    directionScore = event.role == .client ? 255 : 64
    networkNamespace = event.networkNamespace
    etherType = event.remote.isV4 ? 0x0800 : 0x86dd
    let headers = Self.headerBytes(isV4: event.remote.isV4)
    figures.sent = FlowTraffic(
      packets: UInt64(totals.sentPackets &- base.sentPackets),
      payload: totals.sentBytes &- base.sentBytes, headers: headers)
    figures.received = FlowTraffic(
      packets: UInt64(totals.receivedPackets &- base.receivedPackets),
      payload: totals.receivedBytes &- base.receivedBytes, headers: headers)
    figures.sentRetransmissions = totals.retransmissions &- base.retransmissions
    totalSentPackets = UInt64(totals.sentPackets)
    totalReceivedPackets = UInt64(totals.receivedPackets)
    let link = UInt64(headers + Self.linkBytes)
    totalSentBytes = totals.sentBytes &+ totalSentPackets &* link
    totalReceivedBytes = totals.receivedBytes &+ totalReceivedPackets &* link
  }

  /// Bytes before a loopback packet's IP header; and of its IP and TCP headers, with timestamps.
  fileprivate static var linkBytes: Int { 14 }
  fileprivate static func headerBytes(isV4: Bool) -> Int { (isV4 ? 20 : 40) + 32 }
}

extension FlowTraffic {
  fileprivate init(packets: UInt64, payload: UInt64, headers: Int) {
    self.init()
    self.packets = packets
    transportBytes = payload
    networkBytes = payload &+ packets &* UInt64(headers)
    bytes = networkBytes &+ packets &* UInt64(FlowRecord.linkBytes)
  }
}

extension SocketTotals {
  fileprivate static let zero = SocketTotals(
    opened: nil, sentBytes: 0, receivedBytes: 0, sentPackets: 0, receivedPackets: 0,
    retransmissions: 0, error: 0, state: 0)

  /// How a connection ended whose client's socket this is.
  fileprivate var closeType: CloseType {
    // net/tcp_states.h
    let (established, connecting, closeWait): (UInt8, UInt8, UInt8) = (1, 2, 8)
    // errno(3): EPIPE is a reset too, of one that the other end had finished.
    let (broken, reset, timedOut, refused): (UInt16, UInt16, UInt16, UInt16) = (32, 104, 110, 111)
    switch error {
    case refused: return .serverRefused
    case timedOut: return state == connecting ? .serverSynAckMissing : .timeout
    case reset, broken: return .serverReset
    default: break
    }
    // Closed out of the middle: with bytes that nobody had read, or as it was told to (SO_LINGER).
    switch state {
    case established, closeWait: return .clientReset
    case connecting: return .clientEstablishReset
    default: return .finished
    }
  }
}
