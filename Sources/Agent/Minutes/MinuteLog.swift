// SPDX-License-Identifier: Apache-2.0

import Bytes
import Capture
import Glibc
import Telemetry
import Wire

/// The metrics of the last minutes, as the batches had them: what the next run makes the rows of an
/// unfinished minute from.
///
/// Two files of a spool directory, `minute.0` and `minute.1`, laid out as the spool's own. Each takes what
/// comes for three minutes, then the other is begun anew: every minute that it knew of was told by then.
struct MinuteLog: ~Copyable {
  private static let span: Int64 = 180
  /// Bytes of a file at most; beyond it the minute cannot be made from it whole.
  private static let limit = 64 << 20
  /// Files of any agent may be in a spool directory, but these are never copied to another's.
  private static let owner = AgentIdentity(machineID: "", instanceHigh: 0, instanceLow: 0)

  private let directory: String
  private var file: CInt = -1
  private var number = 0
  private var bytes = 0
  private var begun = Timestamp(nanoseconds: 0)
  private var encoder = FrameEncoder()

  init(directory: String) {
    self.directory = directory
  }

  deinit {
    if file >= 0 { close(file) }
  }

  /// Adds the metrics of a batch that is in the spool.
  mutating func append(
    _ batch: borrowing RecordBatch, sequence: UInt64, now: Timestamp
  ) throws(SystemError) {
    guard !batch.metrics.isEmpty || !batch.networkMetrics.isEmpty else { return }
    let age = now.seconds - begun.seconds
    if file < 0 || age >= Self.span || age < 0 { try begin(now) }
    var metrics = RecordBatch()
    metrics.text = batch.text
    metrics.metrics = batch.metrics
    metrics.networkMetrics = batch.networkMetrics
    // It is a part of what was encoded a moment ago.
    guard let frame = try? encoder.encode(metrics, sequence: sequence) else { return }
    let entry = Segment.entry(
      frame, sequence: sequence, records: UInt32(clamping: metrics.recordCount))
    guard bytes + entry.count <= Self.limit else {
      throw SystemError(code: EFBIG, during: "keeping the metrics of the last minutes")
    }
    try SpoolFile.write(entry, to: file, at: bytes)
    bytes += entry.count
  }

  private mutating func begin(_ now: Timestamp) throws(SystemError) {
    number = 1 - number
    if file >= 0 { close(file) }
    file = -1
    file = try SpoolFile.open(Self.path(directory, number), O_RDWR | O_CREAT | O_TRUNC)
    let head = Segment.head(Self.owner)
    try SpoolFile.write(head, to: file, at: 0)
    bytes = head.count
    begun = now
  }

  private static func path(_ directory: String, _ number: Int) -> String {
    "\(directory)/minute.\(number)"
  }

  /// What an earlier run handed on by the second and not yet by the minute. What it had put into the
  /// spool and not into these files yet is read there.
  mutating func recover(_ spool: Spool) -> MinuteSums {
    var sums = MinuteSums()
    var opener = FrameOpener()
    var batch = RecordBatch()
    var files: [(number: Int, bytes: [UInt8], entries: [Segment.Found])] = []
    for number in 0...1 {
      let path = Self.path(directory, number)
      let bytes = ((try? SpoolFile.contents(path, limit: Self.limit)) ?? nil) ?? []
      let entries = Segment.scan(bytes, identity: Self.owner).entries
      if !entries.isEmpty { files.append((number, bytes, entries)) }
    }
    files.sort { $0.entries[0].sequence < $1.entries[0].sequence }
    // The newest goes on being what is read first, should this run be killed before it has told.
    if let newest = files.last { number = newest.number }
    guard let through = files.last?.entries.last?.sequence else { return sums }
    for file in files {
      for entry in file.entries {
        let frame = Array(file.bytes[entry.offset..<(entry.offset + entry.length)])
        if Self.open(frame, &opener, into: &batch) { sums.replay(batch) }
      }
    }
    for entry in spool.entries[spool.head...] where entry.sequence > through {
      guard let frame = spool.frame(entry), Self.open(frame, &opener, into: &batch) else {
        continue
      }
      sums.replay(batch)
    }
    return sums
  }

  private static func open(
    _ frame: [UInt8], _ opener: inout FrameOpener, into batch: inout RecordBatch
  ) -> Bool {
    var splitter = FrameSplitter()
    splitter.append(frame.span)
    guard let encoded = try? splitter.next() else { return false }
    return (try? opener.open(encoded, into: &batch)) != nil
  }
}
