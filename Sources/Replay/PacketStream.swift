// SPDX-License-Identifier: Apache-2.0

import Capture
import Flows
import Telemetry

/// The packets of a replay on their way through a pipeline.
struct PacketStream: ~Copyable {
  /// How often the pipeline is told the time, in the time of the capture.
  private static let flushNanoseconds: Int64 = 100_000_000
  /// How far time may go back between two packets, as it does where several queues or cards write
  /// one file. Further back a new capture begins, as in files that were put behind one another.
  private static let largestStepBack: Int64 = 5_000_000_000
  /// New captures that are seen; after that, late packets are just late.
  private static let mostCaptures: UInt64 = 1_000

  /// Why ``feed(_:of:until:)`` returned.
  enum Pause {
    /// The next packet is later than it was asked for.
    case due
    /// It is time to take what was made.
    case batch
    /// The file's writer has written no more.
    case silence
    /// The file is at its end, or cannot be read further.
    case end
  }

  private let settings: Replay
  private var pipeline: PacketPipeline
  /// Packets that were fed.
  private(set) var packets: UInt64 = 0
  /// Captures so far, behind the first.
  private var captures: UInt64 = 0
  /// Whether the next packet begins a new one.
  private(set) var isOver = false
  /// Packets that may still come before the records are handed on.
  private var room: Int
  private var batch = RecordBatch()
  private var endpoints: EndpointBook
  /// Of all captures; the latest of those that are over.
  private var earliest: Timestamp?
  private var latest = Timestamp(nanoseconds: .min)
  /// Of this capture; until its first packet they are the minimum.
  private var last = Timestamp(nanoseconds: .min)
  private var nextFlush = Int64.min

  init(_ settings: Replay) {
    self.settings = settings
    room = settings.packetsPerBatch
    endpoints = EndpointBook(rules: settings.endpoints)
    pipeline = Self.pipeline(settings, capture: 0)
  }

  /// Flow ids say the capture, and the flow in it.
  private static func pipeline(_ settings: Replay, capture: UInt64) -> PacketPipeline {
    var limits = PacketLimits()
    // All flows are wanted, however many there are in a second.
    limits.flows.flowRecordsPerSecond = nil
    // A file waits until what it brought is taken: no batch is ever full, and no table refuses what is
    // new, but lets go what is silent for longest.
    limits.flows.flowsAtOnce = 8_192
    limits.flows.batchNetworkMetrics = 2 * limits.flows.rollupPairs
    limits.flows.longestStepBack = largestStepBack
    limits.calls.longestStepBack = largestStepBack
    limits.flows.idleBeforeEviction = 0
    limits.calls.idleBeforeEviction = 0
    limits.calls.rollupRowsPerSecond = 1 << 17
    limits.calls.rollupRowsPerMinute = 1 << 18
    limits.flows.firstFlowID = capture << 32 | 1
    return PacketPipeline(
      limits: limits, protocols: settings.protocols, privacy: settings.privacy)
  }

  /// Feeds packets of a file up to a time, in the file's own count.
  mutating func feed(
    _ reading: inout ReadingCapture, of point: CapturePoint, until limit: Timestamp
  ) -> Pause {
    while let head = reading.head {
      guard head.time <= limit else { return .due }
      guard room > 0, pipeline.hasRoom else { return .batch }
      var packet = head
      packet.time.nanoseconds &+= settings.shift
      guard proceed(to: packet.time) else { return .batch }
      if Int(packet.interface) >= reading.interfaces.count {
        point.learn(&reading, to: &pipeline, settings.localAddresses)
      }
      packet.interface = reading.interfaces[Int(packet.interface)]
      if !reading.links.isKnown(packet.linkType) {
        reading.links.note(packet.linkType, at: reading.file.packets)
      }
      pipeline.feed(packet, bytes: reading.file.bytes)
      packets &+= 1
      room -= 1
      if reading.isLive, !reading.file.isReady { return .silence }
      reading.advance()
    }
    return .end
  }

  /// Goes on to the time of the next packet; false when the batch is to be taken first, or that begins
  /// a new capture.
  @inline(__always)
  private mutating func proceed(to time: Timestamp) -> Bool {
    if time.nanoseconds > last.nanoseconds {
      last = time
    } else if last.nanoseconds &- time.nanoseconds > Self.largestStepBack,
      captures < Self.mostCaptures
    {
      isOver = pipeline.finish(now: last)
      return false
    }
    return last.nanoseconds < nextFlush || flush()
  }

  /// Tells the time before the packet that brings it: what it ends must not see the packet. False when
  /// the batch is full before all is told.
  private mutating func flush() -> Bool {
    if nextFlush == .min { earliest = min(earliest ?? last, last) }
    guard pipeline.flush(now: last) else { return false }
    nextFlush = last.nanoseconds &+ Self.flushNanoseconds
    if settings.isPrompt { room = min(room, 1) }
    return true
  }

  /// Gives the sink what was made since the last time.
  mutating func handOn<Sink: RecordSink & ~Copyable>(
    to sink: inout Sink, _ summary: inout ReplaySummary
  ) throws(ReplayError) {
    room = settings.packetsPerBatch
    pipeline.takeBatch(into: &batch)
    endpoints.apply(to: &batch, now: last)
    summary.count(&batch)
    try sink.take(&batch)
  }

  /// Begins a new capture once the old one ``isOver``. Interfaces have to be made known again.
  mutating func begin() {
    isOver = false
    captures += 1
    pipeline = Self.pipeline(settings, capture: captures)
    latest = max(latest, last)
    last = Timestamp(nanoseconds: .min)
    nextFlush = .min
  }

  /// Ends all flows, and says when the packets were; false when the batch is to be taken first.
  mutating func finish(_ summary: inout ReplaySummary) -> Bool {
    summary.packets = packets
    guard let earliest else { return true }
    summary.first = earliest
    summary.last = max(latest, last)
    return pipeline.finish(now: last)
  }
}
