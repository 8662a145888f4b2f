// SPDX-License-Identifier: Apache-2.0

internal import CProbes
internal import Glibc

/// The reading end of a BPF ring buffer (kernel/bpf/ringbuf.c), mapped into this process.
///
/// One thread reads. Positions only grow; a position modulo the size is a place in the ring, whose
/// pages are mapped twice in a row, so that a record is always in one piece.
@safe struct EventRing: ~Copyable {
  private let descriptor: CInt
  private let size: Int
  private let pageSize: Int
  /// The page that holds the reader's position.
  private let reader: UnsafeMutableRawPointer
  /// The page that holds the writers' position, followed by the data twice.
  private let writers: UnsafeMutableRawPointer

  /// Record header: length in the low 30 bits, then "discarded", then "still being written".
  private static let busy: UInt32 = 1 << 31
  private static let discarded: UInt32 = 1 << 30
  private static let headerBytes = 8

  /// Maps the ring behind `descriptor`, which stays the caller's and must outlive this value.
  init(descriptor: CInt, size: Int) throws(SystemError) {
    self.descriptor = descriptor
    self.size = size
    pageSize = Int(sysconf(CInt(_SC_PAGESIZE)))
    guard
      let reader = unsafe mmap(
        nil, pageSize, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0),
      unsafe reader != MAP_FAILED
    else { throw SystemError.last("mapping the ring's position") }
    guard
      let writers = unsafe mmap(
        nil, pageSize + 2 * size, PROT_READ, MAP_SHARED, descriptor, pageSize),
      unsafe writers != MAP_FAILED
    else {
      let error = SystemError.last("mapping the ring")
      unsafe munmap(reader, pageSize)
      throw error
    }
    unsafe self.reader = unsafe reader
    unsafe self.writers = unsafe writers
  }

  deinit {
    unsafe munmap(reader, pageSize)
    unsafe munmap(writers, pageSize + 2 * size)
  }

  /// Waits until there is a record, somebody is woken, or the time is over. A signal ends it early.
  func wait(milliseconds: CInt) throws(SystemError) {
    var poll = pollfd(descriptor: descriptor)
    if unsafe Glibc.poll(&poll, 1, milliseconds) < 0 && errno != EINTR {
      throw SystemError.last("waiting for the ring")
    }
  }

  /// Hands over every record that was there when it was called, oldest first; `body` borrows it.
  /// Returns bytes of the ring that were freed.
  func drain(_ body: (RawSpan) -> Void) -> Int {
    let start = unsafe mf_load_acquire_u64(reader)
    let end = unsafe mf_load_acquire_u64(writers)
    var position = start
    var freed = start
    while position < end {
      let place = unsafe writers + pageSize + Int(position & UInt64(size - 1))
      let header = unsafe mf_load_acquire_u32(place)
      if header & Self.busy != 0 { break }
      let length = Int(header & ~(Self.busy | Self.discarded))
      if header & Self.discarded == 0 {
        let bytes = unsafe UnsafeRawBufferPointer(start: place + Self.headerBytes, count: length)
        body(unsafe bytes.bytes)
      }
      position &+= UInt64((length + Self.headerBytes + 7) & ~7)
      // Room is given back in parcels: each store makes the writers fetch the line anew.
      if position &- freed > UInt64(size / 16) {
        unsafe mf_store_release_u64(reader, position)
        freed = position
      }
    }
    if position != freed { unsafe mf_store_release_u64(reader, position) }
    return Int(position &- start)
  }
}

extension pollfd {
  fileprivate init(descriptor: CInt) {
    self.init(fd: descriptor, events: CShort(POLLIN), revents: 0)
  }
}
