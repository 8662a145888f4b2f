// SPDX-License-Identifier: Apache-2.0

import Telemetry

/// Who is spoken to, as `Host` and `Origin` name it (RFC 9110 section 7.2, RFC 3986 section 3.2).
///
/// Two spellings of one host are equal: names in lower case without the dot at their end, addresses
/// in their shortest form, IPv4 without the `::ffff:` it may be mapped with.
struct Authority: Hashable {
  let host: String
  /// Nil where none is written.
  let port: Int?

  /// Nil when `text` is no host with an optional port: user information, a zone, a path or an
  /// unknown character in it.
  init?(_ text: String) {
    let bytes = Array(text.utf8)
    guard !bytes.isEmpty, bytes.count <= 300 else { return nil }
    var name = text[...]
    var rest = Substring()
    if text.hasPrefix("[") {
      guard let close = text.firstIndex(of: "]") else { return nil }
      name = text[..<close].dropFirst()
      rest = text[text.index(after: close)...]
      guard name.contains(":") else { return nil }
    } else if let colon = text.firstIndex(of: ":") {
      name = text[..<colon]
      rest = text[colon...]
      guard !name.isEmpty else { return nil }
    }
    if rest.isEmpty {
      port = nil
    } else {
      guard rest.first == ":" else { return nil }
      let digits = rest.dropFirst()
      guard digits.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) else {
        return nil
      }
      guard digits.isEmpty || (Int(digits).map { $0 <= 65_535 } ?? false) else { return nil }
      port = Int(digits)
    }
    guard let host = Self.host(String(name)) else { return nil }
    self.host = host
  }

  /// The one spelling of a name or an address; nil for what is neither.
  static func host(_ text: String) -> String? {
    if let address = IPAddress(text) { return address.description }
    var name = text.lowercased()
    if name.hasSuffix(".") { name.removeLast() }
    let labels = name.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
    let isName = labels.allSatisfy { label in
      (1...63).contains(label.count)
        && label.allSatisfy { byte in
          switch byte {
          case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
            UInt8(ascii: "-"), UInt8(ascii: "_"):
            true
          default: false
          }
        }
    }
    // What ends in a number is an address to browsers, in one of the forms that are none here.
    guard isName, let last = labels.last, !last.allSatisfy({ $0 < UInt8(ascii: "a") }) else {
      return IPAddress(name).map(\.description)
    }
    return name
  }

  /// Whether only this host can be meant: its loopback addresses, and the one name of theirs that no
  /// name server can give to anybody else.
  var isLoopback: Bool { host == "localhost" || IPAddress(host)?.isLoopback == true }
}

/// Where a page comes from, as browsers say it in `Origin` (RFC 6454): a scheme and an authority.
struct WebOrigin: Hashable {
  let authority: Authority
  private let defaultPort: Int

  /// Nil for `null`, for schemes other than HTTP's and for what is no origin.
  init?(_ text: String) {
    let lower = text.lowercased()
    for (scheme, port) in [("http://", 80), ("https://", 443)] where lower.hasPrefix(scheme) {
      guard let authority = Authority(String(lower.dropFirst(scheme.count))) else { return nil }
      self.authority = authority
      defaultPort = port
      return
    }
    return nil
  }

  /// Whether a request for `host` that a page from here makes stays with its own server.
  func isSame(as host: Authority) -> Bool {
    authority.host == host.host
      && (authority.port ?? defaultPort) == (host.port ?? defaultPort)
  }
}
