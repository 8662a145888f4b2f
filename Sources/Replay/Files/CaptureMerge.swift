// SPDX-License-Identifier: Apache-2.0

import Capture
import Telemetry

/// Brings capture files into one stream of time.
///
/// Files begin in the order of their first packets. One that begins where others have ended goes on
/// for the one that is most alike by its name: the same point, where somebody captured into one file
/// after the other. One that begins while others go on was captured elsewhere: another point, whose
/// packets are taken by their time among those of the others.
struct CaptureMerge: ~Copyable {
  /// How long a file may go on while the next of its series has begun already. Nanoseconds; half of
  /// what the pipeline lets packets be late.
  private static let overlap: Int64 = 500_000_000
  /// Files that are read at the same time.
  static let mostPoints = 64

  private(set) var points: [CapturePoint] = []
  /// The next one is the last.
  private var waiting: [WaitingCapture] = []
  private let isStopped: @Sendable () -> Bool
  /// What could not be read, by the number of the file.
  private var found: [(file: Int, fault: ReplayError)] = []
  /// Of files that are read.
  private var bytesEnded: UInt64 = 0
  /// Bytes of all files; nil when one has no size.
  private(set) var size: UInt64? = 0

  /// What could not be read, in the order in which the files were named.
  var faults: [ReplayError] { found.sorted { $0.file < $1.file }.map(\.fault) }

  /// Bytes that were read.
  var position: UInt64 {
    points.reduce(bytesEnded) { $0 + ($1.reading?.file.position ?? 0) }
  }

  /// Looks at the first packet of each file.
  init(_ paths: [String], isStopped: @escaping @Sendable () -> Bool) {
    self.isStopped = isStopped
    for (number, path) in paths.enumerated() {
      do throws(CaptureFileError) {
        guard let capture = try WaitingCapture(path, number: number, isStopped: isStopped)
        else { continue }
        waiting.append(capture)
        size = size.flatMap { sum in capture.size.map { sum + $0 } }
      } catch {
        note(error, of: number)
      }
    }
    // Of one time, what was written first has the lower number in its name.
    waiting.sort {
      ($0.first, $0.path.utf8.count, $0.path, $0.number)
        > ($1.first, $1.path.utf8.count, $1.path, $1.number)
    }
  }

  /// The point whose packet comes next, and until when its packets do; nil when all are read.
  mutating func next() -> (point: CapturePoint, until: Timestamp)? {
    while true {
      let (point, other) = earliest
      guard let file = waiting.last else { return point.map { ($0, other) } }
      if let point, let head = point.reading?.head {
        if head.time < file.first { return (point, min(other, file.first)) }
        if mayHandOver(to: file), head.time <= file.first + Self.overlap {
          return (point, min(other, file.first + Self.overlap))
        }
      }
      waiting.removeLast()
      begin(file)
    }
  }

  /// The point with the earliest packet, and the time of the earliest packet of all others.
  private var earliest: (CapturePoint?, Timestamp) {
    var found: CapturePoint?
    var (time, other) = (Timestamp(nanoseconds: .max), Timestamp(nanoseconds: .max))
    for point in points {
      guard let head = point.reading?.head else { continue }
      if found == nil || head.time < time {
        (found, other) = (point, time)
        time = head.time
      } else {
        other = min(other, head.time)
      }
    }
    return (found, other)
  }

  /// Whether the file that a waiting one may go on for is not at its end yet.
  private func mayHandOver(to file: WaitingCapture) -> Bool {
    let nearest = points.max { likeness($0, file) < likeness($1, file) }
    guard let nearest, nearest.reading != nil else { return false }
    return FileName.areOfOneSeries(nearest.path, file.path)
  }

  private func likeness(_ point: CapturePoint, _ file: WaitingCapture) -> Int {
    FileName.likeness(point.path, file.path)
  }

  private mutating func begin(_ file: WaitingCapture) {
    let ended = points.filter { $0.ended(before: file.first) }
    let point = ended.max { likeness($0, file) < likeness($1, file) }
    let free = point ?? (points.count < Self.mostPoints ? nil : points.first { $0.reading == nil })
    guard free != nil || points.count < Self.mostPoints else {
      let fault = ReplayError(
        .damaged,
        "\(file.path) is left out: \(Self.mostPoints) other files have packets of the same time. "
          + "Replay them in several goes, or put them together: mergecap -w all.pcapng ...")
      return found.append((file.number, fault))
    }
    do throws(CaptureFileError) {
      let reading = try file.open(isStopped: isStopped)
      if let free {
        free.proceed(reading, path: file.path)
      } else {
        points.append(CapturePoint(reading, path: file.path))
      }
    } catch {
      note(error, of: file.number)
    }
  }

  /// Takes a point's file away, which is read.
  mutating func end(_ point: CapturePoint) {
    guard let reading = point.end() else { return }
    bytesEnded &+= reading.file.position
    for fault in reading.links.faults(in: reading.file.name) {
      found.append((reading.number, fault))
    }
    if let fault = reading.fault { note(fault, of: reading.number) }
  }

  private mutating func note(_ error: CaptureFileError, of file: Int) {
    // Whoever said so knows it.
    guard error.reason != .stopped else { return }
    found.append((file, ReplayError(error)))
  }
}
