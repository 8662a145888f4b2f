// SPDX-License-Identifier: Apache-2.0

internal import CProbes
internal import Telemetry

/// Reads ring records. Pure: bytes in, values out, so that any bytes can be tried.
struct EventDecoder {
  var clock: KernelClock

  /// What one record says.
  enum Record {
    /// A socket event; its payload are the `captured` bytes that follow the header.
    case socket(SocketEvent, captured: Int)
    /// A TCP connection that was closed or goes on.
    case connection(SocketEvent, SocketTotals)
    /// A process was forked by its parent, or, without one, executed another program.
    case processStarted(ProcessKey, parent: ProcessKey?)
    case processEnded(ProcessKey)
    /// Not a record of ours.
    case malformed
  }

  /// Bytes of a socket event before its payload.
  static let headerBytes = MemoryLayout<mf_socket_event>.size

  func decode(_ record: RawSpan) -> Record {
    guard record.byteCount > 0 else { return .malformed }
    let kind = unsafe record.unsafeLoadUnaligned(fromByteOffset: 0, as: UInt8.self)
    switch UInt32(kind) {
    case MF_EVENT_DATA.rawValue, MF_EVENT_OPENED.rawValue, MF_EVENT_CLOSED.rawValue,
      MF_EVENT_PROGRESS.rawValue:
      return decodeSocket(record)
    case MF_EVENT_PROCESS_FORKED.rawValue, MF_EVENT_PROCESS_EXECUTED.rawValue,
      MF_EVENT_PROCESS_ENDED.rawValue:
      guard record.byteCount >= MemoryLayout<mf_process_event>.size else { return .malformed }
      let raw = unsafe record.unsafeLoadUnaligned(fromByteOffset: 0, as: mf_process_event.self)
      let key = Self.processKey(raw.process, raw.process_start)
      if UInt32(kind) == MF_EVENT_PROCESS_ENDED.rawValue { return .processEnded(key) }
      let parent = raw.parent == 0 ? nil : Self.processKey(raw.parent, raw.parent_start)
      return .processStarted(key, parent: parent)
    default:
      return .malformed
    }
  }

  private func decodeSocket(_ record: RawSpan) -> Record {
    guard record.byteCount >= Self.headerBytes else { return .malformed }
    let raw = unsafe record.unsafeLoadUnaligned(fromByteOffset: 0, as: mf_socket_event.self)
    let captured = Int(raw.captured)
    guard captured <= record.byteCount - Self.headerBytes,
      let kind = SocketEvent.Kind(rawValue: raw.kind),
      let direction = SocketEvent.Direction(rawValue: raw.direction),
      let role = SocketEvent.Role(rawValue: raw.role)
    else { return .malformed }
    let isUnix = raw.transport == UInt8(MF_TRANSPORT_UNIX)
    let event = SocketEvent(
      kind: kind, direction: direction, role: role, flags: .init(rawValue: raw.flags),
      socket: raw.socket, transport: TransportProtocol(rawValue: raw.transport),
      networkNamespace: raw.netns, local: Self.address(raw.local), localPort: raw.local_port,
      remote: isUnix ? .unspecified : Self.address(raw.remote), remotePort: raw.remote_port,
      process: Self.processKey(raw.process, raw.process_start), thread: raw.thread,
      threadName: ThreadName(
        first: UInt64(littleEndian: raw.comm.0), second: UInt64(littleEndian: raw.comm.1)),
      enter: clock.timestamp(raw.enter), exit: clock.timestamp(raw.exit),
      sequence: raw.sequence, length: raw.length, ordinal: raw.ordinal, syscall: raw.syscall,
      peer: isUnix ? raw.remote.1 : 0)
    guard kind == .closed || kind == .progress,
      captured == MemoryLayout<mf_totals>.size
    else { return .socket(event, captured: captured) }
    return .connection(event, totals(record))
  }

  private func totals(_ record: RawSpan) -> SocketTotals {
    let raw = unsafe record.unsafeLoadUnaligned(
      fromByteOffset: Self.headerBytes, as: mf_totals.self)
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
