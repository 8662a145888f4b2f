// SPDX-License-Identifier: Apache-2.0

import Telemetry

/// The members that all calls of a connection have in common, remembered ready to be copied: who
/// the ends are, and where they were seen.
@safe
struct CallEndsCache: ~Copyable {
  /// Connections remembered; a newer one takes the place of an older.
  private static let slots = 256
  private static let slotBytes = 1_024

  private struct Key {
    var flow: UInt64 = 0
    var client = IPAddress.unspecified
    var server = IPAddress.unspecified
    var clientPort: UInt16 = 0
    var serverPort: UInt16 = 0
    var namespace: UInt32 = 0
    /// Observation point, signal source, transport, protocol and score.
    var kinds: UInt64 = 0
    /// Bytes ready; 0 for none.
    var count = 0
  }

  private let tables: NumberTables
  private let keys: UnsafeMutablePointer<Key>
  private let blocks: UnsafeMutablePointer<UInt8>
  private let pieces: SightingPieces

  /// - Parameter pieces: stay the caller's.
  init(tables: NumberTables, pieces: SightingPieces) {
    self.tables = tables
    self.pieces = pieces
    unsafe keys = .allocate(capacity: Self.slots)
    unsafe keys.initialize(repeating: Key(), count: Self.slots)
    unsafe blocks = .allocate(capacity: Self.slots * Self.slotBytes)
  }

  deinit {
    unsafe keys.deallocate()
    unsafe blocks.deallocate()
  }

  @inline(__always)
  mutating func write(_ call: inout CallRecord, to writer: inout LineWriter) {
    let slot = Int(truncatingIfNeeded: (call.flow &* 0x9e37_79b9_7f4a_7c15) >> 56)
    let block = unsafe blocks + slot * Self.slotBytes
    if unsafe !matches(keys + slot, &call) { unsafe fill(keys + slot, block, &call) }
    unsafe writer.block(block, count: keys[slot].count)
  }

  @inline(__always)
  private func kinds(_ call: inout CallRecord) -> UInt64 {
    UInt64(call.observationPoint.rawValue) | UInt64(call.signalSource.rawValue) << 8
      | UInt64(call.transport.rawValue) << 16 | UInt64(call.applicationProtocol.rawValue) << 24
      | UInt64(call.directionScore) << 32
  }

  @inline(__always)
  private func matches(_ key: UnsafeMutablePointer<Key>, _ call: inout CallRecord) -> Bool {
    unsafe key.pointee.count != 0 && key.pointee.flow == call.flow
      && key.pointee.client.low == call.client.address.low
      && key.pointee.client.high == call.client.address.high
      && key.pointee.server.low == call.server.address.low
      && key.pointee.server.high == call.server.address.high
      && key.pointee.clientPort == call.client.port && key.pointee.serverPort == call.server.port
      && key.pointee.namespace == call.networkNamespace && key.pointee.kinds == kinds(&call)
  }

  @inline(never)
  private func fill(
    _ key: UnsafeMutablePointer<Key>, _ block: UnsafeMutablePointer<UInt8>,
    _ call: inout CallRecord
  ) {
    var writer = unsafe LineWriter(at: block, tables: tables)
    pieces.writeLog(&call, to: &writer)
    pieces.writeEnds(&call, to: &writer)
    writer.member(#","netns_id":"#, call.networkNamespace)
    pieces.protocols.write(call.applicationProtocol.rawValue, to: &writer)
    unsafe key.pointee = Key(
      flow: call.flow, client: call.client.address, server: call.server.address,
      clientPort: call.client.port, serverPort: call.server.port,
      namespace: call.networkNamespace, kinds: kinds(&call),
      count: block.distance(to: writer.place))
  }
}
