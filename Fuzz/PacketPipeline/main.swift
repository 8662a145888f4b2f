// SPDX-License-Identifier: Apache-2.0

import Flows
import Protocols
import Telemetry

// Coverage-guided fuzzing of flow table, reassembly and conversations together. An input is a run of
// segments: a byte for the flow (three), the side and the transport; one for the TCP flags; one that
// moves the sequence number and one that moves the acknowledgement; one that says how much time passes
// and whether the pipeline is flushed; a length of two bytes, and that many bytes. A trap, a tally that does not
// balance, or a bound that is passed ends the run and leaves the input.

/// libFuzzer's entry, compiler-rt/lib/fuzzer/FuzzerDriver.cpp.
@_silgen_name("LLVMFuzzerRunDriver")
private func runDriver(
  _ count: UnsafeMutablePointer<CInt>,
  _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>>,
  _ test: @convention(c) (UnsafePointer<UInt8>?, Int) -> CInt
) -> CInt

private let heldLimit = 40

private func limits() -> PacketLimits {
  var limits = PacketLimits()
  limits.flows.flows = 8
  limits.segments.heldBytes = 4_096
  limits.segments.heldSegments = heldLimit
  limits.segments.heldBytesPerDirection = 1_024
  limits.segments.heldSegmentsPerDirection = 10
  limits.calls.conversations = 2
  limits.calls.pendingCalls = 16
  limits.calls.streamBytes = 1_024
  return limits
}

/// Feeds the segments that `input` describes.
private func feed(_ input: Span<UInt8>) {
  var pipeline = PacketPipeline(limits: limits(), protocols: builtInProtocols)
  _ = pipeline.addInterface(InterfaceDescription(name: "fuzz"))
  var sequences: [UInt32] = Array(repeating: .max - 300, count: 16)
  var time: Int64 = 1_700_000_000_000_000_000
  var position = 0
  while position + 7 <= input.count {
    let (flow, flags) = (input[position], input[position + 1])
    let moves = (Int8(bitPattern: input[position + 2]), Int8(bitPattern: input[position + 3]))
    let clock = input[position + 4]
    let start = position + 7
    let length = Int(input[position + 5]) << 8 | Int(input[position + 6])
    let end = min(start + min(length, 65_400), input.count)
    position = end
    // Both sides of a flow lie next to each other.
    let index = Int(flow & 7) * 2 % 6 + Int(flow >> 3 & 1)
    let sequence = sequences[index] &+ UInt32(bitPattern: Int32(moves.0))
    let acknowledgement = sequences[index ^ 1] &+ UInt32(bitPattern: Int32(moves.1))
    var frame = header(
      index, isUDP: flow & 0x80 != 0, flags, sequence, acknowledgement, payload: end - start)
    for offset in start..<end { frame.append(input[offset]) }
    if moves.0 == 0 { sequences[index] &+= UInt32(end - start) }
    time += Int64(clock & 0x7f) * 10_000_000
    let packet = CapturedPacket(
      time: Timestamp(nanoseconds: time), linkType: .raw, interface: 0,
      length: UInt32(frame.count))
    pipeline.feed(packet, bytes: frame.span)
    if clock & 0x80 != 0 { pipeline.flush(now: Timestamp(nanoseconds: time)) }
    check(pipeline)
  }
  pipeline.finish(now: Timestamp(nanoseconds: time))
  check(pipeline)
  precondition(
    pipeline.flowCount == 0 && pipeline.conversationCount == 0 && pipeline.pendingCount == 0
      && pipeline.heldSegmentCount == 0, "nothing is left behind")
}

/// IPv4 and TCP or UDP headers of a packet of conversation `index / 2`, sent by side `index % 2`.
private func header(
  _ index: Int, isUDP: Bool, _ flags: UInt8, _ sequence: UInt32, _ acknowledgement: UInt32,
  payload: Int
) -> [UInt8] {
  let ports: [[UInt16]] = [[40_000, 80], [40_001, 6_379], [40_002, 53]]
  let (from, to) = (ports[index / 2][index % 2], ports[index / 2][1 - index % 2])
  let length = 20 + (isUDP ? 8 : 20) + payload
  var bytes: [UInt8] = [0x45, 0, UInt8(length >> 8), UInt8(length & 0xff), 0, 1, 0x40, 0, 64]
  bytes += [isUDP ? 17 : 6, 0, 0, 10, 0, 0, UInt8(index % 2), 10, 0, 0, UInt8(1 - index % 2)]
  bytes += [UInt8(from >> 8), UInt8(from & 0xff), UInt8(to >> 8), UInt8(to & 0xff)]
  if isUDP {
    bytes += [UInt8((8 + payload) >> 8), UInt8((8 + payload) & 0xff), 0, 0]
  } else {
    for number in [sequence, acknowledgement] {
      for shift in [24, 16, 8, 0] as [UInt32] {
        bytes.append(UInt8(truncatingIfNeeded: number >> shift))
      }
    }
    bytes += [0x50, flags, 0xff, 0xff, 0, 0, 0, 0]
  }
  return bytes
}

private func check(_ pipeline: borrowing PacketPipeline) {
  let tallies = pipeline.tallies
  precondition(
    tallies.frames.balances && tallies.segments.balances && tallies.conversations.balances
      && tallies.calls.balances && tallies.rollup.balances && tallies.flows.balances,
    "every stage accounts for what it was given")
  precondition(pipeline.heldSegmentCount <= heldLimit, "held segments are bounded")
}

var count = CommandLine.argc
var arguments = unsafe CommandLine.unsafeArgv
let code = unsafe runDriver(&count, &arguments) { bytes, size in
  let input = unsafe UnsafeBufferPointer(start: bytes, count: size)
  unsafe feed(input.span)
  return 0
}
