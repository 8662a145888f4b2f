// SPDX-License-Identifier: Apache-2.0

import Telemetry
import Testing

@testable import Flows

// Frames are written as hexadecimal text; only the lengths that follow from what is inside are worked
// out here.

/// The bytes of hexadecimal digits; everything else in the text is decoration.
func hex(_ text: String) -> [UInt8] {
  let digits = text.compactMap(\.hexDigitValue)
  precondition(digits.count.isMultiple(of: 2), "a byte is two hexadecimal digits")
  return stride(from: 0, to: digits.count, by: 2).map {
    UInt8(digits[$0] * 16 + digits[$0 + 1])
  }
}

func bigEndian(_ value: Int) -> [UInt8] { [UInt8(value >> 8 & 0xff), UInt8(value & 0xff)] }

/// Fifteen bytes that a first segment or datagram may carry.
let hello = Array("GET / HTTP/1.1\n".utf8)

/// An Ethernet header from 02:00:00:00:00:01 to 02:00:00:00:00:02, with any tags in the type's text.
func ethernet(_ type: String, _ inside: [UInt8]) -> [UInt8] {
  hex("020000000002 020000000001" + type) + inside
}

/// An IPv4 header from 10.0.0.1 to 10.0.0.2.
///
/// - Parameter place: the flags and the fragment offset, four digits.
func ipv4(
  _ number: UInt8, _ inside: [UInt8], options: String = "", place: String = "4000",
  identification: String = "1234", total: Int? = nil, source: String = "0a000001"
) -> [UInt8] {
  let options = hex(options)
  let length = 20 + options.count
  return [0x40 | UInt8(length / 4), 0] + bigEndian(total ?? length + inside.count)
    + hex(identification + place + "40") + [number] + hex("0000" + source + "0a000002") + options
    + inside
}

/// An IPv6 header from 2001:db8::1 to 2001:db8::2.
func ipv6(_ next: UInt8, _ inside: [UInt8], payload: Int? = nil) -> [UInt8] {
  hex("60000000") + bigEndian(payload ?? inside.count) + [next]
    + hex("3f 20010db8000000000000000000000001 20010db8000000000000000000000002") + inside
}

/// A TCP header from port 54321 to 80 with PSH and ACK, sequence 0x01020304.
func tcp(_ payload: [UInt8], options: String = "0101080a aabbccdd 11223344") -> [UInt8] {
  let options = hex(options)
  return hex("d431 0050 01020304 05060708") + [UInt8(20 + options.count) << 2, 0x18]
    + hex("01f5 0000 0000") + options + payload
}

func udp(from source: Int = 54321, to port: Int, _ inside: [UInt8], length: Int? = nil) -> [UInt8] {
  bigEndian(source) + bigEndian(port) + bigEndian(length ?? 8 + inside.count) + hex("0000") + inside
}

/// The frame inside the tunnels of these tests: 10.244.0.1:54321 to 10.0.0.2:80.
let innerIP = ipv4(6, tcp(hello), source: "0af40001")
let innerFrame = hex("0a0000000002 0a0000000001 0800") + innerIP

/// What a decoder says of one frame.
struct Decoded {
  var packet = DecodedPacket()
  var reason: LossReason?
}

/// Decodes one frame, by itself or after others of the same decoder.
func decode(
  _ frame: [UInt8], _ linkType: LinkType = .ethernet, length: Int? = nil, milliseconds: Int64 = 1,
  with decoder: inout PacketDecoder
) -> Decoded {
  var decoded = Decoded()
  let captured = CapturedPacket(
    time: Timestamp(nanoseconds: milliseconds * 1_000_000), linkType: linkType, interface: 7,
    length: UInt32(length ?? frame.count))
  decoded.reason = decoder.decode(captured, frame.span, into: &decoded.packet)
  return decoded
}

func decode(
  _ frame: [UInt8], _ linkType: LinkType = .ethernet, length: Int? = nil
) -> Decoded {
  var decoder = PacketDecoder(limits: FragmentLimits())
  return decode(frame, linkType, length: length, with: &decoder)
}

/// Expects the segment that ``tcp(_:options:)`` writes, with ``hello``, at the end of the frame.
func expectHello(
  _ decoded: Decoded, from source: String = "10.0.0.1", to destination: String = "10.0.0.2",
  in frame: [UInt8], _ location: SourceLocation = #_sourceLocation
) {
  let packet = decoded.packet
  #expect(decoded.reason == nil, sourceLocation: location)
  #expect(packet.source == IPAddress(source), sourceLocation: location)
  #expect(packet.destination == IPAddress(destination), sourceLocation: location)
  #expect(packet.transport == .tcp, sourceLocation: location)
  #expect(packet.sourcePort == 54321 && packet.destinationPort == 80, sourceLocation: location)
  #expect(packet.sequence == 0x0102_0304, sourceLocation: location)
  #expect(packet.acknowledgement == 0x0506_0708, sourceLocation: location)
  #expect(packet.flags == [.psh, .ack], sourceLocation: location)
  #expect(packet.window == 0x1f5, sourceLocation: location)
  #expect(packet.options.timestampValue == 0xaabb_ccdd, sourceLocation: location)
  #expect(packet.options.timestampEcho == 0x1122_3344, sourceLocation: location)
  #expect(packet.payloadLength == hello.count, sourceLocation: location)
  #expect(packet.payloadCaptured == hello.count, sourceLocation: location)
  #expect(!packet.isPayloadCut, sourceLocation: location)
  let payload = frame[packet.payloadOffset..<packet.payloadOffset + packet.payloadCaptured]
  #expect(Array(payload) == hello, sourceLocation: location)
}
