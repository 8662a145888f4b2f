// SPDX-License-Identifier: Apache-2.0

import Telemetry

/// Which parts of a ``FlowEnd`` differ from the row before, six bits from bit 0.
private enum FlowEndMask {
  static let address: UInt32 = 1
  static let port: UInt32 = 2
  static let linkAddress: UInt32 = 4
  static let flags: UInt32 = 8
  static let near: UInt32 = 16
  static let real: UInt32 = 32
}

extension FlowEnd {
  func differences(from other: FlowEnd) -> UInt32 {
    var mask: UInt32 = 0
    func set(_ bit: UInt32, _ condition: Bool) { if condition { mask |= bit } }
    set(FlowEndMask.address, address.high != other.address.high || address.low != other.address.low)
    set(FlowEndMask.port, port != other.port)
    set(FlowEndMask.linkAddress, linkAddress.value != other.linkAddress.value)
    set(FlowEndMask.flags, flags.rawValue != other.flags.rawValue)
    set(
      FlowEndMask.near,
      isNearLink != other.isNearLink || isNearNetwork != other.isNearNetwork)
    set(FlowEndMask.real, realAddress != other.realAddress || realPort != other.realPort)
    return mask
  }

  func write(_ mask: UInt32, to writer: inout WireWriter) {
    if mask & FlowEndMask.address != 0 {
      writer.fixed(address.high)
      writer.fixed(address.low)
    }
    if mask & FlowEndMask.port != 0 { writer.fixed(port) }
    if mask & FlowEndMask.linkAddress != 0 { writer.fixed(linkAddress.value) }
    if mask & FlowEndMask.flags != 0 { writer.fixed(flags.rawValue) }
    if mask & FlowEndMask.near != 0 {
      writer.byte((isNearLink ? 1 : 0) | (isNearNetwork ? 2 : 0))
    }
    if mask & FlowEndMask.real != 0 {
      writer.fixed(realAddress.high)
      writer.fixed(realAddress.low)
      writer.fixed(realPort)
    }
  }

  mutating func read(_ mask: UInt32, from reader: inout WireReader) {
    if mask & FlowEndMask.address != 0 {
      address = IPAddress(high: reader.fixed(), low: reader.fixed())
    }
    if mask & FlowEndMask.port != 0 { port = reader.fixed() }
    if mask & FlowEndMask.linkAddress != 0 { linkAddress = LinkAddress(reader.fixed()) }
    if mask & FlowEndMask.flags != 0 { flags = TCPFlags(rawValue: reader.fixed()) }
    if mask & FlowEndMask.near != 0 {
      let near = reader.byte()
      isNearLink = near & 1 != 0
      isNearNetwork = near & 2 != 0
    }
    if mask & FlowEndMask.real != 0 {
      realAddress = IPAddress(high: reader.fixed(), low: reader.fixed())
      realPort = reader.fixed()
    }
  }
}

extension Tunnel {
  func write(to writer: inout WireWriter) {
    writer.byte(type.rawValue)
    writer.byte(tier)
    writer.varint(UInt64(id))
    writer.fixed(source.high)
    writer.fixed(source.low)
    writer.fixed(destination.high)
    writer.fixed(destination.low)
  }

  init(from reader: inout WireReader) {
    self.init()
    type = TunnelType(rawValue: reader.byte())
    tier = reader.byte()
    id = reader.integer()
    source = IPAddress(high: reader.fixed(), low: reader.fixed())
    destination = IPAddress(high: reader.fixed(), low: reader.fixed())
  }
}
