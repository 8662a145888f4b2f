// SPDX-License-Identifier: Apache-2.0

internal import CProbes
internal import Glibc

/// The reading end of the lanes, in which the probes write what sockets move: one for each CPU and
/// direction (`mf_lane` in probe_events.h), mapped into this process. One thread reads.
@safe struct EventLanes: ~Copyable {
  /// Lanes there are.
  let count: Int
  /// Bytes of one lane's ring.
  private let size: Int
  private let base: UnsafeMutableRawPointer

  private static let headerBytes = MemoryLayout<mf_lane>.size
  private static let readOffset = 64
  private static let seenOffset = 8
  private static let lostOffset = 16

  /// Bytes from one lane to the next, as the map must be made.
  static func stride(laneBytes: UInt32) -> Int {
    headerBytes + Int(laneBytes) + MF_LANE_SLACK
  }

  private var stride: Int { Self.stride(laneBytes: UInt32(size)) }

  /// Maps the lanes behind `descriptor`.
  init(descriptor: CInt, count: Int, laneBytes: UInt32) throws(SystemError) {
    self.count = count
    size = Int(laneBytes)
    guard
      let base = unsafe mmap(
        nil, count * Self.stride(laneBytes: laneBytes), PROT_READ | PROT_WRITE, MAP_SHARED,
        descriptor, 0),
      unsafe base != MAP_FAILED
    else { throw SystemError.last("mapping the lanes") }
    unsafe self.base = unsafe base
  }

  deinit { unsafe munmap(base, count * stride) }

  /// Where the next record of a lane will begin. What is before it is complete.
  func end(of lane: Int) -> UInt64 {
    unsafe mf_load_acquire_u64(base + lane * stride)
  }

  /// Where reading goes on.
  func start(of lane: Int) -> UInt64 {
    unsafe mf_load_acquire_u64(base + lane * stride + Self.readOffset)
  }

  /// Gives the room before `position` back to the probe.
  func release(_ lane: Int, before position: UInt64) {
    unsafe mf_store_release_u64(base + lane * stride + Self.readOffset, position)
  }

  /// The record at a position that is before the end; its length is a multiple of eight and not 0.
  @_lifetime(borrow self)
  func record(of lane: Int, at position: UInt64) -> RawSpan {
    let place = unsafe base + lane * stride + Self.headerBytes + Int(position & UInt64(size - 1))
    // The first field of its head.
    let count = unsafe Int(place.load(as: UInt32.self)) & ~7
    let bytes = unsafe UnsafeRawBufferPointer(
      start: place, count: min(max(count, MemoryLayout<mf_head>.size), Int(MF_LANE_SLACK)))
    return unsafe _overrideLifetime(bytes.bytes, borrowing: self)
  }

  /// Data events that the probes saw, lost ones included.
  var seen: UInt64 { sum(at: Self.seenOffset) }

  /// Those of them that found no room.
  var lost: UInt64 { sum(at: Self.lostOffset) }

  private func sum(at offset: Int) -> UInt64 {
    var sum: UInt64 = 0
    for lane in 0..<count { sum &+= unsafe mf_load_acquire_u64(base + lane * stride + offset) }
    return sum
  }
}
