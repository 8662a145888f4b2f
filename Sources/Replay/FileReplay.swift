// SPDX-License-Identifier: Apache-2.0

import Capture
import Flows
import Telemetry

/// One capture file on its way through a pipeline of its own.
struct FileReplay: ~Copyable {
  /// How often the pipeline is told the time, in the time of the capture.
  private static let flushNanoseconds: Int64 = 100_000_000
  /// Flow ids of a file begin at its number times this.
  private static let flowsPerFile: UInt64 = 1 << 40

  private var file: CaptureFile
  private var pipeline: PacketPipeline
  private let localAddresses: [IPAddress]
  private let shift: Int64
  private let packetsPerBatch: Int
  /// The pipeline's numbers of the file's interfaces.
  private var interfaces: [UInt32] = []
  private var links = LinkCheck()
  private var batch = RecordBatch()
  private var first: Timestamp?
  private var last = Timestamp(nanoseconds: .min)
  private var nextFlush = Int64.min
  private var fault: ReplayError?

  init(_ file: consuming CaptureFile, _ settings: Replay, number: Int) {
    self.file = file
    var limits = PacketLimits()
    // All flows are wanted, however many there are in a second.
    limits.flows.flowRecordsPerSecond = nil
    limits.flows.firstFlowID = UInt64(number) * Self.flowsPerFile + 1
    pipeline = PacketPipeline(limits: limits, protocols: settings.protocols)
    localAddresses = settings.localAddresses
    shift = settings.shift
    packetsPerBatch = settings.packetsPerBatch
  }

  var name: String { file.name }
  var size: UInt64? { file.size }
  var position: UInt64 { file.position }
  var packets: UInt64 { file.packets }

  /// Reads the packets of one batch; false when the file is at its end, or cannot be read further.
  mutating func feed() -> Bool {
    do throws(CaptureFileError) {
      for _ in 0..<packetsPerBatch {
        guard var packet = try file.next() else { return false }
        packet.time.nanoseconds &+= shift
        if packet.time.nanoseconds > last.nanoseconds {
          last = packet.time
          if last.nanoseconds >= nextFlush { flush() }
        }
        if Int(packet.interface) >= interfaces.count { learnInterfaces() }
        packet.interface = interfaces[Int(packet.interface)]
        if !links.isKnown(packet.linkType) { links.note(packet.linkType, at: file.packets) }
        Self.feed(packet, of: file, to: &pipeline)
      }
      return true
    } catch {
      fault = ReplayError(error)
      return false
    }
  }

  @inline(__always)
  private static func feed(
    _ packet: CapturedPacket, of file: borrowing CaptureFile, to pipeline: inout PacketPipeline
  ) {
    pipeline.feed(packet, bytes: file.bytes)
  }

  /// Ends all flows, and says what the file was.
  mutating func finish(_ summary: inout ReplaySummary) {
    if file.packets > 0 { pipeline.finish(now: last) }
    summary.packets &+= file.packets
    summary.bytes &+= file.position
    if let first {
      summary.first = min(summary.first ?? first, first)
      summary.last = max(summary.last ?? last, last)
    }
    summary.faults += links.faults(in: file.name)
    if let fault { summary.faults.append(fault) }
  }

  /// Gives the sink what was made since the last time.
  mutating func handOn<Sink: RecordSink & ~Copyable>(
    to sink: inout Sink, _ summary: inout ReplaySummary
  ) throws(ReplayError) {
    pipeline.takeBatch(into: &batch)
    summary.count(&batch)
    try sink.take(&batch)
  }

  /// Tells the time before the packet that brings it: what it ends must not see the packet.
  private mutating func flush() {
    if first == nil { first = last }
    pipeline.flush(now: last)
    nextFlush = last.nanoseconds &+ Self.flushNanoseconds
  }

  private mutating func learnInterfaces() {
    while interfaces.count < file.interfaces.count {
      var description = file.interfaces[interfaces.count]
      if !localAddresses.isEmpty {
        description.addresses = localAddresses
        description.isHere = true
      }
      interfaces.append(pipeline.addInterface(description))
    }
  }
}
