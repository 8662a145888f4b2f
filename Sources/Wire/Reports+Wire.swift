// SPDX-License-Identifier: Apache-2.0

import Telemetry

/// The smallest rows, for the check of a count against the bytes that are left.
let lossRowBytes = 6
let processRowBytes = 11
let endedProcessRowBytes = 2
let addressRowBytes = 18

extension LossEntry {
  func write(to writer: inout WireWriter, time before: inout Int64) {
    writer.zigzag(time.nanoseconds &- before)
    before = time.nanoseconds
    writer.byte(stage.rawValue)
    writer.varint(UInt64(reason.rawValue))
    writer.varint(received)
    writer.varint(passed)
    writer.varint(dropped)
  }

  init(from reader: inout WireReader, time before: inout Int64) {
    before = before &+ reader.zigzag()
    let stage = Stage(rawValue: reader.byte())
    let reason = LossReason(rawValue: reader.integer())
    self.init(
      time: Timestamp(nanoseconds: before), stage: stage, reason: reason,
      received: reader.varint(), passed: reader.varint(), dropped: reader.varint())
  }
}

extension ProcessKey {
  func write(to writer: inout WireWriter) {
    writer.varint(UInt64(pid))
    writer.varint(startedAfterBoot)
  }

  init(from reader: inout WireReader) {
    self.init(pid: reader.integer(), startedAfterBoot: reader.varint())
  }
}

extension ProcessReport {
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
