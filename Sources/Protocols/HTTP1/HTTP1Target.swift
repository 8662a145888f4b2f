// SPDX-License-Identifier: Apache-2.0

import Bytes
import Telemetry

/// The target of a request, taken apart: RFC 9112 section 3.2.
struct HTTP1Target {
  /// The authority of an absolute target (`http://host/path`) or of CONNECT; empty otherwise.
  var authority: Range<Int>
  /// Path and query.
  var resource: Range<Int>

  init(_ bytes: Span<UInt8>, _ target: Range<Int>, isConnect: Bool) {
    authority = target.lowerBound..<target.lowerBound
    resource = target
    // Of one that the capture cuts, nobody knows whether it is a user's name and password.
    let isCut = target.upperBound == bytes.count
    if isConnect {
      authority = isCut ? authority : Self.withoutUser(bytes, target)
      resource = authority
      return
    }
    guard !target.isEmpty, bytes[target.lowerBound] != Self.slash,
      let colon = bytes.firstIndex(
        of: UInt8(ascii: ":"), from: target.lowerBound,
        to: min(target.lowerBound + 8, target.upperBound)),
      colon + 2 < target.upperBound, bytes[colon + 1] == Self.slash, bytes[colon + 2] == Self.slash
    else { return }
    let start = colon + 3
    let end = bytes.firstIndex(of: Self.slash, from: start, to: target.upperBound)
    if end != nil || !isCut {
      authority = Self.withoutUser(bytes, start..<(end ?? target.upperBound))
    }
    resource = (end ?? target.upperBound)..<target.upperBound
  }

  /// An authority without the name and password of a user, RFC 9110 section 4.2.4.
  private static func withoutUser(_ bytes: Span<UInt8>, _ authority: Range<Int>) -> Range<Int> {
    var host = authority
    while let at = bytes.firstIndex(
      of: UInt8(ascii: "@"), from: host.lowerBound, to: host.upperBound)
    {
      host = (at + 1)..<host.upperBound
    }
    return host
  }

  private static let slash = UInt8(ascii: "/")
}
