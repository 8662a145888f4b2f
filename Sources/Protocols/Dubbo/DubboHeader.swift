// SPDX-License-Identifier: Apache-2.0

import Bytes
import Telemetry

/// The 16 bytes before each body: magic, flags, status, id, length.
/// https://cn.dubbo.apache.org/en/overview/reference/protocols/tcp/
struct DubboHeader {
  static let size = 16
  /// Servers take 8 MiB unless they are told otherwise.
  static let longestBody = 1 << 28

  let flags: UInt8
  let status: UInt8
  let id: UInt64
  let length: Int

  /// Nil when there are not enough bytes.
  init?(_ bytes: Span<UInt8>) {
    guard bytes.count >= Self.size else { return nil }
    flags = bytes[2]
    status = bytes[3]
    id = UInt64(bytes.bigEndian32(at: 4)) << 32 | UInt64(bytes.bigEndian32(at: 8))
    length = Int(bytes.bigEndian32(at: 12))
  }

  var isRequest: Bool { flags & 0x80 != 0 }
  var isTwoWay: Bool { flags & 0x40 != 0 }
  /// A heartbeat, or a server that says that it will take no more.
  var isEvent: Bool { flags & 0x20 != 0 }
  var serialization: DubboSerialization { DubboSerialization(rawValue: flags & 0x1f) }

  /// Whether the first bytes, as far as there are any, are those of a header.
  static func isPossible(_ bytes: Span<UInt8>) -> Bool {
    if bytes.count > 0, bytes[0] != 0xda { return false }
    if bytes.count > 1, bytes[1] != 0xbb { return false }
    if bytes.count > 2, DubboSerialization(rawValue: bytes[2] & 0x1f).name == nil { return false }
    if bytes.count > 3 {
      let isRequest = bytes[2] & 0x80 != 0
      if isRequest ? bytes[3] != 0 : !statuses.contains(bytes[3]) { return false }
    }
    return bytes.count <= 12 || bytes[12] < UInt8(longestBody >> 24)
  }

  private static let statuses = ByteSet([20, 25, 30, 31, 35, 40, 50, 60, 70, 80, 90, 100])

  /// Whose fault a status is.
  var blame: ResponseStatus {
    switch status {
    case 20: .ok
    case 30, 40, 90: .clientError
    default: .serverError
    }
  }

  /// Whether the text that comes with the status is Dubbo's own, and not that of the users' code.
  var hasOwnText: Bool { [31, 35, 40, 60, 100].contains(status) }
}

/// How a body is written, as its flags say: `org.apache.dubbo.common.serialize.Constants`.
struct DubboSerialization: Hashable {
  var rawValue: UInt8

  /// As it is written in settings; nil for none that there is.
  var name: StaticString? {
    switch rawValue {
    case 1: "dubbo"
    case 2: "hessian2"
    case 3: "java"
    case 4: "compactedjava"
    case 6: "fastjson"
    case 7: "nativejava"
    case 8: "kryo"
    case 9: "fst"
    case 10: "native-hessian"
    case 11: "avro"
    case 12: "protostuff"
    case 16: "gson"
    case 21: "protobuf-json"
    case 22: "protobuf"
    case 23: "fastjson2"
    case 25: "kryo2"
    case 31: "msgpack"
    default: nil
    }
  }
}
