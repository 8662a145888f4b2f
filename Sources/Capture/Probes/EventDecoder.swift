// SPDX-License-Identifier: Apache-2.0

internal import CProbes
internal import Telemetry

/// Reads the records of lanes and rings. Pure: bytes in, values out, so that any bytes can be tried.
struct EventDecoder {
  var clock: KernelClock
  private var facts = ToldFacts()

  init(clock: KernelClock) { self.clock = clock }

  /// What one record says.
  enum Record {
    /// A socket event; its payload are the `captured` bytes of the record from `payload` on.
    case socket(SocketEvent, payload: Int, captured: Int)
    /// A TCP connection that was closed or goes on.
    case connection(SocketEvent, SocketTotals)
    /// A process was forked by its parent, or, without one, executed another program.
    case processStarted(ProcessKey, parent: ProcessKey?)
    case processEnded(ProcessKey)
    /// Facts, which were kept for the events that need them.
    case facts
    /// Data of a socket whose facts are not there.
    case unplaced(socket: UInt64)
    /// Not a record of ours.
    case malformed
  }

  private static let headBytes = MemoryLayout<mf_head>.size
  static let dataBytes = MemoryLayout<mf_data_event>.size
  static let wholeBytes = MemoryLayout<mf_socket_event>.size

  /// - Parameter stream: the number of the lane or ring that the record is of.
  mutating func decode(_ record: RawSpan, of stream: Int) -> Record {
    guard record.byteCount >= Self.headBytes else { return .malformed }
    let head = unsafe record.unsafeLoadUnaligned(fromByteOffset: 0, as: mf_head.self)
    switch UInt32(head.kind) {
    case MF_EVENT_DATA.rawValue: return decodeData(record, of: stream)
    case MF_EVENT_WHOLE.rawValue, MF_EVENT_OPENED.rawValue, MF_EVENT_CLOSED.rawValue,
      MF_EVENT_PROGRESS.rawValue:
      return decodeWhole(record)
    case MF_EVENT_PROCESS_FORKED.rawValue, MF_EVENT_PROCESS_EXECUTED.rawValue,
      MF_EVENT_PROCESS_ENDED.rawValue:
      return decodeProcess(record)
    case MF_EVENT_SOCKET.rawValue:
      guard record.byteCount >= MemoryLayout<mf_socket_record>.size else { return .malformed }
      facts.keep(unsafe record.unsafeLoadUnaligned(fromByteOffset: 0, as: mf_socket_record.self))
      return .facts
    case MF_EVENT_THREAD.rawValue:
      guard record.byteCount >= MemoryLayout<mf_thread_record>.size else { return .malformed }
      facts.keep(
        unsafe record.unsafeLoadUnaligned(fromByteOffset: 0, as: mf_thread_record.self),
        of: stream)
      return .facts
    default:
      return .malformed
    }
  }

  private func decodeData(_ record: RawSpan, of stream: Int) -> Record {
    guard record.byteCount >= Self.dataBytes else { return .malformed }
    let raw = unsafe record.unsafeLoadUnaligned(fromByteOffset: 0, as: mf_data_event.self)
    guard let socket = facts.socket(raw.socket), let thread = facts.thread(raw.head, of: stream)
    else { return .unplaced(socket: raw.socket) }
    guard raw.captured <= record.byteCount - Self.dataBytes,
      let event = event(.data, raw, socket, thread)
    else { return .malformed }
    return .socket(event, payload: Self.dataBytes, captured: Int(raw.captured))
  }

  private func decodeWhole(_ record: RawSpan) -> Record {
    guard record.byteCount >= Self.wholeBytes else { return .malformed }
    let raw = unsafe record.unsafeLoadUnaligned(fromByteOffset: 0, as: mf_socket_event.self)
    let isData = UInt32(raw.data.head.kind) == MF_EVENT_WHOLE.rawValue
    let kind = isData ? SocketEvent.Kind.data : SocketEvent.Kind(rawValue: raw.data.head.kind)
    let captured = raw.data.captured
    guard captured <= record.byteCount - Self.wholeBytes, let kind,
      let event = event(kind, raw.data, raw.socket, raw.thread)
    else { return .malformed }
    guard kind == .closed || kind == .progress, captured == MemoryLayout<mf_totals>.size else {
      return .socket(event, payload: Self.wholeBytes, captured: Int(captured))
    }
    return .connection(event, totals(record))
  }

