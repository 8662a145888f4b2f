// SPDX-License-Identifier: Apache-2.0

internal import CProbes
internal import Glibc

/// The reading end of a BPF ring buffer (kernel/bpf/ringbuf.c), mapped into this process.
///
/// One thread reads. Positions only grow; a position modulo the size is a place in the ring, whose
/// pages are mapped twice in a row, so that a record is always in one piece.
@safe struct EventRing: ~Copyable {
  private let size: Int
  private let pageSize: Int
  /// The page that holds the reader's position.
  private let reader: UnsafeMutableRawPointer
  /// The page that holds the writers' position, followed by the data twice.
  private let writers: UnsafeMutableRawPointer
  /// Ends a wait for a wake-up only, not for what lies in the ring: under load that is never quite
  /// empty, and the thread would spin.
  private let waiter: CInt

  /// Record header: length in the low 30 bits, then "discarded", then "still being written".
  private static let busy: UInt32 = 1 << 31
  private static let discarded: UInt32 = 1 << 30
  private static let headerBytes = 8

  /// Maps the ring behind `descriptor`, which stays the caller's and must outlive this value.
  init(descriptor: CInt, size: Int) throws(SystemError) {
    self.size = size
    pageSize = Int(sysconf(CInt(_SC_PAGESIZE)))
    let waiter = try Self.waiter(for: descriptor)
    guard
      let reader = unsafe mmap(
        nil, pageSize, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0),
      unsafe reader != MAP_FAILED
    else {
      let error = SystemError.last("mapping the ring's position")
      close(waiter)
      throw error
    }
    guard
      let writers = unsafe mmap(
        nil, pageSize + 2 * size, PROT_READ, MAP_SHARED, descriptor, pageSize),
      unsafe writers != MAP_FAILED
    else {
      let error = SystemError.last("mapping the ring")
      unsafe munmap(reader, pageSize)
      close(waiter)
      throw error
    }
    self.waiter = waiter
    unsafe self.reader = unsafe reader
    unsafe self.writers = unsafe writers
  }

  deinit {
    unsafe munmap(reader, pageSize)
    unsafe munmap(writers, pageSize + 2 * size)
    close(waiter)
  }

  private static func waiter(for descriptor: CInt) throws(SystemError) -> CInt {
    let waiter = mf_watch(descriptor)
    guard waiter >= 0 else { throw SystemError.last("waiting for the ring") }
    return waiter
  }

  /// Waits until a probe wakes, or the time is over. A signal ends it early.
  func wait(milliseconds: CInt) throws(SystemError) {
    guard milliseconds > 0 else { return }
    if mf_wait(waiter, milliseconds) < 0 && errno != EINTR {
      throw SystemError.last("waiting for the ring")
    }
  }

  /// Where the next record will begin.
  var end: UInt64 { unsafe mf_load_acquire_u64(writers) }

  /// Where reading goes on.
  var start: UInt64 { unsafe mf_load_acquire_u64(reader) }

  /// Gives the room before `position` back.
  func release(before position: UInt64) {
    unsafe mf_store_release_u64(reader, position)
  }

  /// The first record at or after `position` that is no discarded one, which is moved behind them;
  /// nil when there is none that is complete.
  @_lifetime(borrow self)
  func record(at position: inout UInt64, before end: UInt64) -> RawSpan? {
    while position < end {
      let place = unsafe writers + pageSize + Int(position & UInt64(size - 1))
      let header = unsafe mf_load_acquire_u32(place)
      if header & Self.busy != 0 { return nil }
      let length = Int(header & ~(Self.busy | Self.discarded))
      if header & Self.discarded == 0 {
        let bytes = unsafe UnsafeRawBufferPointer(start: place + Self.headerBytes, count: length)
        return unsafe _overrideLifetime(bytes.bytes, borrowing: self)
      }
      position &+= Self.room(length)
    }
    return nil
  }

  /// Positions that a record of `length` bytes takes.
  static func room(_ length: Int) -> UInt64 { UInt64((length + headerBytes + 7) & ~7) }
}
