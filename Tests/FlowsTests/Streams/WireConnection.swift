// SPDX-License-Identifier: Apache-2.0

import Flows
import Protocols
import Telemetry

/// A captured frame.
struct WireFrame {
  var packet: CapturedPacket
  var bytes: [UInt8]

  var time: Timestamp {
    get { packet.time }
    set { packet.time = newValue }
  }
}

/// A TCP or UDP conversation as frames on an Ethernet link.
struct WireConnection {
  struct End {
    var address: UInt32
    var port: UInt16
    /// The number of the next byte that it sends.
    var sequence: UInt32
  }

  var client = End(address: 0x7f00_0001, port: 40_001, sequence: 4_294_967_000)
  var server = End(address: 0x7f00_0001, port: 7_000, sequence: 5_000)
  var isUDP = false
  /// Payload bytes of one segment at most.
  var segmentSize = 1_460
  /// Frame bytes that are captured at most.
  var snapLength = 65_535
  var interface: UInt32 = 0

  func end(_ side: Side) -> End { side == .client ? client : server }

  mutating func advance(_ side: Side, by count: Int) {
    if side == .client {
      client.sequence &+= UInt32(count)
    } else {
      server.sequence &+= UInt32(count)
    }
  }

  /// The three packets of the handshake; `end(_:)`'s sequence numbers are those of the first bytes.
  func handshake(at time: Int64) -> [WireFrame] {
    [
      frame(.client, [], flags: 0x02, sequence: client.sequence &- 1, at: time),
      frame(.server, [], flags: 0x12, sequence: server.sequence &- 1, at: time + 10_000),
      frame(.client, [], flags: 0x10, sequence: client.sequence, at: time + 20_000),
    ]
  }

  /// `side` sends `bytes`, all at `time`, acknowledging all that the other side has sent so far.
  mutating func send(_ side: Side, _ bytes: [UInt8], at time: Int64) -> [WireFrame] {
    var frames: [WireFrame] = []
    var offset = 0
    while offset < bytes.count {
      let end = isUDP ? bytes.count : min(bytes.count, offset + segmentSize)
      let piece = Array(bytes[offset..<end])
      frames.append(
        frame(
          side, piece, flags: end == bytes.count ? 0x18 : 0x10,
          sequence: self.end(side).sequence, at: time))
      advance(side, by: piece.count)
      offset = end
    }
    return frames
  }

  mutating func send(_ side: Side, _ text: String, at time: Int64) -> [WireFrame] {
    send(side, Array(text.utf8), at: time)
  }

  /// `side` says that it is done.
  mutating func finish(_ side: Side, at time: Int64) -> WireFrame {
    defer { advance(side, by: 1) }
    return frame(side, [], flags: 0x11, sequence: end(side).sequence, at: time)
  }

  func acknowledge(_ side: Side, at time: Int64) -> WireFrame {
    frame(side, [], flags: 0x10, sequence: end(side).sequence, at: time)
  }

  func frame(
    _ side: Side, _ payload: [UInt8], flags: UInt16, sequence: UInt32, at time: Int64
  ) -> WireFrame {
    let (from, to) = (end(side), end(side.other))
    var transport: [UInt8] = []
    transport.append(big: from.port)
    transport.append(big: to.port)
    if isUDP {
      transport.append(big: UInt16(8 + payload.count))
      transport.append(big: UInt16(0))
    } else {
      transport.append(big: sequence)
      transport.append(big: flags & 0x10 != 0 ? to.sequence : 0)
      transport.append(big: UInt16(0x5000) | flags)
      transport.append(big: UInt16(0xffff))
      transport.append(big: UInt32(0))
    }
    var bytes: [UInt8] = [2, 0, 0, 0, 0, side == .client ? 2 : 1]
    bytes += [2, 0, 0, 0, 0, side == .client ? 1 : 2, 8, 0, 0x45, 0]
    bytes.append(big: UInt16(20 + transport.count + payload.count))
    // Datagrams have no identification, segments all the same.
    bytes.append(big: UInt16(isUDP ? 0 : 1))
    bytes += [0x40, 0, 64, isUDP ? 17 : 6, 0, 0]
    bytes.append(big: from.address)
    bytes.append(big: to.address)
    bytes += transport + payload
    let packet = CapturedPacket(
      time: Timestamp(nanoseconds: time), linkType: .ethernet, interface: interface,
      length: UInt32(bytes.count))
    return WireFrame(packet: packet, bytes: Array(bytes.prefix(snapLength)))
  }
}

extension [UInt8] {
  fileprivate mutating func append<T: FixedWidthInteger>(big number: T) {
    for shift in stride(from: T.bitWidth - 8, through: 0, by: -8) {
      append(UInt8(truncatingIfNeeded: number >> T(shift)))
    }
  }
}

extension PacketTallies {
  var balance: Bool {
    frames.balances && segments.balances && conversations.balances && calls.balances
      && rollup.balances && flows.balances
  }
}

extension PacketPipeline {
  mutating func feed(_ frames: [WireFrame]) {
    for frame in frames { feed(frame.packet, bytes: frame.bytes.span) }
  }

  mutating func takeBatch() -> RecordBatch {
    var batch = RecordBatch()
    takeBatch(into: &batch)
    return batch
  }

  /// Ends everything a minute after `time` and hands over all that is left.
  mutating func end(at time: Int64) -> RecordBatch {
    finish(now: Timestamp(nanoseconds: time + 60_000_000_000))
    return takeBatch()
  }

  static func make(
    _ limits: PacketLimits = PacketLimits(), _ protocols: [any ProtocolKind]
  ) -> PacketPipeline {
    var pipeline = PacketPipeline(limits: limits, protocols: protocols)
    _ = pipeline.addInterface(InterfaceDescription(name: "test"))
    return pipeline
  }
}
