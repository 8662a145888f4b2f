// SPDX-License-Identifier: Apache-2.0

import Bytes
package import Protocols
package import Telemetry

/// Turns captured packets into flow records, call records and metrics of both.
///
/// Owned by one thread, which feeds it, flushes it a few times a second of the packets' time and takes
/// what it made. It reads no clock, so the same packets with the same flushes give the same records,
/// byte for byte. All packets of a flow must go to the same pipeline. Every table is bounded by
/// ``PacketLimits``; what found no room is counted.
package struct PacketPipeline: ~Copyable {
  private var decoder: PacketDecoder
  var table: FlowTable
  var assembler: SegmentAssembler
  var reader: PacketReader
  /// By the flow table's slots.
  var streams: [FlowStreams] = []
  /// The packet that is being worked on: too large to be made anew for each.
  private var packet = DecodedPacket()
  var frames = Tally()
  /// Whether payload is read for calls. While it is not, flows and their figures go on as before; a
  /// conversation ends with its next payload, which counts as shed load, and is taken up in its middle
  /// afterwards.
  package var readsCalls = true
  /// Per interface.
  private var namespaces: [UInt32] = []
  /// The second whose tallies are being counted; nil before the first flush.
  var ledgerSecond: Int64?
  var lastScan = Timestamp(nanoseconds: 0)
  var lastGivenBack = Timestamp(nanoseconds: 0)
  private var sizes = BatchSizes()

  /// - Parameters:
  ///   - protocols: offered to an unknown conversation in this order.
  ///   - privacy: what of the users' data records may show.
  package init(
    limits: PacketLimits = PacketLimits(), protocols: [any ProtocolKind],
    privacy: PrivacyRules = PrivacyRules()
  ) {
    decoder = PacketDecoder(limits: limits.fragments)
    table = FlowTable(limits: limits.flows)
    assembler = SegmentAssembler(limits: limits.segments)
    reader = PacketReader(
      engine: FlowEngine(
        limits: limits.calls, protocols: protocols, privacy: privacy, source: .packet))
  }

  /// Flows followed, conversations read, calls that wait for their end, and segments held for others
  /// that are missing.
  package var flowCount: Int { table.count }
  package var conversationCount: Int { reader.count }
  package var pendingCount: Int { reader.engine.pending.count }
  package var heldSegmentCount: Int { assembler.heldCount }

  /// Makes an interface known; its number is what its packets carry.
  package mutating func addInterface(_ description: InterfaceDescription) -> UInt32 {
    let id = table.addInterface(description)
    setNamespace(id, description)
    return id
  }

  /// Says anew what an interface stands next to; flows that are there already keep what they know.
  package mutating func setInterface(_ id: UInt32, _ description: InterfaceDescription) {
    table.setInterface(id, description)
    if Int(id) < namespaces.count { setNamespace(id, description) }
  }

  private mutating func setNamespace(_ id: UInt32, _ description: InterfaceDescription) {
    while namespaces.count <= Int(id) { namespaces.append(0) }
    namespaces[Int(id)] = description.networkNamespace
  }

  /// Takes a packet; `bytes` is what was captured of it, borrowed for the call.
  package mutating func feed(_ captured: CapturedPacket, bytes: Span<UInt8>) {
    if let reason = decoder.decode(captured, bytes, into: &packet) {
      return frames.lose(reason)
    }
    let start = packet.payloadOffset
    let payload = bytes.clipped(from: start, to: start + packet.payloadCaptured)
    if packet.transport.rawValue == 17 { packet.contentMark = payload.contentMark }
    let waiting = table.ended.count
    let copies = table.copies
    let hit = table.take(&packet)
    guard table.copies == copies else { return frames.lose(.duplicatePacket) }
    frames.pass()
    // A new flow may have ended others.
    while table.ended.count > waiting { release(table.ended.removeLast(), at: packet.time) }
    guard let hit else { return }
    while hit.slot >= streams.count { streams.append(FlowStreams()) }
    guard readsCalls else { return shed(hit.slot) }
    if reader.engine.isCrowded {
      reader.engine.makeRoom(in: &reader.conversations, at: packet.time)
    }
    if assembler.isCrowded { assembler.makeRoom(&streams, into: &reader) }
    if packet.transport.rawValue == 6 {
      takeSegment(payload, hit)
    } else if packet.transport.rawValue == 17, packet.payloadLength > 0 {
      takeDatagram(payload, hit)
    }
    tell()
  }

  /// Leaves the packet's payload unread.
  private mutating func shed(_ slot: Int) {
    guard packet.payloadLength > 0 else { return }
    if packet.transport.rawValue == 6 {
      assembler.tally.pass()
    } else if packet.transport.rawValue != 17 || packet.isLaterFragment {
      return
    }
    reader.engine.tallies.conversations.lose(.shedLoad)
    guard streams[slot].isRead else { return }
    leave(slot, at: packet.time)
    tell()
  }

  /// Ends the conversation of a flow, to be taken up in its middle.
  mutating func leave(_ slot: Int, at time: Timestamp) {
    assembler.end(&streams[slot], into: &reader)
    reader.close(&streams[slot], as: .muted, at: time)
    streams[slot].mutedUntil = time
  }

  /// Ends the conversation that is worth least, if another is to find a place.
  private mutating func evict() {
    let idle = reader.engine.limits.idleBeforeEviction
    // What begins is worth more than the middle of something.
    let isBeginning = packet.flags.rawValue & 0x02 != 0 || packet.transport.rawValue == 17
    let silence = isBeginning ? 0 : idle
    guard let flow = reader.evictionCandidate(silentSince: packet.time + -silence) else { return }
    leave(flow, at: packet.time)
  }

  @inline(__always)
  private mutating func takeSegment(_ payload: Span<UInt8>, _ hit: FlowHit) {
    let slot = hit.slot
    if streams[slot].mode != .followed {
      guard mayFollow(slot) else {
        if packet.payloadLength > 0 {
          assembler.tally.pass()
          reader.refuse(streams[slot])
        }
        return
      }
    }
    assembler.take(
      &packet, payload, direction: hit.direction, slot: slot, of: &streams[slot], into: &reader)
    if streams[slot].held > 0, !streams[slot].isRead {
      assembler.end(&streams[slot], into: &reader)
    }
  }

  @inline(__always)
  private mutating func takeDatagram(_ payload: Span<UInt8>, _ hit: FlowHit) {
    // Behind the first fragment there is no datagram's beginning.
    guard !packet.isLaterFragment else { return }
    if streams[hit.slot].mode != .followed, !mayFollow(hit.slot) {
      return reader.refuse(streams[hit.slot])
    }
    reader.readDatagram(
      payload, length: packet.payloadLength + (packet.hasMoreFragments ? 1 : 0),
      at: packet.time, direction: hit.direction, of: &streams[hit.slot])
  }

  /// Whether the packet of a flow without a conversation is to be looked at: it gets one with its first
  /// payload.
  private mutating func mayFollow(_ slot: Int) -> Bool {
    switch streams[slot].mode {
    case .followed: return true
    case .finished: return false
    case .refused:
      guard packet.payloadLength > 0 else { return false }
      streams[slot].restart()
    case .muted:
      guard packet.payloadLength > 0, packet.time >= streams[slot].mutedUntil else { return false }
      streams[slot].restart()
    case .fresh: break
    }
    if packet.payloadLength > 0 {
      if reader.isFull { evict() }
      let interface = Int(table.flows[slot].interface)
      reader.open(
        Conversation(
          table.flows[slot], table.details[slot],
          networkNamespace: interface < namespaces.count ? namespaces[interface] : 0),
        of: slot, streams: &streams[slot])
    }
    return streams[slot].mode != .refused
  }

  /// Whether the batch has room for whatever one more packet, or one flush, brings. Whoever can wait
  /// takes it before.
  package var hasRoom: Bool {
    let limits = reader.engine.limits
    return reader.engine.batch.calls.count <= limits.batchCalls / 4
      && reader.engine.batch.text.count <= limits.batchTextBytes / 4
  }

  /// Swaps what was made for `batch`, which is emptied and whose buffers are used on.
  package mutating func takeBatch(into batch: inout RecordBatch) {
    reader.engine.rollup.handOn(into: &reader.engine.batch, tally: &reader.engine.tallies.rollup)
    sizes.empty(&batch, after: reader.engine.batch)
    swap(&batch, &reader.engine.batch)
  }

  /// What was counted since the last ledger entry; see ``flush(now:)``.
  package var tallies: PacketTallies {
    var all = PacketTallies()
    all.frames = frames
    all.segments = assembler.tally
    all.conversations = reader.engine.tallies.conversations
    all.calls = reader.engine.tallies.calls
    all.rollup = reader.engine.tallies.rollup
    all.rollup.add(table.rollup.tally)
    all.flows = table.flowTally
    return all
  }
}
