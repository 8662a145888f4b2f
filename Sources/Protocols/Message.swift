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
  /// The protocol's id of the exchange; pairs the halves where the descriptor says so.
  package var requestID: UInt64?
  /// What is asked for: where ids pair, a response that says it answers no request of another question.
  package var question: MessageQuestion?
  /// The length that the message declares for its body, bytes.
  package var length: Int64?
  package var affectedRows: UInt64?
  // Spelled out: an empty literal of another module's option set is made by generic code at run time.
  package var flags = CallRecord.Flags(rawValue: 0)
  /// Whether the request stays unanswered for a while by design (a blocking pop, a long poll): its
  /// timeout is not an error.
  package var mayBlock = false

  /// Whether the request's bytes alone do not say that it is one: it is told of only when it is
  /// answered.
  package var needsAnswer = false

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
