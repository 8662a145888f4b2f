// SPDX-License-Identifier: Apache-2.0

import Telemetry

/// Bytes of the smallest address, for the check of a count against the bytes that are left.
private let addressRowBytes = 18

/// The loss entry before, whose time the next one's is told against.
struct LossContext: RowContext {
  var row = LossEntry(time: Timestamp(nanoseconds: 0), stage: Stage(rawValue: 0))
}

extension LossEntry: WireRow {
  /// Time, stage, reason, three counts.
  static let smallestRow = 6

  func write(to writer: inout WireWriter, context: inout LossContext) {
    writer.zigzag(time.nanoseconds &- context.row.time.nanoseconds)
    context.row = self
    writer.byte(stage.rawValue)
    writer.varint(UInt64(reason.rawValue))
    writer.varint(received)
    writer.varint(passed)
    writer.varint(dropped)
  }

  static func read(
    from reader: inout WireReader, context: inout LossContext, textBytes: Int
  ) {
    let time = context.row.time + reader.zigzag()
    let stage = Stage(rawValue: reader.byte())
    let reason = LossReason(rawValue: reader.integer())
    context.row = LossEntry(
      time: time, stage: stage, reason: reason, received: reader.varint(),
      passed: reader.varint(), dropped: reader.varint())
  }
}

/// Ended processes tell nothing against the one before.
struct KeyContext: RowContext {
  var row = ProcessKey.unknown
}

extension ProcessKey: WireRow {
  /// Pid and start.
  static let smallestRow = 2

  func write(to writer: inout WireWriter, context: inout KeyContext) {
    write(to: &writer)
  }

  static func read(
    from reader: inout WireReader, context: inout KeyContext, textBytes: Int
  ) {
    context.row = ProcessKey(from: &reader)
  }

  func write(to writer: inout WireWriter) {
    writer.varint(UInt64(pid))
    writer.varint(startedAfterBoot)
  }

  init(from reader: inout WireReader) {
    self.init(pid: reader.integer(), startedAfterBoot: reader.varint())
  }
}

extension ProcessReport {
  /// A key, four integers, five strings.
  static let smallestRow = 11

  func write(to writer: inout WireWriter) {
    key.write(to: &writer)
    writer.varint(UInt64(parentPID))
    writer.zigzag(startTime.nanoseconds)
    writer.string(name)
    writer.string(kernelName)
    writer.string(commandLine)
    writer.string(executable)
    writer.varint(UInt64(userID))
    writer.varint(UInt64(networkNamespace))
    writer.string(containerID)
  }

  init(from reader: inout WireReader) {
    self.init(
      key: ProcessKey(from: &reader), parentPID: reader.integer(),
      startTime: Timestamp(nanoseconds: reader.zigzag()), name: reader.string(),
      kernelName: reader.string(), commandLine: reader.string(), executable: reader.string(),
      userID: reader.integer(), networkNamespace: reader.integer(), containerID: reader.string())
  }
}

extension HostReport {
  func write(to writer: inout WireWriter) {
    writer.string(hostname)
    writer.string(machineID)
    writer.string(bootID)
    writer.zigzag(bootTime.nanoseconds)
    writer.string(kernelRelease)
    writer.string(operatingSystem)
    writer.string(architecture)
    writer.varint(UInt64(processors))
    writer.varint(memoryBytes)
    let addresses = addresses.prefix(WireLimits.addresses)
    writer.varint(UInt64(addresses.count))
    for entry in addresses {
      writer.string(entry.interface)
      writer.fixed(entry.address.high)
      writer.fixed(entry.address.low)
      writer.byte(entry.prefixLength)
    }
  }

  init(from reader: inout WireReader) {
    self.init(
      hostname: reader.string(), machineID: reader.string(), bootID: reader.string(),
      bootTime: Timestamp(nanoseconds: reader.zigzag()), kernelRelease: reader.string(),
      operatingSystem: reader.string(), architecture: reader.string(),
      processors: reader.integer(), memoryBytes: reader.varint(), addresses: [])
    for _ in 0..<reader.count(limit: WireLimits.addresses, rowBytes: addressRowBytes) {
      let interface = reader.string()
      let address = IPAddress(high: reader.fixed(), low: reader.fixed())
      addresses.append(
        Address(interface: interface, address: address, prefixLength: reader.byte()))
    }
  }
}
