// SPDX-License-Identifier: Apache-2.0

import Flows
import Glibc
import Protocols
import Telemetry

/// What one run over a capture cost and made.
struct Replay {
  var packets = 0
  var bytes = 0
  /// CPU time of the process.
  var nanoseconds = 0
  /// Calls by protocol number, by protocol number and kind of status, and those with a duration.
  var calls: [UInt8: Int] = [:]
  var withDuration: [UInt8: Int] = [:]
  var statuses: [UInt8: [UInt8: Int]] = [:]
  var verbs: [String: Int] = [:]
  var flows = 0
  var losses: [String: UInt64] = [:]

  init(of capture: borrowing MappedCapture, countsVerbs: Bool = false) {
    var pipeline = PacketPipeline(protocols: builtInProtocols)
    let id = pipeline.addInterface(InterfaceDescription(name: "capture"))
    precondition(id == 0, "the first interface has number 0")
    var batch = RecordBatch()
    var flushed: Int64 = 0
    var last: Int64 = 0
    bytes = capture.count
    let began = Self.now
    packets = capture.forEach { packet, frame in
      last = packet.time.nanoseconds
      if abs(last - flushed) >= 100_000_000 {
        flushed = last
        pipeline.flush(now: packet.time)
        pipeline.takeBatch(into: &batch)
        take(batch, countsVerbs)
      }
      pipeline.feed(packet, bytes: frame)
    }
    pipeline.finish(now: Timestamp(nanoseconds: last + 1_000_000_000))
    pipeline.takeBatch(into: &batch)
    take(batch, countsVerbs)
    nanoseconds = Self.now - began
  }

  private static var now: Int {
    var time = timespec()
    unsafe clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    return time.tv_sec * 1_000_000_000 + time.tv_nsec
  }

  private mutating func take(_ batch: borrowing RecordBatch, _ countsVerbs: Bool) {
    var counts = (number: UInt8(0), calls: 0, timed: 0)
    for index in batch.calls.indices {
      let number = batch.calls[index].applicationProtocol.rawValue
      if number != counts.number {
        note(counts)
        counts = (number, 0, 0)
      }
      counts.calls += 1
      if batch.calls[index].hasDuration { counts.timed += 1 }
      if countsVerbs {
        let call = batch.calls[index]
        statuses[number, default: [:]][call.status.rawValue, default: 0] += 1
        let verb =
          "\(number) \(batch.string(call.texts.requestType)) kind \(call.kind.rawValue) "
          + "status \(call.status.rawValue)"
        verbs[verb, default: 0] += 1
      }
    }
    note(counts)
    flows += batch.flows.count
    for loss in batch.losses where loss.reason.rawValue != 0 {
      losses["\(loss.stage.name) \(loss.reason.name)", default: 0] += loss.dropped
    }
  }

  private mutating func note(_ counts: (number: UInt8, calls: Int, timed: Int)) {
    guard counts.calls > 0 else { return }
    calls[counts.number, default: 0] += counts.calls
    withDuration[counts.number, default: 0] += counts.timed
  }
}
