// SPDX-License-Identifier: Apache-2.0

import Capture
package import Protocols
package import Telemetry

/// Takes capture files through the pipeline that live packets take, one after the other.
///
/// The records depend on nothing but the files and these settings: neither on the machine nor on
/// the time of day. Each file is read by itself, so the same conversation in two files is two
/// flows.
package struct Replay: Sendable {
  /// Paths; "-" is standard input.
  package var files: [String]
  package var protocols: [any ProtocolParser.Type]
  /// Addresses that belong to where the capture was made: calls from them are seen at the client,
  /// calls to them at the server. Empty when nothing is known of it.
  package var localAddresses: [IPAddress] = []
  /// Added to every time. Nanoseconds.
  package var shift: Int64 = 0
  /// Packets after which records are handed on: few enough for them to stay in the processor's
  /// cache.
  package var packetsPerBatch = 512

  package init(files: [String], protocols: [any ProtocolParser.Type]) {
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
    for (number, path) in files.enumerated() {
      var reader: FileReplay
      do throws(CaptureFileError) {
        reader = FileReplay(try CaptureFile.open(path: path), self, number: number)
      } catch {
        summary.faults.append(ReplayError(error))
        continue
      }
      progress.begin(file: number, of: files.count, name: reader.name, size: reader.size)
      while reader.feed() {
        try reader.handOn(to: &sink, &summary)
        progress.show(position: reader.position, packets: reader.packets)
      }
      reader.finish(&summary)
      try reader.handOn(to: &sink, &summary)
      progress.end()
    }
    try sink.finish()
    return summary
  }

  /// The time of the latest packet of all files; nil when there is none.
  ///
  /// - Throws: when a file cannot be opened. One that is damaged further on counts up to there.
  package func latestTime() throws(ReplayError) -> Timestamp? {
    var latest: Timestamp?
    for path in files {
      do throws(CaptureFileError) {
        var file = try CaptureFile.open(path: path)
        while let packet = try file.next() {
          if packet.time.nanoseconds > latest?.nanoseconds ?? .min { latest = packet.time }
        }
      } catch {
        guard error.packets > 0 else { throw ReplayError(error) }
      }
    }
    return latest
  }
}

extension ReplayError {
  init(_ error: CaptureFileError) {
    if case .unreadable = error.reason {
      self.init(.input, error.description)
    } else {
      self.init(.damaged, error.description)
    }
  }
}
