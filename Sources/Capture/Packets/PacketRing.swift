// SPDX-License-Identifier: Apache-2.0

internal import CProbes
internal import Glibc
internal import Telemetry

/// A packet socket on one interface and the ring of blocks that it shares with the kernel
/// (TPACKET_V3, Documentation/networking/packet_mmap.rst). Read by one thread.
@safe final class PacketRing {
  /// What drains saw, in frames.
  struct Drained {
    var frames: UInt64 = 0
    var malformed: UInt64 = 0
  }

  let descriptor: CInt
  let linkType: LinkType
  let bytes: Int
  private let framing: NetworkLink.Framing
  private let blockBytes: Int
  private let blockCount: Int
  private let mapping: UnsafeMutableRawPointer
  /// The block that is read next.
  private var block = 0

  /// Everything but the snap length that a frame takes in a block, at most.
  private static let frameOverhead = 128
  private static let smallestBlock = 64 << 10
  /// Below it the reader would have to be woken for every other frame.
  static let smallestRing = 4 * smallestBlock

  /// Opens a socket in the network namespace of the calling thread, where it stays for life.
  ///
  /// - Parameter bytes: at least ``smallestRing``; rounded down to whole blocks.
  init(
    link: NetworkLink, framing: NetworkLink.Framing, bytes: Int, options: PacketOptions
  ) throws(SystemError) {
    var blockBytes = Self.smallestBlock
    let wanted = Int(options.snapLength) + Self.frameOverhead
    while blockBytes < wanted || blockBytes * 32 <= bytes { blockBytes *= 2 }
    let kind = framing == .ethernet ? SOCK_RAW : SOCK_DGRAM
    // Protocol 0: nothing is received before the filter and the ring are there and it is bound.
    let descriptor = socket(
      AF_PACKET, CInt(kind.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else { throw SystemError.last("opening a packet socket") }
    do throws(SystemError) {
      unsafe mapping = try Self.prepare(
        descriptor, link: link, framing: framing, blockBytes: blockBytes,
        blockCount: max(2, bytes / blockBytes), options: options)
    } catch {
      close(descriptor)
      throw error
    }
    self.descriptor = descriptor
    self.framing = framing
    self.blockBytes = blockBytes
    blockCount = max(2, bytes / blockBytes)
    self.bytes = blockBytes * blockCount
    linkType = framing == .ethernet ? .ethernet : .raw
  }

  deinit {
    unsafe munmap(mapping, bytes)
    close(descriptor)
  }

  /// Puts another filter in the place of the one that is there.
  ///
  /// - Parameter snapLength: at most that of the options that the ring was made with.
  func filter(ignoring peers: [PacketOptions.Peer], snapLength: UInt32) throws(SystemError) {
    try PacketFilter(framing, snapLength: snapLength, ignoring: peers).attach(to: descriptor)
  }

  /// Hands over the frames of the blocks that the kernel has finished, at most once around.
  ///
  /// - Parameter interface: the number that the frames are to carry.
  func drain<Consumer: PacketConsumer & ~Copyable>(
    interface: UInt32, limit: inout RateLimit, into consumer: inout Consumer
  ) -> Drained {
    var drained = Drained()
    for _ in 0..<blockCount {
      let header = unsafe mapping + block * blockBytes
      // block_status is the first field of the header behind version and offset_to_priv.
      guard unsafe mf_load_acquire_u32(header + 8) & UInt32(TP_STATUS_USER) != 0 else { break }
      let block = unsafe UnsafeRawBufferPointer(start: header, count: blockBytes)
      unsafe read(block, interface, &drained, &limit, into: &consumer)
      unsafe mf_store_release_u32(header + 8, UInt32(TP_STATUS_KERNEL))
      self.block = self.block + 1 < blockCount ? self.block + 1 : 0
    }
    return drained
  }

  private func read<Consumer: PacketConsumer & ~Copyable>(
    _ block: UnsafeRawBufferPointer, _ interface: UInt32, _ drained: inout Drained,
    _ limit: inout RateLimit, into consumer: inout Consumer
  ) {
    let count = unsafe block.load(fromByteOffset: 12, as: UInt32.self)
    var at = unsafe Int(block.load(fromByteOffset: 16, as: UInt32.self))
    for index in 0..<count {
      guard at >= 0, at + MemoryLayout<tpacket3_hdr>.size <= block.count else {
        drained.malformed += UInt64(count - index)
        return
      }
      let header = unsafe block.loadUnaligned(fromByteOffset: at, as: tpacket3_hdr.self)
      let start = at + Int(header.tp_mac)
      let captured = Int(header.tp_snaplen)
      if start + captured <= block.count {
        drained.frames += 1
        let time = Timestamp(
          nanoseconds: Int64(header.tp_sec) &* 1_000_000_000 &+ Int64(header.tp_nsec))
        if limit.takes(time) {
          var packet = CapturedPacket(
            time: time, linkType: linkType, interface: interface, length: header.tp_len)
          if header.tp_status & UInt32(TP_STATUS_VLAN_VALID) != 0 {
            packet.vlan = UInt16(truncatingIfNeeded: header.hv1.tp_vlan_tci) & 0x0fff
          }
          let frame = unsafe UnsafeRawBufferPointer(rebasing: block[start..<(start + captured)])
          consumer.packet(packet, bytes: unsafe Span<UInt8>(_unsafeBytes: frame))
        }
      } else {
        drained.malformed += 1
      }
      at += Int(header.tp_next_offset)
    }
  }

  /// Frames that passed the filter, and those of them that found no room, since the last call.
  func takeStatistics() -> (seen: UInt64, dropped: UInt64) {
    var statistics = tpacket_stats_v3()
    var size = socklen_t(MemoryLayout<tpacket_stats_v3>.size)
    guard unsafe getsockopt(descriptor, SOL_PACKET, PACKET_STATISTICS, &statistics, &size) == 0
    else { return (0, 0) }
    return (UInt64(statistics.tp_packets), UInt64(statistics.tp_drops))
  }

  /// Takes the error that woke the reader: the interface went down or away.
  func takeError() {
    var code: CInt = 0
    var size = socklen_t(MemoryLayout<CInt>.size)
    unsafe _ = getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &code, &size)
  }
}

extension PacketRing {
  /// Sets the socket up in the order that loses nothing and lets nothing else in: version, filter,
  /// ring, mapping, and only then the interface.
  private static func prepare(
    _ descriptor: CInt, link: NetworkLink, framing: NetworkLink.Framing, blockBytes: Int,
    blockCount: Int, options: PacketOptions
  ) throws(SystemError) -> UnsafeMutableRawPointer {
    try set(descriptor, PACKET_VERSION, CInt(TPACKET_V3.rawValue), "asking for TPACKET_V3")
    try PacketFilter(framing, snapLength: options.snapLength, ignoring: options.ignoredPeers)
      .attach(to: descriptor)
    // What loopback sends it also receives.
    if link.isLoopback {
      try set(descriptor, PACKET_IGNORE_OUTGOING, CInt(1), "leaving out what loopback sends")
    }
    var request = tpacket_req3()
    request.tp_block_size = UInt32(blockBytes)
    request.tp_block_nr = UInt32(blockCount)
    // Frames have the size they need; this one only has to divide the block.
    request.tp_frame_size = 2_048
    request.tp_frame_nr = UInt32(blockBytes / 2_048 * blockCount)
    request.tp_retire_blk_tov = options.blockTimeout
    try set(descriptor, PACKET_RX_RING, request, "making a packet ring")
    guard
      let mapping = unsafe mmap(
        nil, blockBytes * blockCount, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0),
      unsafe mapping != MAP_FAILED
    else { throw SystemError.last("mapping a packet ring") }
    do throws(SystemError) {
      guard mf_bind_packets(descriptor, CInt(bitPattern: link.index)) == 0 else {
        throw SystemError.last("capturing an interface")
      }
      if let group = options.fanoutGroup {
        // By flow, both directions alike; fragments are put together before, so that they are too.
        let number = CInt(group &+ UInt16(truncatingIfNeeded: link.index &* 31))
        let mode = CInt(PACKET_FANOUT_HASH | PACKET_FANOUT_FLAG_DEFRAG)
        try set(descriptor, PACKET_FANOUT, number | mode << 16, "sharing an interface's packets")
      }
    } catch {
      unsafe munmap(mapping, blockBytes * blockCount)
      throw error
    }
    return unsafe mapping
  }

  private static func set<Value: BitwiseCopyable>(
    _ descriptor: CInt, _ option: CInt, _ value: Value, _ during: StaticString
  ) throws(SystemError) {
    var value = value
    let size = socklen_t(MemoryLayout<Value>.size)
    guard unsafe setsockopt(descriptor, SOL_PACKET, option, &value, size) == 0 else {
      throw SystemError.last(during)
    }
  }
}
