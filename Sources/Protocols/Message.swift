// SPDX-License-Identifier: Apache-2.0

package import Telemetry

/// One message of a conversation, as its parser understood it.
///
/// A request fills the request's texts, a response the response's; whoever pairs them joins the two
/// (the request's value wins where both filled one). Texts point into the ``FieldBuffer``.
package struct Message: Hashable, Sendable {
  package enum Kind: UInt8, Hashable, Sendable {
    case request = 0
    case response = 1
    /// Complete in itself: no answer is to be expected.
    case session = 2
  }

  package var kind: Kind
  package var texts = CallTexts()
  /// Meaningful for responses and sessions.
  package var status: ResponseStatus = .ok
  /// Whether the end of a response was seen, where that decides its ``status``: until it is, nobody
  /// knows that it is a success. Always set where the front says it all.
  package var isEndSeen = true
  package var code: Int32?
  /// By which requests and responses find each other where the descriptor says so, among those of one
  /// asker; whatever is unique while it waits. Never shown.
  package var exchange: UInt64?
  /// The id on the wire, as users know it.
  package var requestID: UInt64?
  /// What a request leaves for whoever reads its answer; see ``Desk/oldest``.
  package var note: UInt64 = 0
  /// What it speaks, if that is not what its conversation does; see ``ProtocolKind/dialects``.
  package var speaks: ApplicationProtocol?
  /// Whether more of it comes, told of by ``ParseStep/more(_:ends:)`` under its ``exchange``: any number may
  /// be under way in a direction.
  package var goesOn = false
  /// Whether the server says it unasked: client and server stay who they are, though it is a request.
  package var isPush = false
  /// What is asked for: where ids pair, a response that says it answers no request of another question.
  package var question: MessageQuestion?
  /// The length that the message declares for its body, bytes.
  package var length: Int64?
  package var affectedRows: UInt64?
  /// Parts that it holds, where its protocol counts such: messages of a stream, records of a batch.
  package var parts: UInt32 = 0
  /// What its protocol tells beyond all this, see ``FieldBuffer/append(attribute:_:to:)``.
  package var attributes = Text.empty
  // Spelled out: an empty literal of another module's option set is made by generic code at run time.
  package var flags = CallRecord.Flags(rawValue: 0)
  /// Whether the request stays unanswered for a while by design (a blocking pop, a long poll): its
  /// timeout is not an error.
  package var mayBlock = false

  /// Whether the request's bytes alone do not say that it is one: it is told of only when it is
  /// answered.
  package var needsAnswer = false

  // In line, as what is made elsewhere is copied.
  @inline(__always)
  package init(_ kind: Kind) {
    self.kind = kind
  }
}

/// What a request asks for, in numbers that tell it from others of the same id.
package struct MessageQuestion: Hashable, Sendable, BitwiseCopyable {
  package var name: UInt32
  /// Nil when it is not told.
  package var type: UInt16?

  package init(name: UInt32, type: UInt16?) {
    self.name = name
    self.type = type
  }

  /// Whether both may be the same question.
  package func matches(_ other: MessageQuestion) -> Bool {
    name == other.name && (type == nil || other.type == nil || type == other.type)
  }
}
