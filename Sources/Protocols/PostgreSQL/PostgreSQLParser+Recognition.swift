// SPDX-License-Identifier: Apache-2.0

import Telemetry

extension PostgreSQLParser {
  package static func recognize(
    _ bytes: Span<UInt8>, context: RecognitionContext
  ) -> Recognition {
    guard context.transport == .tcp, bytes.count > 0 else { return .no }
    if context.side == .server { return answer(bytes) }
    if bytes[0] == 0 { return startup(bytes) }
    guard isFrontendType(bytes[0]) else { return context.side == nil ? answer(bytes) : .no }
    guard bytes.count >= 5 else { return .undecided }
    let length = Int(bytes.bigEndian32(at: 1)) + 1
    guard length >= 5, length <= longestMessage else { return .no }
    switch bytes[0] {
    case 0x51:  // Q
      let isExact = length == bytes.count || (context.isTruncated && length > bytes.count)
      guard length >= bytes.count else { return .no }
      return statement(bytes, from: 5, isExact: isExact, length: length)
    case 0x50:  // P
      guard let nameEnd = bytes.position(of: 0, from: 5) else {
        return bytes.count < min(length, 70) ? .undecided : .no
      }
      if length < bytes.count, !isFrontendType(bytes[length]) { return .no }
      return statement(bytes, from: nameEnd + 1, isExact: true, length: length)
    case 0x42: return chain(bytes, context)
    default: return .no
    }
  }

  private static func startup(_ bytes: Span<UInt8>) -> Recognition {
    guard bytes.count >= 8 else {
      return bytes.count < 2 || bytes[1] == 0 ? .undecided : .no
    }
    let length = Int(bytes.bigEndian32(at: 0))
    switch bytes.bigEndian32(at: 4) {
    case tlsCode, gssCode: return length == 8 ? .yes(sentBy: .client) : .no
    case cancelCode: return length >= 16 && length <= 268 ? .yes(sentBy: .client) : .no
    case let version where version >> 16 == 3 && version & 0xffff < 0x100:
      guard length >= 14, length <= 10_000, length >= bytes.count else { return .no }
      guard bytes.count >= min(length, 13) else { return .undecided }
      let letter = bytes[8] | 0x20
      return letter >= 0x61 && letter <= 0x7a ? .yes(sentBy: .client) : .no
    default: return .no
    }
  }

  private static func statement(
    _ bytes: Span<UInt8>, from start: Int, isExact: Bool, length: Int
  ) -> Recognition {
    let end = min(bytes.count, length)
    guard start <= end else { return .no }
    switch SQLText.beginsStatement(bytes.extracting(start..<end), dialect: .postgreSQL) {
    case true?: return isExact ? .yes(sentBy: .client) : .undecided
    case false?: return .no
    case nil: return bytes.count < length && end - start < 64 ? .undecided : .no
    }
  }

  /// A statement that was prepared before we looked: Bind, Execute, Sync and nothing left over.
  private static func chain(
    _ bytes: Span<UInt8>, _ context: RecognitionContext
  ) -> Recognition {
    var index = 0
    var hasExecute = false
    while index + 5 <= bytes.count {
      let type = bytes[index]
      let length = Int(bytes.bigEndian32(at: index + 1)) + 1
      guard isFrontendType(type), length >= 5, length <= longestMessage else { return .no }
      if type == 0x45 { hasExecute = true }
      index += length
    }
    guard index == bytes.count else {
      guard index > bytes.count else { return .undecided }
      return context.isTruncated && !descriptor.defaultPorts.contains(context.serverPort)
        ? .no : .undecided
    }
    return hasExecute ? .yes(sentBy: .client) : .undecided
  }

  /// An answer seen first: the client's next message will tell.
  private static func answer(_ bytes: Span<UInt8>) -> Recognition {
    var index = 0
    while index + 5 <= bytes.count {
      let length = Int(bytes.bigEndian32(at: index + 1)) + 1
      guard isBackendType(bytes[index]), length >= 5, length <= 1 << 24 else { return .no }
      index += length
    }
    return index < bytes.count && !isBackendType(bytes[index]) ? .no : .undecided
  }
}
