// SPDX-License-Identifier: Apache-2.0

import Telemetry

extension Flow {
  /// How the flow ended, now that it has: by its phase, and for a reset the one before, what happened
  /// in it, and who is the client.
  func closeType(resetIn resetPhase: Phase) -> CloseType {
    guard isTCP else {
      return facts.has(FlowFacts.stopped) ? .forcedReport : .timeout
    }
    switch phase {
    case .refused, .reset: return resetType(in: resetPhase)
    case .opening:
      return facts.has(FlowFacts.foreignAnswer) ? .clientPortReuse : .serverSynAckMissing
    case .answered: return .clientAckMissing
    case .halfClosed:
      return facts.has(FlowFacts.fin, clientDirection) ? .serverHalfClose : .clientHalfClose
    case .finished: return .finished
    case .established, .other:
      if hasFullQueue { return .serverQueueFull }
      if facts.has(FlowFacts.superseded) { return .unknown }
      return facts.has(FlowFacts.stopped) ? .forcedReport : .timeout
    }
  }

  private func resetType(in phase: Phase) -> CloseType {
    let isByClient = facts.has(FlowFacts.rst, clientDirection)
    switch phase {
    case .opening:
      if facts.has(FlowFacts.foreignAnswer) { return .clientPortReuse }
      return isByClient ? .clientEstablishReset : .serverRefused
    case .answered:
      // SYN, SYN/ACK, RST is how load balancers see whether a port is open.
      return isByClient ? .clientResetAfterFinish : .serverEstablishReset
    case .halfClosed: return isByClient ? .clientResetAfterFinish : .serverReset
    default:
      guard isByClient else { return hasFullQueue ? .serverQueueFull : .serverReset }
      return isProbe || facts.has(FlowFacts.goodAnswer) ? .clientResetAfterFinish : .clientReset
    }
  }

  /// A handshake without any data: a probe, if its client then resets.
  private var isProbe: Bool {
    facts.hasEither(FlowFacts.synAck) && !facts.hasEither(FlowFacts.data)
  }

  /// A server whose accept queue is full drops the handshake's ACK and what follows, and repeats
  /// its SYN/ACK as if it had seen neither.
  private var hasFullQueue: Bool {
    facts.has(FlowFacts.synAckAgain) && !facts.has(FlowFacts.spoke, 1 - clientDirection)
  }
}
