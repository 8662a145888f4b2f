// SPDX-License-Identifier: Apache-2.0

import Capture
import Flows
import Telemetry

/// A place where packets were captured: a file, and those that go on where it ended.
///
/// Interfaces that these files name alike are the same, so flows go on from file to file.
final class CapturePoint {
  /// Interfaces that are told apart, over all files.
  private static let mostInterfaces = 65_536

  /// Nil between two files.
  var reading: ReadingCapture?
  /// The file that was begun last, and the times of its first and latest packets.
  private(set) var path: String
  private var first: Timestamp
  private var last: Timestamp
  /// Whether its name says that it is of another series than the file before.
  private var isRenamed = false
  /// The pipeline's numbers.
  private var numbers: [CaptureInterface: UInt32] = [:]

  init(_ reading: consuming ReadingCapture, path: String) {
    self.path = path
    first = reading.first
    last = reading.first
    self.reading = consume reading
  }

  /// Goes on with a later file.
  func proceed(_ next: consuming ReadingCapture, path: String) {
    isRenamed = !FileName.areOfOneSeries(path, self.path)
    self.path = path
    first = next.first
    last = next.first
    reading = consume next
  }

  /// Takes the file away, which is read.
  func end() -> ReadingCapture? {
    last = reading?.last ?? last
    return reading.take()
  }

  /// Whether the file that was read last ended before a time; its last packets may be later, as
  /// where several queues of a card write, but not most of it.
  func ended(before time: Timestamp) -> Bool {
    guard reading == nil else { return false }
    return last <= time || (last - time) * 2 < last - first
  }

  /// Makes the interfaces known that the file speaks of by now.
  func learn(
    _ reading: inout ReadingCapture, to pipeline: inout PacketPipeline, _ local: [IPAddress]
  ) {
    let interfaces = reading.file.interfaces
    while reading.interfaces.count < interfaces.count {
      let interface = interfaces[reading.interfaces.count]
      var description = InterfaceDescription(name: interface.name ?? FileName.base(of: path))
      description.addresses = local
      description.isHere = !local.isEmpty
      let number: UInt32
      if let known = numbers[interface] {
        number = known
        if isRenamed, interface.name == nil { pipeline.setInterface(number, description) }
      } else {
        number = pipeline.addInterface(description)
        if numbers.count < Self.mostInterfaces { numbers[interface] = number }
      }
      reading.interfaces.append(number)
    }
  }

  /// Forgets the numbers, which were a pipeline's that is gone.
  func forget() {
    numbers = [:]
    reading?.interfaces = []
  }
}
