// SPDX-License-Identifier: Apache-2.0

import Bytes
import Telemetry

/// What of an error may be shown. Its first word is a code; Redis' own texts quote what was sent, and
/// scripts may say anything.
enum RedisErrorText {
  /// Copies the text at `range` of `bytes`, which may end before the error does.
  static func append(
    _ bytes: Span<UInt8>, _ range: Range<Int>, isCut: Bool, into fields: inout FieldBuffer
  ) -> Text {
    guard fields.privacy.hidesRedisValues else { return fields.append(bytes.clipped(range)) }
    var wordEnd = range.lowerBound
    while wordEnd < range.upperBound, bytes[wordEnd] > 0x20 { wordEnd += 1 }
    let isKnown = codes.contains { RedisCommand.isSame(bytes, range.lowerBound..<wordEnd, $0) }
    guard isKnown else {
      let mark = fields.mark
      let isCode = isCode(bytes, range.lowerBound..<wordEnd)
      if isCode { fields.push(bytes.clipped(from: range.lowerBound, to: wordEnd)) }
      if wordEnd < range.upperBound || !isCode { fields.push(isCode ? " ?" : "?") }
      return fields.finish(from: mark)
    }
    guard let script = scriptText(bytes, range) else {
      return fields.append(errorText: bytes, at: range, .values, isCut: isCut)
    }
    let mark = fields.mark
    fields.push(bytes.clipped(from: range.lowerBound, to: script))
    fields.push(" ?")
    return fields.finish(from: mark)
  }

  /// Upper-case letters, as all codes are.
  private static func isCode(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Bool {
    guard range.count >= 2, range.count <= 16 else { return false }
    for index in range where bytes[index] &- 0x41 >= 26 && bytes[index] != 0x2d { return false }
    return true
  }

  /// Where the text begins that a script gave: behind the first colon of an error that speaks of one.
  private static func scriptText(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Int? {
    var speaksOfOne = false
    for index in range where bytes[index] == 0x73 || bytes[index] == 0x40 || bytes[index] == 0x66 {
      if (bytes.hasPrefix("script", at: index) && index + 6 <= range.upperBound)
        || (bytes.hasPrefix("function", at: index) && index + 8 <= range.upperBound)
        || (bytes.hasPrefix("@user_", at: index) && index + 6 <= range.upperBound)
      {
        speaksOfOne = true
      }
    }
    guard speaksOfOne else { return nil }
    for index in range where bytes[index] == 0x3a { return index + 1 }
    return nil
  }

  /// Those of the server and its cluster.
  private static let codes: [StaticString] = [
    "ERR", "WRONGTYPE", "NOAUTH", "WRONGPASS", "NOPERM", "MOVED", "ASK", "TRYAGAIN", "CLUSTERDOWN",
    "CROSSSLOT", "LOADING", "BUSY", "NOSCRIPT", "READONLY", "OOM", "EXECABORT", "MASTERDOWN",
    "MISCONF", "NOREPLICAS", "BUSYGROUP", "NOGROUP", "NOTBUSY", "UNKILLABLE", "INPROG",
    "NOGOODSLAVE", "NOPROTO", "IOERR", "BUSYKEY", "UNBLOCKED", "NOMASTERLINK", "DENIED",
    "NOTREADY", "INVALIDOBJ", "NOQUORUM", "STALE", "NOSUB", "NOADDR", "REDIRECT", "VERSION",
  ]
}
