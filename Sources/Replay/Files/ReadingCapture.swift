// SPDX-License-Identifier: Apache-2.0

import Capture
import Telemetry

/// A capture file that is being read, and its next packet.
struct ReadingCapture: ~Copyable {
  var file: CaptureFile
  let number: Int
  /// The packet whose bytes the file has; nil at the end.
  private(set) var head: CapturedPacket?
  /// When it began, and how far it is.
  let first: Timestamp
  private(set) var last: Timestamp
  /// The pipeline's numbers of the file's interfaces.
  var interfaces: [UInt32] = []
  var links = LinkCheck()
  private(set) var fault: CaptureFileError?
  /// Whether packets come as somebody writes them.
  let isLive: Bool

  init(
    _ path: String, number: Int, isStopped: @escaping @Sendable () -> Bool
  ) throws(CaptureFileError) {
    var file = try CaptureFile.open(path: path, isStopped: isStopped)
    head = try file.next()
    first = head?.time ?? Timestamp(nanoseconds: 0)
    last = first
    isLive = file.size == nil
    self.file = file
    self.number = number
  }

  /// Reads the next packet. What keeps it from being read is kept as ``fault``, and is the end.
  @inline(__always)
  mutating func advance() {
    do throws(CaptureFileError) {
      head = try file.next()
      if let time = head?.time, time > last { last = time }
    } catch {
      head = nil
      fault = error
    }
  }
}
