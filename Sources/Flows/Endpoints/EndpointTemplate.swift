// SPDX-License-Identifier: Apache-2.0

import Bytes

/// A path with places, as people write it: `/users/{name}/orders`, `/files/**`.
package struct EndpointTemplate: Hashable, Sendable {
  private enum Part: Hashable, Sendable {
    case text([UInt8])
    /// `{name}`: whatever stands there.
    case any
  }

  private let parts: [Part]
  /// Whether it ends in `**`: in any number of segments, or none.
  private let hasRest: Bool
  /// What calls that it fits have as their endpoint.
  package let bytes: [UInt8]

  /// Segments at most.
  private static let longest = 32

  /// Nil for what is no path, or has `**` elsewhere than at its end.
  package init?(_ text: String) {
    guard text.hasPrefix("/"), (2...256).contains(text.utf8.count),
      !text.utf8.contains(where: { $0 <= 0x20 || $0 == 0x3f || $0 == 0x23 })
    else { return nil }
    var segments = text.utf8.dropFirst().split(separator: slash, omittingEmptySubsequences: false)
    hasRest = segments.last.map { $0.elementsEqual("**".utf8) } ?? false
    if hasRest { segments.removeLast() }
    var parts: [Part] = []
    for segment in segments {
      guard !segment.isEmpty, !segment.elementsEqual("**".utf8) else { return nil }
      let isPlace = segment.first == UInt8(ascii: "{") && segment.last == UInt8(ascii: "}")
      parts.append(isPlace ? .any : .text(Array(segment)))
    }
    guard parts.count <= Self.longest else { return nil }
    self.parts = parts
    bytes = Array(text.utf8)
  }

  /// Whether a path fits.
  package func fits(_ path: Span<UInt8>) -> Bool {
    var position = 0
    for part in parts {
      guard position < path.count, path[position] == slash else { return false }
      let end = path.firstIndex(of: slash, from: position + 1, to: path.count) ?? path.count
      switch part {
      case .any: if end == position + 1 { return false }
      case .text(let text):
        guard end - position - 1 == text.count else { return false }
        for index in text.indices where path[position + 1 + index] != text[index] { return false }
      }
      position = end
    }
    return position == path.count || hasRest && path[position] == slash
  }
}

private let slash = UInt8(ascii: "/")
