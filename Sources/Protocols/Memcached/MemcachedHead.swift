// SPDX-License-Identifier: Apache-2.0

import Bytes
import Telemetry

/// The 24 bytes in front of each message of the binary protocol
/// (https://docs.memcached.org/protocols/binary/#packet-structure).
struct MemcachedHead {
  static let size = 24

  let isRequest: Bool
  let operation: UInt8
  let keyCount: Int
  let extrasCount: Int
  let dataType: UInt8
  /// Of responses; a request has the number of a bucket there.
  let status: UInt16
  let bodyCount: Int
  let opaque: UInt32

  /// Nil when the view ends in it.
  init?(_ bytes: Span<UInt8>) {
    guard bytes.count >= Self.size else { return nil }
    isRequest = bytes[0] == 0x80
    operation = bytes[1]
    keyCount = Int(bytes[2]) << 8 | Int(bytes[3])
    extrasCount = Int(bytes[4])
    dataType = bytes[5]
    status = UInt16(bytes[6]) << 8 | UInt16(bytes[7])
    bodyCount = Int(bytes.bigEndian32(at: 8))
    opaque = bytes.bigEndian32(at: 12)
  }

  /// Whether the lengths fit together, and the operation.
  var isPlausible: Bool {
    guard let known = Self.operations[Int(operation) & 0x3f], operation < 0x40, dataType == 0,
      keyCount + extrasCount <= bodyCount, keyCount <= 250, bodyCount <= 1 << 30
    else { return false }
    guard isRequest else {
      return Self.name(ofStatus: status) != nil && (status == 0 || extrasCount == 0)
    }
    // When to flush need not be said.
    let isFlush = operation == 0x08 || operation == 0x18
    return extrasCount == known.extras || isFlush && extrasCount == 0
  }

  static func isKnown(_ operation: UInt8) -> Bool {
    operation < 0x40 && operations[Int(operation)] != nil
  }

  var name: StaticString? {
    operation < 0x40 ? Self.operations[Int(operation)].map(\.label) : nil
  }

  /// Whether nobody answers when all goes well, or nothing is found.
  var isQuiet: Bool { operation < 0x40 && Self.operations[Int(operation)]?.isQuiet == true }

  /// Whether its answer comes in several messages, the last without a key.
  var isStatistic: Bool { operation == 0x10 }

  private struct Operation {
    var label: StaticString
    /// Bytes of extras of a request.
    var extras: Int
    var isQuiet = false
  }

  private static let operations: [Operation?] = {
    var table = [Operation?](repeating: nil, count: 64)
    let loud: [(Int, StaticString, Int)] = [
      (0x00, "Get", 0), (0x01, "Set", 8), (0x02, "Add", 8), (0x03, "Replace", 8),
      (0x04, "Delete", 0), (0x05, "Increment", 20), (0x06, "Decrement", 20), (0x07, "Quit", 0),
      (0x08, "Flush", 4), (0x0a, "NoOp", 0), (0x0b, "Version", 0), (0x0c, "GetK", 0),
      (0x0e, "Append", 0), (0x0f, "Prepend", 0), (0x10, "Stat", 0), (0x1b, "Verbosity", 4),
      (0x1c, "Touch", 4), (0x1d, "GAT", 4), (0x20, "SASL List", 0), (0x21, "SASL Auth", 0),
      (0x22, "SASL Step", 0), (0x23, "GATK", 4),
    ]
    let quiet: [(Int, StaticString, Int)] = [
      (0x09, "GetQ", 0), (0x0d, "GetKQ", 0), (0x11, "SetQ", 8), (0x12, "AddQ", 8),
      (0x13, "ReplaceQ", 8), (0x14, "DeleteQ", 0), (0x15, "IncrementQ", 20),
      (0x16, "DecrementQ", 20), (0x17, "QuitQ", 0), (0x18, "FlushQ", 4), (0x19, "AppendQ", 0),
      (0x1a, "PrependQ", 0), (0x1e, "GATQ", 4), (0x24, "GATKQ", 4),
    ]
    for (number, label, extras) in loud { table[number] = Operation(label: label, extras: extras) }
    for (number, label, extras) in quiet {
      table[number] = Operation(label: label, extras: extras, isQuiet: true)
    }
    return table
  }()

  /// https://docs.memcached.org/protocols/binary/#response-status
  static func name(ofStatus status: UInt16) -> StaticString? {
    switch status {
    case 0: "NO_ERROR"
    case 1: "KEY_NOT_FOUND"
    case 2: "KEY_EXISTS"
    case 3: "VALUE_TOO_LARGE"
    case 4: "INVALID_ARGUMENTS"
    case 5: "NOT_STORED"
    case 6: "NON_NUMERIC_VALUE"
    case 7: "WRONG_VBUCKET"
    case 8, 0x20: "AUTHENTICATION_ERROR"
    case 9, 0x21: "AUTHENTICATION_CONTINUE"
    case 0x81: "UNKNOWN_COMMAND"
    case 0x82: "OUT_OF_MEMORY"
    case 0x83: "NOT_SUPPORTED"
    case 0x84: "INTERNAL_ERROR"
    case 0x85: "BUSY"
    case 0x86: "TEMPORARY_FAILURE"
    default: nil
    }
  }

  /// Whose fault it is: what is not there, or was there already, is an answer.
  static func `class`(ofStatus status: UInt16) -> ResponseStatus {
    switch status {
    case 0, 1, 2, 5, 9, 0x21: .ok
    case 3, 4, 6, 7, 8, 0x20, 0x81: .clientError
    default: .serverError
    }
  }
}
