// SPDX-License-Identifier: Apache-2.0

import NIOCore
import Telemetry
import Wire

/// What the connections of one event loop share, so that a connection costs no decompression
/// context and no batch of its own.
final class FrameTools {
  var opener = FrameOpener()
  var encoder = FrameEncoder(compressing: false)
  var batch = RecordBatch()
  var budget: FrameBudget
  /// The open connections of this loop, and those of them that wait for a share of the budget.
  var connections: [ObjectIdentifier: AgentConnection] = [:]
  var waiting: [ObjectIdentifier] = []

  init(_ configuration: IngestConfiguration) {
    budget = FrameBudget(
      limit: configuration.frameBytes,
      patience: .milliseconds(configuration.frameMilliseconds))
  }
}

/// The connection's share of what its loop may hold of large frames.
extension AgentConnection {
  /// Reads on a large frame only when the loop's connections together have room for it.
  func askForShare() {
    guard !waitsForBudget, let context, splitter.announced > splitter.buffered else { return }
    let own = ObjectIdentifier(self)
    guard !tools.budget.reserve(splitter.announced, for: own, now: .now()) else { return }
    waitsForBudget = true
    tools.waiting.append(own)
    if let slowest = tools.budget.slowest(now: .now()) { tools.connections[slowest]?.makeRoom() }
    // Whoever holds a share now may still be within its time: ask again when it is not.
    let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
    context.eventLoop.scheduleTask(in: tools.budget.patience) { bound.value.askAgain() }
  }

  func giveBackShare() {
    guard tools.budget.release(ObjectIdentifier(self)), let first = tools.waiting.first,
      let next = tools.connections[first], let loop = next.context?.eventLoop
    else { return }
    let bound = NIOLoopBound(next, eventLoop: loop)
    loop.execute { bound.value.askAgain() }
  }

  private func askAgain() {
    guard waitsForBudget else { return }
    waitsForBudget = false
    tools.waiting.removeAll { $0 == ObjectIdentifier(self) }
    proceed()
  }

  private func makeRoom() {
    intake.ledger.count { $0.slowFrames += 1 }
    perform(
      session.malformed(
        WireError(.truncated, at: splitter.buffered, expected: "a frame that comes in one go")))
  }
}
