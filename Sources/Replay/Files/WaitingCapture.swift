// SPDX-License-Identifier: Apache-2.0

import Capture
import Telemetry

/// A capture file whose turn has not come.
final class WaitingCapture {
  /// Among those that were named, from 0.
  let number: Int
  let path: String
  let size: UInt64?
  /// Of its first packet.
  let first: Timestamp
  /// What can be read only once stays open.
  private var reading: ReadingCapture?

  /// Looks at the first packet; nil when there is none, which is no fault.
  init?(
    _ path: String, number: Int, isStopped: @escaping @Sendable () -> Bool
  ) throws(CaptureFileError) {
    self.number = number
    self.path = path
    let reading = try ReadingCapture(path, number: number, isStopped: isStopped)
    guard let head = reading.head else { return nil }
    first = head.time
    size = reading.file.size
    if size == nil || path == "-" { self.reading = consume reading }
  }

  /// The file with its first packet read.
  func open(
    isStopped: @escaping @Sendable () -> Bool
  ) throws(CaptureFileError) -> ReadingCapture {
    if let reading = reading.take() { return reading }
    return try ReadingCapture(path, number: number, isStopped: isStopped)
  }
}
