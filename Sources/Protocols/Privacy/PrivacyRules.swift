// SPDX-License-Identifier: Apache-2.0

/// What of the users' data may be written into records.
///
/// One set for all protocols: it travels with the ``FieldBuffer`` that every text goes through, so that
/// no parser has one of its own. What is hidden is written as `?`.
package struct PrivacyRules: Hashable, Sendable {
  package enum URLValues: String, Hashable, Sendable, CaseIterable {
    /// No value of a query is shown; its keys are.
    case mask
    /// Those of keys that are named like secrets are not shown.
    case secrets
    /// All are shown. The user and password in front of a host are not, even so.
    case show
  }

  package var urlValues = URLValues.mask
  package var hidesSQLLiterals = true
  /// Passwords are hidden in any case.
  package var hidesRedisValues = true
  /// Names of secrets beside the built-in ones, in lower case, letters and digits alone.
  private(set) var addedNames: [[UInt8]] = []

  package init() {}

  /// Adds a name of secrets. `api-key`, `api_key` and `apiKey` are the same. False when it has neither
  /// letters nor digits, or more than ``FoldedName/limit`` of them.
  package mutating func add(secretName name: String) -> Bool {
    let bytes = Array(name.utf8)
    guard let folded = FoldedName(bytes.span, 0..<bytes.count), folded.count > 0 else {
      return false
    }
    addedNames.append(folded.array)
    return true
  }

  /// Whether a value that is called by the bytes at `range` is a secret. In a path, where names are
  /// those of resources, only the plainest count.
  func isSecret(_ bytes: Span<UInt8>, _ range: Range<Int>, inPath: Bool = false) -> Bool {
    guard !range.isEmpty else { return false }
    guard let name = FoldedName(bytes, range) else { return true }
    if name.contains(anyOf: Self.plainSecrets) { return true }
    if name.isOne(of: Self.shortSecrets) { return true }
    if !inPath {
      if name.contains(anyOf: Self.moreSecrets) || name.isOne(of: Self.moreShortSecrets)
        || name.ends(in: "key")
      {
        return true
      }
    }
    for added in addedNames where name.equals(added.span) { return true }
    return false
  }

  /// Parts of names that say it wherever they stand.
  private static let plainSecrets: [StaticString] = [
    "token", "password", "passwd", "passphrase", "secret", "apikey", "accesskey", "privatekey",
    "credential",
  ]
  private static let shortSecrets: [StaticString] = ["jwt", "key", "pwd"]
  private static let moreSecrets: [StaticString] = [
    "signature", "session", "cookie", "bearer", "authorization", "oauth", "cvv", "cvc", "iban",
    "creditcard", "cardnumber", "securitycode", "hmac", "assertion", "passcode", "verifier", "saml",
  ]
  private static let moreShortSecrets: [StaticString] = [
    "pass", "pw", "pin", "otp", "sid", "sig", "auth", "code", "state", "nonce", "ticket", "ssn",
  ]

  var hasNoAddedNames: Bool { addedNames.isEmpty }
}

/// A name without case, and without what is neither letter nor digit; `%74` counts as the letter it is.
struct FoldedName {
  static let limit = 64

  private var bytes = InlineArray<64, UInt8>(repeating: 0)
  private(set) var count = 0

  /// Nil when it is longer than ``limit``.
  init?(_ source: Span<UInt8>, _ range: Range<Int>) {
    var index = range.lowerBound
    while index < range.upperBound {
      var byte = source[index]
      index += 1
      if byte == UInt8(ascii: "%"), index + 2 <= range.upperBound,
        let high = Self.digit(source[index]), let low = Self.digit(source[index + 1])
      {
        byte = high << 4 | low
        index += 2
      }
      let lower = byte | 0x20
      let isLetter = lower &- 0x61 < 26 || byte >= 0x80
      guard isLetter || byte &- 0x30 < 10 else { continue }
      guard count < Self.limit else { return nil }
      bytes[count] = isLetter && byte < 0x80 ? lower : byte
      count += 1
    }
  }

  var array: [UInt8] { (0..<count).map { bytes[$0] } }

  func equals(_ other: Span<UInt8>) -> Bool {
    guard other.count == count else { return false }
    for index in 0..<count where bytes[index] != other[index] { return false }
    return true
  }

  func isOne(of words: [StaticString]) -> Bool {
    for word in words where word.utf8CodeUnitCount == count && matches(word, at: 0) { return true }
    return false
  }

  func contains(anyOf words: [StaticString]) -> Bool {
    for word in words where contains(word) { return true }
    return false
  }

  func ends(in word: StaticString) -> Bool {
    count >= word.utf8CodeUnitCount && matches(word, at: count - word.utf8CodeUnitCount)
  }

  private func contains(_ word: StaticString) -> Bool {
    var start = 0
    while start + word.utf8CodeUnitCount <= count {
      if matches(word, at: start) { return true }
      start += 1
    }
    return false
  }

  private func matches(_ word: StaticString, at start: Int) -> Bool {
    word.withUTF8Buffer { letters in
      for index in 0..<letters.count where bytes[start + index] != (unsafe letters[index]) {
        return false
      }
      return true
    }
  }

  private static func digit(_ byte: UInt8) -> UInt8? {
    switch byte {
    case 0x30...0x39: byte - 0x30
    case 0x41...0x46, 0x61...0x66: (byte | 0x20) - 0x57
    default: nil
    }
  }
}
