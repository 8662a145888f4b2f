// SPDX-License-Identifier: Apache-2.0

internal import Storage

extension Value {
  /// A number that is not below zero; else 0.
  var number: UInt64 {
    switch self {
    case .int(let number): UInt64(clamping: number)
    case .uint(let number): number
    default: 0
    }
  }

  /// Nil for what is no text.
  var string: String? {
    if case .string(let text) = self { text } else { nil }
  }
}
