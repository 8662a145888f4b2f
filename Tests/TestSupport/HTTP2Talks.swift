// SPDX-License-Identifier: Apache-2.0

import Protocols

/// Frames of HTTP/2 (RFC 9113), put together by hand; header blocks need nothing that was said before
/// unless a test asks for it.
package enum HTTP2Talks {
  package static let preface = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)

  /// What a connection begins with: the client's, and the server's.
  package static let opening = Talk(.client, bytes: preface + settings())
  package static let welcome = Talk(.server, bytes: settings() + frame(4, flags: 1))

  package static func frame(
    _ type: UInt8, flags: UInt8 = 0, stream: UInt32 = 0, _ body: [UInt8] = []
  ) -> [UInt8] {
    let length = [16, 8, 0].map { UInt8(truncatingIfNeeded: body.count >> $0) }
    let id = [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: stream >> $0) }
    return length + [type, flags] + id + body
  }

  /// Settings of the window, and of the streams that may be open.
  package static func settings() -> [UInt8] {
    frame(4, [0, 3, 0, 0, 0, 100, 0, 4, 0, 0, 0xff, 0xff])
  }

  /// A number in the form of RFC 7541 section 5.1 behind the bits of `first`.
  package static func number(_ value: Int, bits: UInt8, first: UInt8 = 0) -> [UInt8] {
    let most = 1 << Int(bits) - 1
    guard value >= most else { return [first | UInt8(value)] }
    var bytes = [first | UInt8(most)]
    var rest = value - most
    while rest >= 128 {
      bytes.append(UInt8(rest & 0x7f) | 0x80)
      rest >>= 7
    }
    return bytes + [UInt8(rest)]
  }

  /// A field whose name and value are spelled out, and which is added to the table if it `isAdded`.
  package static func field(_ name: String, _ value: String, isAdded: Bool = false) -> [UInt8] {
    [isAdded ? 0x40 : 0] + text(name) + text(value)
  }

  private static func text(_ text: String) -> [UInt8] {
    number(text.utf8.count, bits: 7) + Array(text.utf8)
  }

  /// The block of a request: method, scheme, path and authority, and what else there is.
  package static func requestFields(
    _ method: String = "GET", _ path: String, _ others: [(String, String)] = [],
    authority: String = "a"
  ) -> [UInt8] {
    let first = method == "GET" ? [0x82] : method == "POST" ? [0x83] : field(":method", method)
    return first + [0x86] + field(":path", path) + field(":authority", authority)
      + others.flatMap { field($0.0, $0.1) }
  }

  /// A request in HEADERS and, where it is long, CONTINUATION frames.
  package static func request(
    _ stream: UInt32, _ method: String = "GET", _ path: String = "/a",
    _ others: [(String, String)] = [], goesOn: Bool = false
  ) -> [UInt8] {
    headers(stream, requestFields(method, path, others), goesOn: goesOn)
  }

  package static func response(
    _ stream: UInt32, _ status: Int = 200, _ others: [(String, String)] = [], goesOn: Bool = false
  ) -> [UInt8] {
    let first = status == 200 ? [0x88] : [0x08, 0x03] + Array("\(status)".utf8)
    return headers(stream, first + others.flatMap { field($0.0, $0.1) }, goesOn: goesOn)
  }

  /// Behind a body.
  package static func trailers(_ stream: UInt32, _ fields: [(String, String)]) -> [UInt8] {
    headers(stream, fields.flatMap { field($0.0, $0.1) }, goesOn: false)
  }

  /// A block in frames of `size` bytes at most.
  package static func headers(
    _ stream: UInt32, _ block: [UInt8], goesOn: Bool, size: Int = 16_384
  ) -> [UInt8] {
    let pieces = stride(from: 0, to: max(1, block.count), by: size).map {
      Array(block[$0..<min($0 + size, block.count)])
    }
    return pieces.enumerated().flatMap { index, piece in
      let isLast: UInt8 = index == pieces.count - 1 ? 4 : 0
      let ends: UInt8 = index == 0 && !goesOn ? 1 : 0
      return frame(index == 0 ? 1 : 9, flags: isLast | ends, stream: stream, piece)
    }
  }

  /// A body in DATA frames.
  package static func data(
    _ stream: UInt32, _ body: [UInt8], goesOn: Bool = false, size: Int = 16_384
  ) -> [UInt8] {
    stride(from: 0, to: max(1, body.count), by: size).flatMap {
      let piece = Array(body[$0..<min($0 + size, body.count)])
      let isLast = $0 + size >= body.count
      return frame(0, flags: isLast && !goesOn ? 1 : 0, stream: stream, piece)
    }
  }

  /// RST_STREAM.
  package static func reset(_ stream: UInt32, _ code: UInt8) -> [UInt8] {
    frame(3, stream: stream, [0, 0, 0, code])
  }
}
