// SPDX-License-Identifier: Apache-2.0

/// What lies between a parser and its caller: what is read goes onto it, and what was asked before lies
/// there. There is one, used again and again, so that nothing of a message is copied or allocated.
package struct Desk: Sendable {
  /// The message that was read last; its texts point into ``fields``.
  package var message = Message(.session)
  package var fields: FieldBuffer
  /// Requests of the conversation that are not answered yet, whoever asked.
  package var waiting = 0
  /// The oldest of them that the side which is read now is to answer.
  package var oldest = Asked.nothing
  /// Whether the bytes may begin inside of a message, as bytes before them were lost. An error is then
  /// no end: the caller passes over the view.
  package var mayBeInside = false
  /// Set by a parser that will not look at what else this side says: nothing is copied of it any more.
  package var wantsNothing = false
  /// For parsers of header blocks; means nothing between two steps.
  var headers = HeaderRoom()
  /// What was looked up, for whoever asks another about these bytes.
  package private(set) var found: (id: UInt64, asked: Asked)?

  package init(privacy: PrivacyRules = PrivacyRules()) {
    fields = FieldBuffer(privacy: privacy)
  }

  /// The request with this ``Message/exchange`` that the side which is read now is to answer; nil when
  /// the caller was not asked yet: say ``ParseStep/lookUp(_:)``.
  package func asked(_ id: UInt64) -> Asked? {
    guard let found, found.id == id else { return nil }
    return found.asked
  }

  /// For the caller: clears the desk for the next step.
  package mutating func clear() {
    fields.removeAll()
    found = nil
    wantsNothing = false
  }

  /// For the caller: answers ``ParseStep/lookUp(_:)``.
  package mutating func answer(_ id: UInt64, with asked: Asked) { found = (id, asked) }
}

/// A request that is not answered yet.
package enum Asked: Hashable, Sendable {
  /// There is none that was seen.
  case nothing
  /// There is one, but what it left is not known any more.
  case unknown
  /// There is one, which left ``Message/note``.
  case note(UInt64)

  package var note: UInt64? {
    if case .note(let note) = self { note } else { nil }
  }
}
