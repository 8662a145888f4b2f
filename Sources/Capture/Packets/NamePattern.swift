// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// An extended regular expression (POSIX) that whole names are held against.
@safe final class NamePattern {
  private let expression: UnsafeMutablePointer<regex_t>

  /// nil when `text` is no expression.
  init?(_ text: String) {
    let expression = UnsafeMutablePointer<regex_t>.allocate(capacity: 1)
    guard unsafe regcomp(expression, "^(\(text))$", REG_EXTENDED | REG_NOSUB) == 0 else {
      unsafe expression.deallocate()
      return nil
    }
    unsafe self.expression = unsafe expression
  }

  deinit {
    unsafe regfree(expression)
    unsafe expression.deallocate()
  }

  func matches(_ name: String) -> Bool {
    unsafe regexec(expression, name, 0, nil, 0) == 0
  }
}