  /// nil when the event is none of ours.
  @inline(__always)
  private func event(
    _ kind: SocketEvent.Kind, _ raw: mf_data_event, _ socket: mf_socket_facts,
    _ thread: mf_thread_facts
  ) -> SocketEvent? {
    guard let direction = SocketEvent.Direction(rawValue: raw.direction),
      let role = SocketEvent.Role(rawValue: raw.role)
    else { return nil }
    let isUnix = socket.transport == UInt8(MF_TRANSPORT_UNIX)
    return SocketEvent(
      kind: kind, direction: direction, role: role, flags: .init(rawValue: raw.head.flags),
      socket: raw.socket, transport: TransportProtocol(rawValue: socket.transport),
      networkNamespace: socket.netns, local: Self.address(socket.local),
      localPort: socket.local_port,
      remote: isUnix ? .unspecified : Self.address(socket.remote),
      remotePort: socket.remote_port,
      process: Self.processKey(raw.head.process, thread.process_start), thread: raw.head.thread,
      threadName: ThreadName(
        first: UInt64(littleEndian: thread.comm.0), second: UInt64(littleEndian: thread.comm.1)),
      enter: clock.timestamp(raw.head.when &- UInt64(raw.lasted)),
      exit: clock.timestamp(raw.head.when),
      sequence: raw.sequence, length: raw.length, ordinal: raw.ordinal, syscall: raw.syscall,
      peer: isUnix ? socket.remote.1 : 0)
  }

  private func decodeProcess(_ record: RawSpan) -> Record {
    guard record.byteCount >= MemoryLayout<mf_process_event>.size else { return .malformed }
    let raw = unsafe record.unsafeLoadUnaligned(fromByteOffset: 0, as: mf_process_event.self)
    let key = Self.processKey(raw.head.process, raw.process_start)
    if UInt32(raw.head.kind) == MF_EVENT_PROCESS_ENDED.rawValue { return .processEnded(key) }
    let parent = raw.parent == 0 ? nil : Self.processKey(raw.parent, raw.parent_start)
    return .processStarted(key, parent: parent)
  }

  private func totals(_ record: RawSpan) -> SocketTotals {
    let raw = unsafe record.unsafeLoadUnaligned(fromByteOffset: Self.wholeBytes, as: mf_totals.self)
    return SocketTotals(
      opened: raw.opened == 0 ? nil : clock.timestamp(raw.opened),
      sentBytes: raw.sent > raw.sent_again ? raw.sent - raw.sent_again : 0,
      receivedBytes: raw.received, sentPackets: raw.packets_sent,
      receivedPackets: raw.packets_received, retransmissions: raw.packets_sent_again,
      error: raw.error, state: raw.state)
  }

  /// An address of 0.0.0.0 is left unspecified whatever its family.
  private static func address(_ words: (UInt64, UInt64)) -> IPAddress {
    IPAddress(high: UInt64(bigEndian: words.0), low: UInt64(bigEndian: words.1))
  }

  private static func processKey(_ process: UInt32, _ start: UInt64) -> ProcessKey {
    ProcessKey(pid: process, startedAfterBoot: ProcessStart.milliseconds(bootNanoseconds: start))
  }
}

/// When a process began, in the one form that both sources can give.
///
/// `/proc/PID/stat` tells it in clock ticks of 10 ms (USER_HZ is 100 on every machine), the kernel's
/// own field in nanoseconds; both are rounded down to the tick, so that keys of the same process
/// are equal wherever they come from.
package enum ProcessStart {
  static let nanosecondsPerTick: UInt64 = 10_000_000

  package static func milliseconds(bootNanoseconds: UInt64) -> UInt64 {
    bootNanoseconds / nanosecondsPerTick * 10
  }

  package static func milliseconds(ticks: UInt64) -> UInt64 { ticks &* 10 }
}
