// SPDX-License-Identifier: Apache-2.0

package import Replay
package import Telemetry
import Wire

/// Collects the records of a replay in a spool, from which ``ReplayDelivery`` sends them.
///
/// Nothing is sent before everything is there, so that a replay that is broken off leaves no half
/// of a capture on the server, and so that what the server will refuse for its age is known
/// beforehand.
package struct SpoolSink: RecordSink, ~Copyable {
  private let spool: Spool
  private let selection: RecordSelection
  private let isStopped: @Sendable () -> Bool
  private var encoder = FrameEncoder()
  private var age: RecordAge
  /// Batches and records that are in the spool.
  package private(set) var batches = 0
  package private(set) var records: UInt64 = 0

  /// - Parameters:
  ///   - directory: empty, and this replay's alone.
  ///   - now: what records are too old, or too far ahead, against.
  ///   - isStopped: asked at each batch; true ends the replay.
  package init(
    directory: String, _ selection: RecordSelection, now: Timestamp,
    isStopped: @escaping @Sendable () -> Bool
  ) throws(ReplayError) {
    do throws(SpoolError) {
      spool = try ReplaySpool.open(directory)
    } catch {
      throw ReplayError(.output, error.description)
    }
    self.selection = selection
    self.isStopped = isStopped
    age = RecordAge(now: now)
  }

  /// What a server with the default retention will not keep, in one sentence; nil when it keeps
  /// all.
  package var warning: String? { age.warning }

  package mutating func take(_ batch: inout RecordBatch) throws(ReplayError) {
    try flush()
    if !selection.contains(.calls) { batch.calls.removeAll(keepingCapacity: true) }
    if !selection.contains(.flows) { batch.flows.removeAll(keepingCapacity: true) }
    if !selection.contains(.metrics) {
      batch.metrics.removeAll(keepingCapacity: true)
      batch.networkMetrics.removeAll(keepingCapacity: true)
    }
    guard !batch.isEmpty else { return }
    age.count(batch)
    try spool(batch)
  }

  /// Only looks whether the user wants to stop: the spool is for itself until it is sent.
  package func flush() throws(ReplayError) {
    if isStopped() { throw ReplayError(.interrupted, "stopped; nothing was sent.") }
  }

  package func finish() throws(ReplayError) { try flush() }

  private mutating func spool(_ batch: RecordBatch) throws(ReplayError) {
    do {
      let sequence = try spool.takeSequence()
      let frame = try encoder.encode(batch, sequence: sequence)
      let count = UInt32(clamping: batch.recordCount)
      guard spool.append(frame, sequence: sequence, records: count).isEmpty, !spool.isInMemory
      else {
        throw ReplayError(
          .output, "the spool cannot hold the records: its disk is full, or cannot be written.")
      }
      batches += 1
      records += UInt64(count)
    } catch let error as WireError where error.fault == .oversized {
      for half in try halves(batch) { try spool(half) }
    } catch let error as ReplayError {
      throw error
    } catch {
      throw ReplayError(.output, "the records cannot be spooled: \(error)")
    }
  }

  /// A batch that is larger than a frame, in two.
  private func halves(_ batch: RecordBatch) throws(ReplayError) -> [RecordBatch] {
    let count =
      batch.calls.count + batch.flows.count + batch.metrics.count + batch.networkMetrics.count
    guard count > 1 else {
      throw ReplayError(.output, "a record is larger than a frame, which is a fault of the agent.")
    }
    var first = batch
    var second = batch
    second.losses = []
    first.calls.removeLast(batch.calls.count / 2)
    second.calls.removeFirst(batch.calls.count - batch.calls.count / 2)
    first.flows.removeLast(batch.flows.count / 2)
    second.flows.removeFirst(batch.flows.count - batch.flows.count / 2)
    first.metrics.removeLast(batch.metrics.count / 2)
    second.metrics.removeFirst(batch.metrics.count - batch.metrics.count / 2)
    first.networkMetrics.removeLast(batch.networkMetrics.count / 2)
    second.networkMetrics.removeFirst(
      batch.networkMetrics.count - batch.networkMetrics.count / 2)
    return [first, second]
  }
}
