// SPDX-License-Identifier: Apache-2.0

import Telemetry

/// Which parts of a ``CallEnd`` differ from the row before, five bits from bit 0.
enum EndMask {
  static let address: UInt32 = 1
  static let port: UInt32 = 2
  static let process: UInt32 = 4
  static let thread: UInt32 = 8
  static let threadName: UInt32 = 16
  static let bits: UInt32 = 5
}

extension CallEnd {
  @inline(__always)
  func differences(from other: CallEnd) -> UInt32 {
    var mask: UInt32 = 0
    if address.high != other.address.high || address.low != other.address.low {
      mask |= EndMask.address
    }
    if port != other.port { mask |= EndMask.port }
    if process.pid != other.process.pid
      || process.startedAfterBoot != other.process.startedAfterBoot
    {
      mask |= EndMask.process
    }
    if thread != other.thread { mask |= EndMask.thread }
    if threadName.first != other.threadName.first || threadName.second != other.threadName.second {
      mask |= EndMask.threadName
    }
    return mask
  }

  @inline(__always)
  func write(_ mask: UInt32, to writer: inout WireWriter) {
    if mask & EndMask.address != 0 {
      writer.fixed(address.high)
      writer.fixed(address.low)
    }
    if mask & EndMask.port != 0 { writer.fixed(port) }
    if mask & EndMask.process != 0 {
      writer.varint(UInt64(process.pid))
      writer.varint(process.startedAfterBoot)
    }
    if mask & EndMask.thread != 0 { writer.varint(UInt64(thread)) }
    if mask & EndMask.threadName != 0 {
      writer.fixed(threadName.first)
      writer.fixed(threadName.second)
    }
  }

  @inline(__always)
  mutating func read(_ mask: UInt32, from reader: inout WireReader) {
    if mask & EndMask.address != 0 {
      address.high = reader.fixed()
      address.low = reader.fixed()
    }
    if mask & EndMask.port != 0 { port = reader.fixed() }
    if mask & EndMask.process != 0 {
      process.pid = reader.integer()
      process.startedAfterBoot = reader.varint()
    }
    if mask & EndMask.thread != 0 { thread = reader.integer() }
    if mask & EndMask.threadName != 0 {
      threadName.first = reader.fixed()
      threadName.second = reader.fixed()
    }
  }
}
