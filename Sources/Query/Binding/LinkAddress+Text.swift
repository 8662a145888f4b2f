// SPDX-License-Identifier: Apache-2.0

internal import Telemetry

extension LinkAddress {
  /// Reads `02:42:ac:11:00:02`, also with hyphens and in capitals.
  init?(text: String) {
    let parts = text.split(omittingEmptySubsequences: false) { $0 == ":" || $0 == "-" }
    guard parts.count == 6 else { return nil }
    var value: UInt64 = 0
    for part in parts {
      guard part.utf8.count == 2, part.utf8.allSatisfy({ $0 != UInt8(ascii: "+") }),
        let byte = UInt8(part, radix: 16)
      else { return nil }
      value = value << 8 | UInt64(byte)
    }
    self.init(value)
  }
}
