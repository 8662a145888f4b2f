// SPDX-License-Identifier: Apache-2.0

/// Memory in which header blocks are decoded: one for all conversations, used again and again.
struct HeaderRoom: Sendable {
  /// Values that were asked for.
  var texts: [UInt8] = []
  /// A name or value in the making.
  var scratch: [UInt8] = []
  /// A block that came in several frames.
  var block: [UInt8] = []
  /// Fields that somebody wants to know of besides, and where in ``texts`` they were in the last block.
  var wanted: [WantedHeader] = []
  var found = InlineArray<16, Place>(repeating: Place())
}

/// A header field that somebody wants to be told of besides those that parsers read.
package struct WantedHeader: Hashable, Sendable {
  /// The most that are told of a block.
  package static let limit = 16

  let name: HeaderName
  /// What the sink calls it, when parsers read it too; 0 when they do not.
  let kind: UInt8

  /// Nil when the name is longer than those that are told apart.
  package init?(_ name: Span<UInt8>) {
    guard let folded = HeaderName(name) else { return nil }
    self.name = folded
    var room = HeaderRoom()
    var headers = HTTP2Headers(in: &room)
    kind = headers.kind(of: name)
  }
}

extension Desk {
  /// For who stands around a parser: these fields are wanted of the header blocks that are decoded, until
  /// others are. The same must be wanted for the whole of a conversation.
  package mutating func want(_ wanted: [WantedHeader]) { headers.wanted = wanted }

  /// Where in ``headerTexts`` the value of a wanted field of the last block is; empty when it has none.
  package func header(_ index: Int) -> Range<Int> {
    index >= 0 && index < WantedHeader.limit ? headers.found.span[index].range : 0..<0
  }

  package var headerTexts: Span<UInt8> {
    @_lifetime(borrow self)
    get { headers.texts.span }
  }
}
