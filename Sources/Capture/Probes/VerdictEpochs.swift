// SPDX-License-Identifier: Apache-2.0

internal import CProbes
internal import Glibc

/// Tells the probes that verdicts were written, so that they look again (`epochs` in bpf/maps.h).
@safe struct VerdictEpochs: ~Copyable {
  private let base: UnsafeMutableRawPointer

  private static let count = Int(MF_VERDICT_EPOCHS.rawValue)

  init(descriptor: CInt) throws(SystemError) {
    guard
      let base = unsafe mmap(
        nil, Self.count * 8, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0),
      unsafe base != MAP_FAILED
    else { throw SystemError.last("mapping the verdict epochs") }
    unsafe self.base = unsafe base
  }

  deinit { unsafe munmap(base, Self.count * 8) }

  /// The verdict of `socket` is another from now on. Called after it was written.
  func advance(_ socket: UInt64) {
    let place = unsafe base + Int(socket & UInt64(Self.count - 1)) * 8
    unsafe mf_store_release_u64(place, mf_load_acquire_u64(place) &+ 1)
  }
}
