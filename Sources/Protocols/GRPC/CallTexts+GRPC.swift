// SPDX-License-Identifier: Apache-2.0

import Bytes
import Telemetry

extension CallTexts {
  /// Names the service as what is asked for, and its method as where, of a path `/service/method`; false
  /// when it is none.
  mutating func describeRPC(
    _ source: Span<UInt8>, at path: Range<Int>, _ attributes: inout Text,
    into fields: inout FieldBuffer
  ) -> Bool {
    guard !path.isEmpty, source[path.lowerBound] == slash,
      let second = source.firstIndex(of: slash, from: path.lowerBound + 1, to: path.upperBound),
      second > path.lowerBound + 1, second + 1 < path.upperBound
    else { return false }
    // They are names in a program, so no secrets.
    for index in path
    where !isNameByte(source[index]) && index != second && index != path.lowerBound {
      return false
    }
    endpoint = fields.append(source.clipped(path))
    let service = (path.lowerBound + 1)..<second
    requestResource = fields.append(source.clipped(service))
    fields.append(attribute: "rpc.service", source.clipped(service), to: &attributes)
    fields.append(
      attribute: "rpc.method", source.clipped(from: second + 1, to: path.upperBound),
      to: &attributes)
    return true
  }

  /// Says how a call of gRPC failed: its message, of which what it quotes is hidden, or else the status's
  /// name. `scratch` is where percent signs are taken out.
  mutating func describeFailure(
    _ status: GRPCStatus, _ source: Span<UInt8>, at message: Range<Int>, scratch: inout [UInt8],
    into fields: inout FieldBuffer
  ) {
    guard !status.isOK else { return }
    let count = decodePercent(source.clipped(message), into: &scratch)
    guard count == 0 else {
      return responseException = fields.append(errorText: scratch.span, at: 0..<count, .values)
    }
    if let name = status.name { responseException = fields.append(name) }
  }
}

private let slash = UInt8(ascii: "/")

private func isNameByte(_ byte: UInt8) -> Bool {
  (byte | 0x20) &- 0x61 < 26 || byte &- 0x30 < 10 || byte == UInt8(ascii: ".")
    || byte == UInt8(ascii: "_") || byte == UInt8(ascii: "-")
}

/// Writes `source` to the front of `room` without its percent encoding, as far as it goes.
private func decodePercent(_ source: Span<UInt8>, into room: inout [UInt8]) -> Int {
  var count = 0
  var index = 0
  while index < source.count, count < room.count {
    var byte = source[index]
    index += 1
    if byte == UInt8(ascii: "%"), index + 2 <= source.count, let high = digit(source[index]),
      let low = digit(source[index + 1])
    {
      byte = high << 4 | low
      index += 2
    }
    room[count] = byte
    count += 1
  }
  return count
}

private func digit(_ byte: UInt8) -> UInt8? {
  switch byte {
  case 0x30...0x39: byte - 0x30
  case 0x41...0x46, 0x61...0x66: (byte | 0x20) - 0x57
  default: nil
  }
}
