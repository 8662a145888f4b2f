// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// A call to the kernel that failed.
package struct SystemError: Error {
  /// The value of errno.
  package var code: CInt
  /// What was being done, as a person would say it: "reading the ring".
  package var during: StaticString

  package init(code: CInt, during: StaticString) {
    self.code = code
    self.during = during
  }

  /// The error that the last failed call of this thread left behind.
  static func last(_ during: StaticString) -> SystemError {
    SystemError(code: errno, during: during)
  }

  /// errno in words: "Operation not permitted".
  package static func text(of code: CInt) -> String {
    var bytes = [UInt8](repeating: 0, count: 128)
    let count = bytes.count
    let failed = unsafe bytes.withUnsafeMutableBytes { buffer in
      unsafe strerror_r(
        code, buffer.baseAddress!.assumingMemoryBound(to: CChar.self), count)
    }
    guard failed == 0 else { return "error \(code)" }
    return String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
  }
}

extension SystemError: CustomStringConvertible {
  package var description: String { "\(during): \(Self.text(of: code)) (errno \(code))" }
}
