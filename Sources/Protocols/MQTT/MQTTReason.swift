// SPDX-License-Identifier: Apache-2.0

import Telemetry

/// The codes by which one side says how it went: section 2.4, and 3.2.2.3 of version 3.1.1.
enum MQTTReason {
  /// Of CONNACK before version 5.
  static func olderName(_ code: UInt8) -> StaticString? {
    switch code {
    case 1: "unacceptable protocol version"
    case 2: "identifier rejected"
    case 3: "server unavailable"
    case 4: "bad user name or password"
    case 5: "not authorized"
    default: nil
    }
  }

  static func olderStatus(_ code: UInt8) -> ResponseStatus {
    code == 0 ? .ok : code == 3 ? .serverError : .clientError
  }

  static func name(_ code: UInt8) -> StaticString? {
    code >= 0x80 && Int(code) - 0x80 < names.count ? names[Int(code) - 0x80] : nil
  }

  /// Whose fault it is: the server's where it cannot, or will not any more.
  static func status(_ code: UInt8) -> ResponseStatus {
    switch code {
    case 0..<0x80: .ok
    case 0x80, 0x83, 0x88, 0x89, 0x8b, 0x98, 0x9c, 0x9d, 0xa0: .serverError
    default: .clientError
    }
  }

  /// From 0x80 on.
  private static let names: [StaticString] = [
    "unspecified error", "malformed packet", "protocol error", "implementation specific error",
    "unsupported protocol version", "client identifier not valid", "bad user name or password",
    "not authorized", "server unavailable", "server busy", "banned", "server shutting down",
    "bad authentication method", "keep alive timeout", "session taken over",
    "topic filter invalid", "topic name invalid", "packet identifier in use",
    "packet identifier not found", "receive maximum exceeded", "topic alias invalid",
    "packet too large", "message rate too high", "quota exceeded", "administrative action",
    "payload format invalid", "retain not supported", "QoS not supported", "use another server",
    "server moved", "shared subscriptions not supported", "connection rate exceeded",
    "maximum connect time", "subscription identifiers not supported",
    "wildcard subscriptions not supported",
  ]
}
