// SPDX-License-Identifier: Apache-2.0

package import Telemetry

/// Which end of a conversation sent some bytes.
package enum Side: UInt8, Hashable, Sendable, BitwiseCopyable {
  case client = 0
  case server = 1

  package var other: Side {
    switch self {
    case .client: .server
    case .server: .client
    }
  }
}

/// Reads one application protocol: bytes to messages.
///
/// A parser is a value with the state of one conversation; the caller owns the loop, the bytes, the
/// clock, and all that was asked and is not answered yet. A ``ProtocolKind`` makes one per conversation.
/// It keeps a bounded amount of state, whatever it is fed, and it never traps on any bytes.
package protocol ProtocolParser: Sendable {
  /// Reads the message that starts at the front of `view`, which has at least one byte.
  ///
  /// The view may end anywhere. The answer must not depend on where: a longer view of the same
  /// stream gives the same message, or ``ParseStep/needMore(atLeast:)`` came first. When
  /// `view.isFinal` no byte will ever follow these (the capture was cut there, or the stream has a
  /// hole): the parser then makes the best of what there is and must not ask for more.
  ///
  /// A ``ParseStep/message(_:)`` was written to the desk's message, every field of it, and its texts to
  /// the desk's fields, which the caller empties; after other steps the message means nothing, but for
  /// ``ParseStep/end(_:)`` and ``ParseStep/more(_:ends:)``. What a request leaves in ``Message/note`` lies
  /// on the desk when its answer is read.
  ///
  /// - Throws: ``ParseError`` when this is not the protocol. The conversation is then given up and
  ///   counted; a parser need not resynchronize.
  mutating func nextMessage(
    in view: borrowing StreamView, from side: Side, on desk: inout Desk
  ) throws(ParseError) -> ParseStep

  /// Tells that bytes of `side` were lost, so that what follows starts at an unknown place, most
  /// likely at a message's start: the caller hands the next bytes at the start of a call of the
  /// application. State that depended on the lost bytes is to be dropped here.
  mutating func bytesWereLost(from side: Side)

  /// Tells that what the client says next is a request, whatever it looks like: its response was seen.
  mutating func expectRequest()

  /// Whether the end of the last message of `side`, which reaches ``MessageLength/untilTurn`` because
  /// bytes of it are missing, would be known by what it looks like. All that is seen of that side is then
  /// shown to the parser, as final views: it answers with ``ParseStep/end(_:)``, or skips them.
  func seeksEnd(from side: Side) -> Bool

  /// Bytes that its state takes, by and large.
  var heldBytes: Int { get }
}

extension ProtocolParser {
  package mutating func bytesWereLost(from side: Side) {}

  package mutating func expectRequest() {}

  package func seeksEnd(from side: Side) -> Bool { false }

  package var heldBytes: Int { 1_024 }
}

/// The unread bytes of one direction of a conversation, oldest first.
@usableFromInline package struct StreamView: ~Escapable {
  @usableFromInline package let bytes: Span<UInt8>
  /// Whether no byte that follows these will ever be seen.
  @usableFromInline package let isFinal: Bool

  @inlinable @inline(__always)
  @_lifetime(copy bytes)
  package init(_ bytes: Span<UInt8>, isFinal: Bool = false) {
    self.bytes = bytes
    self.isFinal = isFinal
  }
}

/// What a parser made of the front of a stream.
package enum ParseStep: Hashable, Sendable {
  /// A message, and how far it reaches.
  case message(MessageLength)
  /// More bytes of the message that reached ``MessageLength/head(_:)``, and whether they are its
  /// last. At least 1; may exceed the view unless they are the last.
  case body(Int, isLast: Bool)
  /// The last bytes, all in view, of the response that reached ``MessageLength/head(_:)``, or of one of
  /// which bytes are missing, and how it ended: status, code, rows, exception and result of the
  /// message are those of the whole.
  case end(Int)
  /// So many bytes, which may exceed the view, go on with what ``Message/goesOn`` was said of: the
  /// desk's message has its kind and ``Message/exchange``, and its texts, rows, counts and length are
  /// added; when it `ends`, its status, code and exception are those of the whole. A request that ends so
  /// ends its call: who asked takes no answer any more. A response may be ended by either side.
  case more(Int, ends: Bool)
  /// Bytes that belong to the protocol but make no record (a preface, a keep-alive, a part of an
  /// exchange that is not reported). At least 1; may exceed the view.
  case skip(Int)
  /// The message is not decided by these bytes. Never returned for a final view. Views of fewer than
  /// `atLeast` bytes, from this one's start, will not do; 0 when that is not known.
  ///
  /// The caller may let some more come before it asks again, or the other side speak: it does not ask
  /// for each of many pieces, as each time all is walked over.
  case needMore(atLeast: Int = 0)
  /// The bytes answer the request of this ``Message/exchange``, and what that left has to be known to read
  /// them: the same view comes again, and ``Desk/asked(_:)`` knows. Nothing else may have changed.
  case lookUp(UInt64)
  /// Behind so many bytes, perhaps none, both sides speak something else.
  case handOver(after: Int, to: Successor)
}

/// What a conversation goes on with that a protocol has handed over.
package enum Successor: Hashable, Sendable {
  /// Something that is to be found out.
  case unknown
  case protocolNumbered(ApplicationProtocol)
  /// Cipher text: nobody can read it here.
  case encrypted
}

/// How far a message reaches from where it began.
@usableFromInline package enum MessageLength: Hashable, Sendable {
  /// This many bytes. May exceed the view: the rest is its unseen body. None when the bytes say several
  /// messages, and the parser has more of them to give before it moves on: at most
  /// ``emptyInARow`` in a row.
  case bytes(Int)
  /// This many bytes, all in view, and a body that the parser walks over in ``ParseStep/body(_:isLast:)``
  /// steps of the same side: for bodies that tell where they end piece by piece. When the capture hides
  /// a piece's length, the message lasts until the other side speaks; when bytes before the last step
  /// are lost altogether, it ends with the last that was seen.
  case head(Int)
  /// All that this side sends until the other side speaks. For bodies whose end cannot be known
  /// from the captured bytes, in protocols where sides take turns: whatever else it was asked is
  /// answered in them, unseen.
  case untilTurn

  @inlinable package static var emptyInARow: Int { 65_536 }
}

/// These bytes are not what the protocol demands.
package struct ParseError: Error, Hashable {
  /// Offset into the view.
  package var offset: Int
  package var expected: StaticString

  package init(at offset: Int, expected: StaticString) {
    self.offset = offset
    self.expected = expected
  }

  package static func == (a: Self, b: Self) -> Bool {
    a.offset == b.offset && a.expected.description == b.expected.description
  }

  package func hash(into hasher: inout Hasher) {
    hasher.combine(offset)
    hasher.combine(expected.description)
  }
}
