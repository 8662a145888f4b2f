// SPDX-License-Identifier: Apache-2.0

import Bytes

/// The head of a frame, RFC 9113 section 4.1.
struct HTTP2Frame {
  static let headSize = 9
  /// What a client says first, section 3.4.
  static let preface: StaticString = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

  /// Section 6.
  enum Kind: UInt8 {
    case data = 0
    case headers = 1
    case priority = 2
    case reset = 3
    case settings = 4
    case pushPromise = 5
    case ping = 6
    case goAway = 7
    case windowUpdate = 8
    case continuation = 9
  }

  var length: Int
  var type: UInt8
  var flags: UInt8
  var stream: UInt32

  /// Reads the nine bytes at `offset`, which must be there.
  @inline(__always)
  init(_ bytes: Span<UInt8>, at offset: Int) {
    let word = bytes.word(at: offset).byteSwapped
    length = Int(truncatingIfNeeded: word >> 40)
    type = UInt8(truncatingIfNeeded: word >> 32)
    flags = UInt8(truncatingIfNeeded: word >> 24)
    // The first bit means nothing.
    stream = UInt32(truncatingIfNeeded: word << 8) & 0x7fff_ff00 | UInt32(bytes[offset + 8])
  }

  @inline(__always)
  var kind: Kind? { Kind(rawValue: type) }

  /// Bytes with the head.
  var total: Int { Self.headSize + length }

  var endsStream: Bool { flags & 0x1 != 0 }
  var endsHeaders: Bool { flags & 0x4 != 0 }
  var isPadded: Bool { flags & 0x8 != 0 }
  var hasPriority: Bool { flags & 0x20 != 0 }
  var isOfClient: Bool { stream & 1 != 0 }

  /// What it should be and is not; nil for a frame that may be.
  var fault: StaticString? {
    switch kind {
    case .data, .headers, .continuation:
      return stream == 0 ? "a stream" : nil
    case .priority: return stream == 0 || length != 5 ? "five bytes of a stream's priority" : nil
    case .reset: return stream == 0 || length != 4 ? "four bytes of a stream's error" : nil
    case .settings:
      let isRight = stream == 0 && length % 6 == 0 && (!endsStream || length == 0)
      return isRight ? nil : "settings of the connection"
    case .pushPromise: return stream == 0 || length < 4 ? "the promise of a stream" : nil
    case .ping: return stream != 0 || length != 8 ? "eight bytes of a ping" : nil
    case .goAway: return stream != 0 || length < 8 ? "a last stream and an error" : nil
    case .windowUpdate: return length != 4 ? "four bytes of a window" : nil
    case nil: return length > Self.longestUnknown ? "a frame of a known type" : nil
    }
  }

  /// Frames of types that nobody here knows are passed over, up to this size.
  private static let longestUnknown = 1 << 20
}

/// Why a stream or a connection ends, RFC 9113 section 7.
struct HTTP2ErrorCode {
  var number: UInt32

  var name: StaticString? {
    switch number {
    case 0: "NO_ERROR"
    case 1: "PROTOCOL_ERROR"
    case 2: "INTERNAL_ERROR"
    case 3: "FLOW_CONTROL_ERROR"
    case 4: "SETTINGS_TIMEOUT"
    case 5: "STREAM_CLOSED"
    case 6: "FRAME_SIZE_ERROR"
    case 7: "REFUSED_STREAM"
    case 8: "CANCEL"
    case 9: "COMPRESSION_ERROR"
    case 10: "CONNECT_ERROR"
    case 11: "ENHANCE_YOUR_CALM"
    case 12: "INADEQUATE_SECURITY"
    case 13: "HTTP_1_1_REQUIRED"
    default: nil
    }
  }

  /// Whether it says that the other side did something wrong.
  var blamesPeer: Bool {
    switch number {
    case 1, 3, 4, 5, 6, 9, 11, 12, 13: true
    default: false
    }
  }
}
