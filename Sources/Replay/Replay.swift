// SPDX-License-Identifier: Apache-2.0

import Capture
package import Flows
package import Protocols
package import Telemetry

/// Takes capture files through the pipeline that live packets take, as one stream of time.
///
/// The records depend on nothing but the files and these settings: neither on the machine nor on
/// the time of day. One capture in several files gives what it gives in one.
package struct Replay: Sendable {
  /// Paths, in any order; "-" is standard input.
  package var files: [String]
  package var protocols: [any ProtocolKind]
  /// What of the users' data the records may show.
  package var privacy = PrivacyRules()
  package var endpoints = EndpointRules()
  /// Addresses that belong to where the capture was made: calls from them are seen at the client,
  /// calls to them at the server. Empty when nothing is known of it.
  package var localAddresses: [IPAddress] = []
  /// Added to every time. Nanoseconds.
  package var shift: Int64 = 0
  /// Packets after which records are handed on: few enough for them to stay in the processor's
  /// cache.
  package var packetsPerBatch = 512
  /// Whether they are also handed on each time that the capture's clock brings some, for somebody who
  /// looks on.
  package var isPrompt = true
  /// Asked often; true ends the reading, as if the files ended there.
  package var isStopped: @Sendable () -> Bool = { false }

  package init(files: [String], protocols: [any ProtocolKind]) {
    self.files = files
    self.protocols = protocols
  }

  /// Reads all files and hands what they say to `sink`.
  ///
  /// A file that cannot be read, or not to its end, is a fault in the summary; what stands in front
  /// of it, and the other files, are replayed all the same.
  ///
  /// - Throws: what the sink throws.
  package func run<Sink: RecordSink & ~Copyable>(
    into sink: inout Sink, progress: inout ReplayProgress
  ) throws(ReplayError) -> ReplaySummary {
    var summary = ReplaySummary()
    var merge = CaptureMerge(files, isStopped: isStopped)
    var stream = PacketStream(self)
    progress.begin(files.count == 1 ? files[0] : "\(files.count) files", size: merge.size)
    while !isStopped(), let (point, limit) = merge.next() {
      switch stream.feed(&point.reading!, of: point, until: limit) {
      case .due: break
      case .batch:
        try stream.handOn(to: &sink, &summary)
        if progress.isDue { progress.show(position: merge.position, packets: stream.packets) }
        if stream.isOver {
          stream.begin()
          for point in merge.points { point.forget() }
        }
      case .silence:
        try sink.flush()
        point.reading?.advance()
        if point.reading?.head == nil { merge.end(point) }
      case .end: merge.end(point)
      }
    }
    for point in merge.points { merge.end(point) }
    while !stream.finish(&summary) { try stream.handOn(to: &sink, &summary) }
    try stream.handOn(to: &sink, &summary)
    progress.end()
    try sink.finish()
    summary.bytes = merge.position
    summary.faults = merge.faults
    if isStopped() {
      let text = "stopped behind packet \(summary.packets); what was read until then is written."
      summary.faults.append(ReplayError(.interrupted, text))
    }
    return summary
  }

  /// The time of the latest packet of all files; nil when there is none. What cannot be read counts
  /// up to there.
  package func latestTime() -> Timestamp? {
    var latest: Timestamp?
    for path in files {
      do throws(CaptureFileError) {
        var file = try CaptureFile.open(path: path, isStopped: isStopped)
        while !isStopped(), let packet = try file.next() {
          if packet.time.nanoseconds > latest?.nanoseconds ?? .min { latest = packet.time }
        }
      } catch {
        continue
      }
    }
    return latest
  }
}

extension ReplayError {
  init(_ error: CaptureFileError) {
    let kind: Kind =
      switch error.reason {
      case .unreadable, .terminal: .input
      case .stopped: .interrupted
      default: .damaged
      }
    self.init(kind, error.description)
  }
}
