// SPDX-License-Identifier: Apache-2.0

import Telemetry

/// The codes of errors, section 9.
enum CassandraErrorCode {
  static func name(_ code: UInt32) -> StaticString? {
    switch code {
    case 0x0000: "SERVER_ERROR"
    case 0x000a: "PROTOCOL_ERROR"
    case 0x0100: "BAD_CREDENTIALS"
    case 0x1000: "UNAVAILABLE"
    case 0x1001: "OVERLOADED"
    case 0x1002: "IS_BOOTSTRAPPING"
    case 0x1003: "TRUNCATE_ERROR"
    case 0x1100: "WRITE_TIMEOUT"
    case 0x1200: "READ_TIMEOUT"
    case 0x1300: "READ_FAILURE"
    case 0x1400: "FUNCTION_FAILURE"
    case 0x1500: "WRITE_FAILURE"
    case 0x1600: "CDC_WRITE_FAILURE"
    case 0x1700: "CAS_WRITE_UNKNOWN"
    case 0x2000: "SYNTAX_ERROR"
    case 0x2100: "UNAUTHORIZED"
    case 0x2200: "INVALID"
    case 0x2300: "CONFIG_ERROR"
    case 0x2400: "ALREADY_EXISTS"
    case 0x2500: "UNPREPARED"
    default: nil
    }
  }

  /// Whose fault it is: what asks for something wrong has numbers from 0x2000 on.
  static func status(_ code: UInt32) -> ResponseStatus {
    code >= 0x2000 || code == 0x000a || code == 0x0100 || code == 0x1400
      ? .clientError : .serverError
  }
}
