// SPDX-License-Identifier: Apache-2.0

import Capture
import Glibc
import Telemetry
import Testing

/// Files that somebody else writes while they are read.
@Suite struct ChangingFileTests {
  /// More than what is read at once, so that the end is not seen at the beginning.
  private static let count = 5_000

  private static func records(_ range: Range<Int>, withHeader: Bool = true) -> [UInt8] {
    var file = withHeader ? FileBytes.records() : FileBytes()
    for number in range {
      file.record(
        seconds: UInt32(number), fraction: 0,
        [UInt8](repeating: UInt8(truncatingIfNeeded: number), count: 200))
    }
    return file.bytes
  }

  /// Reads on to the end; how many packets came, and what ended it.
  private func rest(of file: inout CaptureFile) -> (packets: Int, error: CaptureFileError?) {
    var count = 0
    do throws(CaptureFileError) {
      while let packet = try file.next() {
        count += 1
        #expect(file.bytes[0] == UInt8(truncatingIfNeeded: packet.time.seconds))
      }
    } catch {
      return (count, error)
    }
    return (count, nil)
  }

  /// Cut off in front of the reader, in a packet or between two: what stood before it is read.
  @Test(arguments: [24 + 216 * 3_000, 24 + 216 * 3_000 + 100, 24 + 216 * 5, 0])
  func aFileMayBeCutOff(length: Int) throws {
    let lying = TestFile(Self.records(0..<Self.count))
    var file = try CaptureFile.open(path: lying.path)
    for _ in 0..<10 { _ = try file.next() }
    #expect(unsafe truncate(lying.path, off_t(length)) == 0)
    let (packets, error) = rest(of: &file)
    #expect(error?.reason == .shortened)
    #expect(error?.packets == UInt64(10 + packets))
    #expect(packets + 10 >= length / 216 && packets + 10 < Self.count)
    #expect(error.map { "\($0)" }?.contains("became shorter while it was read") == true)
    #expect(rest(of: &file).packets == 0)
  }

  @Test func aFileMayGrow() throws {
    let lying = TestFile(Self.records(0..<Self.count))
    var file = try CaptureFile.open(path: lying.path)
    _ = try #require(try file.next())
    let more = Self.records(Self.count..<(Self.count + 100), withHeader: false)
    let descriptor = unsafe open(lying.path, O_WRONLY | O_APPEND)
    unsafe _ = write(descriptor, more, more.count)
    close(descriptor)
    let (packets, error) = rest(of: &file)
    #expect(error == nil)
    #expect(packets == Self.count + 99)
    let (position, size) = (file.position, file.size)
    #expect(position > size ?? .max)
  }

  /// Who waits for a pipe's writer can be told not to.
  @Test func waitingForAPipeCanBeStopped() throws {
    var ends: [CInt] = [0, 0]
    #expect(unsafe pipe(&ends) == 0)
    defer { for end in ends { close(end) } }
    let front = Self.records(0..<1)
    unsafe _ = write(ends[1], front, front.count)
    var file = try CaptureFile.open(path: "/dev/fd/\(ends[0])", isStopped: { true })
    _ = try #require(try file.next())
    let isReady = file.isReady
    #expect(!isReady)
    #expect(rest(of: &file).error?.reason == .stopped)
  }

  @Test func aTerminalIsNoCapture() {
    let error = Reading("/dev/ptmx").error
    #expect(error?.reason == .terminal)
    #expect(error.map { "\($0)" }?.contains("pipe a capture into it") == true)
  }
}
