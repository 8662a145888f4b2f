// SPDX-License-Identifier: Apache-2.0

internal import CLibBPF
internal import CProbes
internal import Glibc

/// Tells which files the processes of this host begin to run code from, as they map them: programs
/// that are executed, and libraries, also those that are loaded later. One thread reads.
@safe final class MappingEvents {
  @unsafe private struct Ring {
    let descriptor: CInt
    let base: UnsafeMutableRawPointer
  }

  private var rings: [Ring]
  private let pageSize: Int
  private var scratch: [UInt8] = []

  /// Pages of a processor's ring, a power of two: some 400 mappings between two looks.
  private static let pages = 16

  private var size: Int { Self.pages * pageSize }

  init() throws(SystemError) {
    unsafe rings = []
    pageSize = Int(sysconf(CInt(_SC_PAGESIZE)))
    for processor in 0..<max(1, libbpf_num_possible_cpus()) {
      let descriptor = mf_open_mappings(processor)
      // One that is not there now.
      if descriptor < 0 && errno == ENODEV { continue }
      guard descriptor >= 0 else { throw SystemError.last("asking for what processes map") }
      guard
        let base = unsafe mmap(
          nil, pageSize + size, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0),
        unsafe base != MAP_FAILED
      else {
        let error = SystemError.last("mapping the ring of what processes map")
        close(descriptor)
        throw error
      }
      unsafe rings.append(Ring(descriptor: descriptor, base: base))
    }
  }

  deinit {
    for index in unsafe rings.indices {
      unsafe munmap(rings[index].base, pageSize + size)
      unsafe close(rings[index].descriptor)
    }
  }

  /// Hands over what was mapped since the last time. False when some were lost.
  func read(_ body: (FileMapping) -> Void) -> Bool {
    var isWhole = true
    for index in unsafe rings.indices {
      let base = unsafe rings[index].base
      let end = unsafe mf_load_acquire_u64(base + Int(MF_MAPPINGS_WRITTEN))
      var position = unsafe mf_load_acquire_u64(base + Int(MF_MAPPINGS_READ))
      while position < end {
        unsafe copy(base, at: position)
        guard scratch.count >= 8 else { break }
        if let mapping = FileMapping(record: scratch) { body(mapping) }
        if scratch[0] == UInt8(MF_RECORD_LOST) { isWhole = false }
        position &+= UInt64(scratch.count)
      }
      unsafe mf_store_release_u64(base + Int(MF_MAPPINGS_READ), end)
    }
    return isWhole
  }

  /// Copies the record at a position, which may run on at the ring's beginning, to `scratch`.
  private func copy(_ base: UnsafeMutableRawPointer, at position: UInt64) {
    let start = Int(position & UInt64(size - 1))
    // Records are multiples of eight bytes, so their heads are in one piece.
    let head = unsafe (base + pageSize).load(fromByteOffset: start, as: UInt64.self)
    let length = Int(head >> 48)
    scratch.removeAll(keepingCapacity: true)
    let first = min(length, size - start)
    unsafe scratch.append(
      contentsOf: UnsafeRawBufferPointer(start: base + pageSize + start, count: first))
    unsafe scratch.append(
      contentsOf: UnsafeRawBufferPointer(start: base + pageSize, count: length - first))
  }
}
