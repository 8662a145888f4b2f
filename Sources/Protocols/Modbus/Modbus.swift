// SPDX-License-Identifier: Apache-2.0

import Bytes
package import Telemetry

/// Modbus over TCP (Modbus Messaging on TCP/IP Implementation Guide 1.0b, section 3.1.3; the functions are those
/// of the Application Protocol Specification 1.1b3). It says little of itself, so it is looked for on its own port alone.
package struct Modbus: ProtocolKind {
  package let descriptor = ProtocolDescriptor(
    number: ApplicationProtocol(rawValue: 218), name: "Modbus", pairing: .identifier,
    timeoutSeconds: 30, defaultPorts: [502], onlyDefaultPorts: true, sureness: 120)

  package init() {}

  package func makeParser(_ context: ConversationContext) -> any ProtocolParser { ModbusParser() }

  /// Behind an id a zero of two bytes, and a length that one byte holds.
  package func openings(on transport: TransportProtocol) -> Openings {
    Openings().with(ByteSet([0]), at: 2).with(ByteSet([0]), at: 3).with(ByteSet([0]), at: 4)
  }

  package func recognize(
    _ bytes: Span<UInt8>, context: RecognitionContext
  ) -> Recognition {
    guard context.transport == .tcp, descriptor.defaultPorts.contains(context.serverPort),
      ModbusFrame.isPossible(bytes)
    else { return .no }
    guard let frame = ModbusFrame(bytes) else {
      return bytes.count < ModbusFrame.size ? .undecided : .no
    }
    return .yes(sentBy: context.side ?? (frame.isFailure ? .server : nil))
  }
}

/// The head of a message, and its function.
struct ModbusFrame {
  static let size = 8

  let id: UInt16
  let length: Int
  let unit: UInt8
  let function: UInt8
  let isFailure: Bool

  /// Nil when there are too few bytes, or it is none.
  init?(_ bytes: Span<UInt8>) {
    guard bytes.count >= Self.size, Self.isPossible(bytes) else { return nil }
    id = UInt16(bytes[0]) << 8 | UInt16(bytes[1])
    length = 6 + Int(bytes[5])
    unit = bytes[6]
    isFailure = bytes[7] & 0x80 != 0
    function = bytes[7] & 0x7f
    guard Self.name(function) != nil, !isFailure || length == 9 else { return nil }
  }

  static func isPossible(_ bytes: Span<UInt8>) -> Bool {
    for index in 2..<min(5, max(2, bytes.count)) where bytes[index] != 0 { return false }
    if bytes.count > 5 { guard (2...254).contains(bytes[5]) else { return false } }
    return bytes.count <= 7 || name(bytes[7] & 0x7f) != nil
  }

  static func name(_ function: UInt8) -> StaticString? {
    switch function {
    case 1: "Read Coils"
    case 2: "Read Discrete Inputs"
    case 3: "Read Holding Registers"
    case 4: "Read Input Registers"
    case 5: "Write Single Coil"
    case 6: "Write Single Register"
    case 7: "Read Exception Status"
    case 8: "Diagnostics"
    case 11: "Get Comm Event Counter"
    case 12: "Get Comm Event Log"
    case 15: "Write Multiple Coils"
    case 16: "Write Multiple Registers"
    case 17: "Report Server ID"
    case 20: "Read File Record"
    case 21: "Write File Record"
    case 22: "Mask Write Register"
    case 23: "Read/Write Multiple Registers"
    case 24: "Read FIFO Queue"
    case 43: "Encapsulated Interface Transport"
    default: nil
    }
  }
}

/// Reads Modbus: each function is a request, found again by its id. The domain is the unit, the resource where
/// what is read or written begins; no values are told.
struct ModbusParser: ProtocolParser {
  package mutating func nextMessage(
    in view: borrowing StreamView, from side: Side, on desk: inout Desk
  ) throws(ParseError) -> ParseStep {
    let bytes = view.bytes
    guard ModbusFrame.isPossible(bytes) else { throw ParseError(at: 0, expected: "a message") }
    let wanted = bytes.count < ModbusFrame.size ? ModbusFrame.size : min(6 + Int(bytes[5]), 12)
    guard bytes.count >= wanted || view.isFinal && bytes.count >= ModbusFrame.size else {
      return view.isFinal ? .skip(bytes.count) : .needMore(atLeast: wanted)
    }
    guard let frame = ModbusFrame(bytes) else {
      throw ParseError(at: 7, expected: "a function")
    }
    desk.message = Message(side == .client ? .request : .response)
    desk.message.exchange = UInt64(frame.id)
    desk.message.requestID = UInt64(frame.id)
    desk.message.length = Int64(frame.length)
    if side == .client {
      describe(frame, bytes, on: &desk)
    } else {
      answer(frame, bytes, on: &desk)
    }
    return .message(.bytes(frame.length))
  }

  private func describe(_ frame: ModbusFrame, _ bytes: Span<UInt8>, on desk: inout Desk) {
    guard let name = ModbusFrame.name(frame.function) else { return }
    desk.message.texts.requestType = desk.fields.append(name)
    desk.message.texts.endpoint = desk.message.texts.requestType
    let domain = desk.fields.mark
    desk.fields.push(decimal: UInt64(frame.unit))
    desk.message.texts.requestDomain = desk.fields.finish(from: domain)
    let hasPlace = [1, 2, 3, 4, 5, 6, 15, 16, 22, 23, 24].contains(frame.function)
    guard hasPlace, frame.length >= 10, bytes.count >= 10 else { return }
    let resource = desk.fields.mark
    desk.fields.push(decimal: UInt64(bytes[8]) << 8 | UInt64(bytes[9]))
    desk.message.texts.requestResource = desk.fields.finish(from: resource)
  }

  /// Section 7 of the specification.
  private func answer(_ frame: ModbusFrame, _ bytes: Span<UInt8>, on desk: inout Desk) {
    guard frame.isFailure, bytes.count > 8 else {
      desk.message.code = 0
      return
    }
    let code = bytes[8]
    desk.message.code = Int32(code)
    desk.message.status = (1...3).contains(code) ? .clientError : .serverError
    let name: StaticString =
      switch code {
      case 1: "ILLEGAL FUNCTION"
      case 2: "ILLEGAL DATA ADDRESS"
      case 3: "ILLEGAL DATA VALUE"
      case 4: "SERVER DEVICE FAILURE"
      case 5: "ACKNOWLEDGE"
      case 6: "SERVER DEVICE BUSY"
      case 8: "MEMORY PARITY ERROR"
      case 10: "GATEWAY PATH UNAVAILABLE"
      case 11: "GATEWAY TARGET DEVICE FAILED TO RESPOND"
      default: "EXCEPTION"
      }
    desk.message.texts.responseException = desk.fields.append(name)
  }
}
