// SPDX-License-Identifier: Apache-2.0

import Capture
import Flows
import Telemetry

/// One capture file on its way through a pipeline of its own.
struct FileReplay: ~Copyable {
  /// How often the pipeline is told the time, in the time of the capture.
  private static let flushNanoseconds: Int64 = 100_000_000
  /// How far time may go back between two packets, as it does where several queues or cards write
  /// one file. Further back a new capture begins, as in files that were put behind one another.
  private static let largestStepBack: Int64 = 5_000_000_000
  /// New captures that are seen in one file; after that, late packets are just late.
  private static let mostCaptures: UInt64 = 1_000

  private var file: CaptureFile
  private var pipeline: PacketPipeline
  private let settings: Replay
  private let number: UInt64
  /// Captures in this file so far.
  private var captures: UInt64 = 0
  /// The packet that began a new one, until it is fed.
  private var held: CapturedPacket?
  /// The pipeline's numbers of the file's interfaces.
  private var interfaces: [UInt32] = []
  private var links = LinkCheck()
  private var batch = RecordBatch()
  /// Of all captures in the file; the latest of those that are over.
  private var earliest: Timestamp?
  private var latest = Timestamp(nanoseconds: .min)
  private var last = Timestamp(nanoseconds: .min)
  private var nextFlush = Int64.min
  private var fault: ReplayError?

  init(_ file: consuming CaptureFile, _ settings: Replay, number: Int) {
    self.file = file
    self.settings = settings
    self.number = UInt64(number)
    pipeline = Self.pipeline(settings, file: self.number, capture: 0)
  }

  /// Flow ids say the file, the capture in it, and the flow in that.
  private static func pipeline(
    _ settings: Replay, file: UInt64, capture: UInt64
  ) -> PacketPipeline {
    var limits = PacketLimits()
    // All flows are wanted, however many there are in a second.
    limits.flows.flowRecordsPerSecond = nil
    limits.flows.firstFlowID = file << 44 | capture << 32 | 1
    return PacketPipeline(limits: limits, protocols: settings.protocols)
  }

  var name: String { file.name }
  var size: UInt64? { file.size }
  var position: UInt64 { file.position }
  var packets: UInt64 { file.packets }

  /// Reads the packets of one batch; false when the file is at its end, or cannot be read further.
  mutating func feed() -> Bool {
    if let packet = held { beginCapture(with: packet) }
    do throws(CaptureFileError) {
      for _ in 0..<settings.packetsPerBatch {
        guard var packet = try file.next() else { return false }
        packet.time.nanoseconds &+= settings.shift
        if packet.time.nanoseconds > last.nanoseconds {
          last = packet.time
          if last.nanoseconds >= nextFlush { flush() }
        } else if last.nanoseconds &- packet.time.nanoseconds > Self.largestStepBack,
          captures < Self.mostCaptures
        {
          pipeline.finish(now: last)
          held = packet
          return true
        }
        take(packet)
      }
      return true
    } catch {
      fault = ReplayError(error)
      return false
    }
  }

  @inline(__always)
  private mutating func take(_ captured: CapturedPacket) {
    var packet = captured
    if Int(packet.interface) >= interfaces.count { learnInterfaces() }
    packet.interface = interfaces[Int(packet.interface)]
    if !links.isKnown(packet.linkType) { links.note(packet.linkType, at: file.packets) }
    Self.feed(packet, of: file, to: &pipeline)
  }

  /// Takes the packet, which is still the file's last, into a new pipeline.
  private mutating func beginCapture(with packet: CapturedPacket) {
    held = nil
    captures += 1
    pipeline = Self.pipeline(settings, file: number, capture: captures)
    interfaces = []
    earliest = min(earliest ?? packet.time, packet.time)
    latest = max(latest, last)
    last = packet.time
    flush()
    take(packet)
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
    if let earliest {
      let latest = max(latest, last)
      summary.first = min(summary.first ?? earliest, earliest)
      summary.last = max(summary.last ?? latest, latest)
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
    if earliest == nil { earliest = last }
    pipeline.flush(now: last)
    nextFlush = last.nanoseconds &+ Self.flushNanoseconds
  }

  private mutating func learnInterfaces() {
    while interfaces.count < file.interfaces.count {
      var description = file.interfaces[interfaces.count]
      if !settings.localAddresses.isEmpty {
        description.addresses = settings.localAddresses
        description.isHere = true
      }
      interfaces.append(pipeline.addInterface(description))
    }
  }
}
