// SPDX-License-Identifier: Apache-2.0

import Protocols
import Telemetry
import TestSupport

@testable import Flows

/// A flow table that is fed as its owner would: time moves on before each packet, flows that ended are
/// released at once, and a full batch is taken.
struct FlowRun: ~Copyable {
  var table: FlowTable
  /// All that was written.
  var batch = RecordBatch()
  /// The records of flows that came at once, at most.
  private(set) var largest = 0
  private var part = RecordBatch()
  /// Packets that were fed, and those that found no room.
  private(set) var fed = 0
  private(set) var refused = 0
  private(set) var bytes: UInt64 = 0
  private var last = Timestamp(nanoseconds: .min)

  init(_ limits: FlowTableLimits = FlowTableLimits.unsampled) {
    table = FlowTable(limits: limits)
  }

  @discardableResult
  mutating func feed(_ packet: DecodedPacket) -> FlowHit? {
    var packet = packet
    advance(to: packet.time)
    let copies = table.copies
    let hit = table.take(&packet)
    if table.copies == copies {
      fed += 1
      if hit == nil { refused += 1 } else { bytes += UInt64(packet.frameLength) }
    }
    release()
    takePart()
    return hit
  }

  mutating func advance(to time: Timestamp) {
    while true {
      let progress = table.advance(to: time, into: &part)
      release()
      takePart()
      if progress == .arrived { break }
    }
    last = time
  }

  private mutating func release() {
    for slot in table.ended {
      if table.isFull(part) { takePart() }
      table.release(slot, into: &part)
    }
    table.ended.removeAll()
  }

  private mutating func takePart() {
    largest = max(largest, part.flows.count)
    batch.absorb(&part)
  }

  /// Waits until everything has timed out.
  mutating func silence() {
    advance(to: last + 400_000_000_000)
    flush()
  }

  /// Stops, as at the end of a capture file.
  mutating func finish() {
    table.finish(now: last)
    release()
    flush()
  }

  private mutating func flush() {
    while !table.flush(into: &part) { takePart() }
    takePart()
  }
}

extension RecordBatch {
  /// Appends the records of flows in `part`, and empties it.
  fileprivate mutating func absorb(_ part: inout RecordBatch) {
    let start = UInt32(text.count)
    text += part.text
    for var flow in part.flows {
      if flow.interfaceName.length > 0 { flow.interfaceName.offset += start }
      if flow.requestDomain.length > 0 { flow.requestDomain.offset += start }
      flows.append(flow)
    }
    networkMetrics += part.networkMetrics
    part.removeAll()
  }
}

extension FlowTableLimits {
  static var unsampled: FlowTableLimits {
    var limits = FlowTableLimits()
    limits.flowRecordsPerSecond = nil
    return limits
  }
}

/// Packets between a client (10.0.0.1 port 40000) and a server (10.0.0.2 port 80), written one a
/// line: microseconds, `>` from the client or `<` from the server, what it is, and what else there is
/// to say of it.
///
///     0 > S seq=100
///     20 < SA seq=700 ack=101 win=0
///     45 > PA seq=101 ack=701 len=80
///
/// S, A, P, F, R, U are TCP's flags, `-` for none; `udp` is a datagram; `ping` and `pong` are echoes.
func script(_ text: String, origin: Timestamp = Timestamp(seconds: 1_000)) -> [DecodedPacket] {
  let lines = text.split(separator: "\n").map { $0.split(separator: " ") }.filter { !$0.isEmpty }
  return lines.enumerated().map { index, words in
    var packet = DecodedPacket()
    // As senders do that number their packets.
    packet.identification = UInt16(index + 1)
    packet.time = origin + Int64(words[0])! * 1_000
    let isClient = words[1] == ">"
    packet.source = IPAddress(v4: isClient ? 0x0a00_0001 : 0x0a00_0002)
    packet.destination = IPAddress(v4: isClient ? 0x0a00_0002 : 0x0a00_0001)
    packet.sourcePort = isClient ? 40_000 : 80
    packet.destinationPort = isClient ? 80 : 40_000
    packet.window = 1_000
    var values: [Substring: UInt32] = [:]
    for word in words.dropFirst(3) {
      let parts = word.split(separator: "=")
      values[parts[0]] = UInt32(parts[1])!
    }
    switch words[2] {
    case "udp": packet.transport = .udp
    case "ping", "pong":
      packet.transport = .icmp
      (packet.sourcePort, packet.destinationPort) = (0, 0)
      packet.icmpType = words[2] == "ping" ? 8 : 0
      packet.icmpIdentifier = UInt16(values["id"] ?? 1)
      packet.icmpSequence = UInt16(values["seq"] ?? 0)
    default:
      for letter in words[2] { packet.flags.insert(flag(letter)) }
      packet.sequence = values["seq"] ?? 0
      packet.acknowledgement = values["ack"] ?? 0
    }
    if let window = values["win"] { packet.window = UInt16(window) }
    packet.payloadLength = Int(values["len"] ?? 0)
    packet.networkLength = UInt32(packet.payloadLength) + 40
    packet.frameLength = packet.networkLength + 14
    return packet
  }
}

private func flag(_ letter: Character) -> TCPFlags {
  switch letter {
  case "S": .syn
  case "A": .ack
  case "P": .psh
  case "F": .fin
  case "R": .rst
  case "U": .urg
  default: TCPFlags(rawValue: 0)
  }
}

/// All packets of a capture of `../shared/corpus/deepflow/flow`; nil when this machine has none.
func flowCapture(_ name: String) throws -> [DecodedPacket]? {
  guard let path = corpusCaptures("flow").first(where: { $0.hasSuffix("/\(name).pcap") }) else {
    print("no captures in ../shared/corpus/deepflow/flow: \(name) was not replayed")
    return nil
  }
  var decoder = PacketDecoder(limits: FragmentLimits())
  var found: [DecodedPacket] = []
  for (captured, bytes) in try packets(inCaptureFile: path) {
    var packet = DecodedPacket()
    if decoder.decode(captured, bytes.span, into: &packet) == nil { found.append(packet) }
  }
  return found
}

/// The records of packets that come one after the other and then stop for long.
func records(of packets: [DecodedPacket]) -> [FlowRecord] {
  var run = FlowRun()
  for packet in packets { run.feed(packet) }
  run.silence()
  return run.batch.flows
}
