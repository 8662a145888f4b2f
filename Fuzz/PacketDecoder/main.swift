// SPDX-License-Identifier: Apache-2.0

import Telemetry

@testable import Flows

// Coverage-guided fuzzing of the packet decoder. An input is a short capture for one decoder: for each
// frame a byte that chooses the link type, one that moves the clock, one that says how many bytes of
// the frame were not captured, a length byte, and that many bytes.

/// libFuzzer's entry, compiler-rt/lib/fuzzer/FuzzerDriver.cpp.
@_silgen_name("LLVMFuzzerRunDriver")
private func runDriver(
  _ count: UnsafeMutablePointer<CInt>,
  _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>>,
  _ test: @convention(c) (UnsafePointer<UInt8>?, Int) -> CInt
) -> CInt

private let linkTypes: [UInt16] = [1, 0, 9, 12, 14, 50, 101, 108, 113, 228, 229, 276, 147]

private func replay(_ input: Span<UInt8>) {
  var limits = FragmentLimits()
  limits.entries = 8
  var decoder = PacketDecoder(limits: limits)
  var packet = DecodedPacket()
  var now: Int64 = 0
  var position = 0
  while position + 4 <= input.count {
    now += Int64(Int8(bitPattern: input[position + 1])) * 1_000_000_000
    let start = position + 4
    let end = min(start + Int(input[position + 3]), input.count)
    let captured = CapturedPacket(
      time: Timestamp(nanoseconds: now),
      linkType: LinkType(rawValue: linkTypes[Int(input[position]) % linkTypes.count]), interface: 0,
      length: UInt32(end - start + Int(input[position + 2])))
    let reason = decoder.decode(captured, input.extracting(start..<end), into: &packet)
    check(packet, reason, captured: end - start)
    position = end
  }
}

private func check(_ packet: DecodedPacket, _ reason: LossReason?, captured: Int) {
  guard reason == nil else { return }
  precondition(
    packet.payloadOffset >= 0 && packet.payloadCaptured >= 0, "no payload before the frame")
  precondition(
    packet.payloadOffset + packet.payloadCaptured <= captured, "the payload lies in the frame")
  precondition(packet.payloadCaptured <= packet.payloadLength, "no more is captured than there was")
  precondition(packet.payloadLength <= 65_535, "no payload exceeds an IP packet")
  precondition(packet.tunnel.tier <= 2, "two tunnels are opened")
  precondition((packet.tunnel.tier == 0) == (packet.tunnel.type == .none), "a tunnel has a type")
  precondition(
    [.tcp, .udp, .icmp, .icmpV6].contains(packet.transport), "only these have flows")
}

var count = CommandLine.argc
var arguments = unsafe CommandLine.unsafeArgv
let code = unsafe runDriver(&count, &arguments) { bytes, size in
  let input = unsafe UnsafeBufferPointer(start: bytes, count: size)
  unsafe replay(input.span)
  return 0
}
