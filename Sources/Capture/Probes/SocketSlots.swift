// SPDX-License-Identifier: Apache-2.0

internal import CProbes
internal import Glibc

/// Tells the probes to look again at what they remember (`slots` in bpf/maps.h).
@safe struct SocketSlots: ~Copyable {
  private let base: UnsafeMutableRawPointer

  private static let count = Int(MF_SLOTS.rawValue)
  private static let stride = MemoryLayout<mf_slot>.stride
  private static let epochOffset = MemoryLayout<mf_slot>.offset(of: \.epoch)!
  private static let toldOffset = MemoryLayout<mf_slot>.offset(of: \.told)!

  init(descriptor: CInt) throws(SystemError) {
    guard
      let base = unsafe mmap(
        nil, Self.count * Self.stride, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0),
      unsafe base != MAP_FAILED
    else { throw SystemError.last("mapping the sockets' slots") }
    unsafe self.base = unsafe base
  }

  deinit { unsafe munmap(base, Self.count * Self.stride) }

  /// The verdict of `socket` is another from now on. Called after it was written.
  func advance(_ socket: UInt64) {
    let slot = Int(socket & UInt64(Self.count - 1))
    let epoch = unsafe base + slot * Self.stride + Self.epochOffset
    unsafe mf_store_release_u64(epoch, mf_load_acquire_u64(epoch) &+ 1)
  }

  /// The facts of `socket` are not here, whatever the probes remember having told.
  func forget(_ socket: UInt64) {
    let slot = Int(socket & UInt64(Self.count - 1))
    unsafe mf_store_release_u32(base + slot * Self.stride + Self.toldOffset, 0)
  }
}
