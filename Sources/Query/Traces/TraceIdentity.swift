// SPDX-License-Identifier: Apache-2.0

/// Ids of traces and spans as other tools want them: 16 and 8 bytes, in hexadecimal.
///
/// A trace that carries an id of such a form has that one. Any other is named by its first call: eight
/// fixed bytes, then the number of that call's row. A call's span is named by its row's number. So an
/// id stays the same for as long as the rows are stored, and says where to begin to look.
package enum TraceIdentity {
  /// "metaflow".
  private static let prefix = "6d657461666c6f77"
  private static let digits = 32

  /// Of a trace that carries none.
  package static func made(_ record: UInt64) -> String { prefix + span(record) }

  /// The id of the span of a call.
  package static func span(_ record: UInt64) -> String {
    let digits = String(record, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }

  /// The row that an id of ``made(_:)`` names; nil for any other id.
  package static func record(_ id: String) -> UInt64? {
    let id = id.lowercased()
    guard id.utf8.count == digits, id.hasPrefix(prefix) else { return nil }
    return UInt64(id.dropFirst(prefix.count), radix: 16)
  }

  /// An id that a call carries, as 32 digits; nil where it is no number of 16 bytes that is not zero.
  static func padded(_ id: String) -> String? {
    let bytes = id.utf8
    let isHexadecimal = bytes.allSatisfy { byte in
      switch byte {
      case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"),
        UInt8(ascii: "A")...UInt8(ascii: "F"):
        true
      default: false
      }
    }
    // Shorter ones are numbers that mean something else.
    guard isHexadecimal, (16...digits).contains(bytes.count),
      bytes.contains(where: { $0 != UInt8(ascii: "0") })
    else { return nil }
    return String(repeating: "0", count: digits - bytes.count) + id.lowercased()
  }

  /// What a trace's id may be in the rows: as it is, in other case, or without zeros in front.
  package static func seeds(_ id: String) -> [TraceSeed] {
    if let record = record(id) { return [.record(record), .trace(id)] }
    var all = [id]
    let lower = id.lowercased()
    if lower != id { all.append(lower) }
    if lower.utf8.count == digits, lower.hasPrefix(String(repeating: "0", count: 16)) {
      all.append(String(lower.dropFirst(16)))
    }
    let bare = String(lower.drop { $0 == "0" })
    if !bare.isEmpty, !all.contains(bare) { all.append(bare) }
    return all.map { .trace($0) }
  }
}

extension Trace {
  /// 32 digits that name it: what it carries, or what follows from its first call.
  package var identity: String {
    let carried = calls.lazy.map(\.trace).first { !$0.isEmpty }
    if let carried, let padded = TraceIdentity.padded(carried) { return padded }
    return TraceIdentity.made(calls.first?.id ?? 0)
  }
}
