// SPDX-License-Identifier: Apache-2.0

import Telemetry

/// The bits of a network metric row's mask: what differs from the row before, or is not zero.
private enum NetworkMask {
  static let head: UInt32 = 1 << 0
  static let client: UInt32 = 1
  static let server: UInt32 = 6
  static let flows: UInt32 = 1 << 11
  static let closes: UInt32 = 1 << 12
  static let known: UInt32 = 1 << 13 - 1
}

/// What network metric rows are told against: the row before.
struct NetworkContext: RowContext {
  var row = NetworkMetric.zero
}

extension NetworkMetric: WireRow {
  /// Mask, time, the mask of its figures.
  static let smallestRow = 5

  func write(to writer: inout WireWriter, context: inout NetworkContext) {
    let before = context.row
    var mask: UInt32 = 0
    if interval != before.interval || head != before.head { mask |= NetworkMask.head }
    mask |= client.differences(from: before.client) << NetworkMask.client
    mask |= server.differences(from: before.server) << NetworkMask.server
    if newFlows | closedFlows | flowLoad != 0 { mask |= NetworkMask.flows }
    let counts = closes.ordered
    var closeMask: UInt16 = 0
    for index in 0..<CloseCounts.kinds where counts[index] != 0 { closeMask |= 1 << UInt16(index) }
    if closeMask != 0 { mask |= NetworkMask.closes }
    writer.fixed(UInt16(truncatingIfNeeded: mask))
    writer.zigzag(time.nanoseconds &- before.time.nanoseconds)
    if mask & NetworkMask.head != 0 {
      writer.varint(UInt64(interval))
      writer.head(head, count: 5)
    }
    client.write(mask >> NetworkMask.client, to: &writer)
    server.write(mask >> NetworkMask.server, to: &writer)
    if mask & NetworkMask.flows != 0 {
      writer.varint(UInt64(newFlows))
      writer.varint(UInt64(closedFlows))
      writer.varint(UInt64(flowLoad))
    }
    if mask & NetworkMask.closes != 0 {
      writer.fixed(closeMask)
      for index in 0..<CloseCounts.kinds where counts[index] != 0 {
        writer.varint(UInt64(counts[index]))
      }
    }
    figures.write(to: &writer)
    context.row = self
  }

  static func read(
    from reader: inout WireReader, context: inout NetworkContext, textBytes: Int
  ) {
    let mask = UInt32(reader.fixed(UInt16.self))
    if mask & ~NetworkMask.known != 0 { reader.fail(.malformed, "a known network metric mask") }
    context.row.time = Timestamp(nanoseconds: context.row.time.nanoseconds &+ reader.zigzag())
    if mask & NetworkMask.head != 0 {
      context.row.interval = reader.integer()
      context.row.head = reader.head(count: 5)
    }
    context.row.client.read(mask >> NetworkMask.client, from: &reader)
    context.row.server.read(mask >> NetworkMask.server, from: &reader)
    let hasFlows = mask & NetworkMask.flows != 0
    context.row.newFlows = hasFlows ? reader.integer() : 0
    context.row.closedFlows = hasFlows ? reader.integer() : 0
    context.row.flowLoad = hasFlows ? reader.integer() : 0
    context.row.closes =
      mask & NetworkMask.closes != 0 ? CloseCounts(from: &reader) : CloseCounts()
    context.row.figures = FlowFigures(from: &reader)
  }

  private var head: WireHead {
    get {
      WireHead(
        observationPoint.rawValue, signalSource.rawValue, transport.rawValue, directionScore,
        tunnelType.rawValue)
    }
    set {
      observationPoint = ObservationPoint(rawValue: newValue[0])
      signalSource = SignalSource(rawValue: newValue[1])
      transport = TransportProtocol(rawValue: newValue[2])
      directionScore = newValue[3]
      tunnelType = TunnelType(rawValue: newValue[4])
    }
  }
}

extension CloseCounts {
  fileprivate static let kinds = 12

  /// In the order of their bits in a row.
  fileprivate var ordered: InlineArray<12, UInt32> {
    [
      clientReset, serverReset, serverSynAckMissing, clientAckMissing, clientHalfClose,
      serverHalfClose, clientPortReuse, serverRefused, serverQueueFull, clientEstablishReset,
      serverEstablishReset, timeout,
    ]
  }

  fileprivate init(from reader: inout WireReader) {
    self.init()
    let mask = reader.fixed(UInt16.self)
    if mask >> UInt16(Self.kinds) != 0 { reader.fail(.malformed, "a known mask of closes") }
    var bit: UInt16 = 1
    func next(_ reader: inout WireReader) -> UInt32 {
      defer { bit <<= 1 }
      return mask & bit != 0 ? reader.integer() : 0
    }
    clientReset = next(&reader)
    serverReset = next(&reader)
    serverSynAckMissing = next(&reader)
    clientAckMissing = next(&reader)
    clientHalfClose = next(&reader)
    serverHalfClose = next(&reader)
    clientPortReuse = next(&reader)
    serverRefused = next(&reader)
    serverQueueFull = next(&reader)
    clientEstablishReset = next(&reader)
    serverEstablishReset = next(&reader)
    timeout = next(&reader)
  }
}
