// SPDX-License-Identifier: Apache-2.0

/// A column of calls, with what does not change from call to call: how its values are stored, shown and
/// asked for.
///
/// ``CallRecord/visitColumns(_:)`` names each of them once, with its value; from that follow the table,
/// its rows, the lines of a replay, the tags and what tests compare. Its strings are static, so that a
/// visitor which wants the values alone pays nothing for them.
package struct CallColumn: Sendable {
  /// What a value is.
  package enum Form: UInt8, Sendable {
    /// 0 or 1.
    case flag
    /// One of a tag's numbers that have names, 8 bits. Shown even when it is 0.
    case enumeration
    /// The number of a protocol; 0 for none.
    case protocolNumber
    case uint32, uint64
    /// Null where the call does not say.
    case uint64OrNull, int64OrNull, int32OrNull
    /// Microseconds; 0 where none were measured.
    case duration
    case text
    /// One of few texts, which a dictionary codes.
    case repeatedText
    case threadName
    /// No column of its own: a text that stands among the call's attributes, under the name given.
    case attribute
    /// The run of all further attributes: see ``Attributes``.
    case attributes
  }

  /// How people ask for the column.
  package struct Tag: Sendable {
    var kind: TagDeclaration.Kind
    var category: StaticString
    var display: StaticString
    /// Set where the column is the client's of a pair: what the tag of both says.
    var aboutSides: StaticString?
  }

  package var name: StaticString
  package var form: Form
  package var about: StaticString
  package var index: ColumnIndex
  package var tag: Tag?

  @inline(__always)
  init(
    _ name: StaticString, _ form: Form, _ about: StaticString, index: ColumnIndex = .none,
    tag: Tag? = nil
  ) {
    self.name = name
    self.form = form
    self.about = about
    self.index = index
    self.tag = tag
  }
}

extension CallColumn.Tag {
  @inline(__always)
  static func call(_ display: StaticString, _ kind: TagDeclaration.Kind = .string) -> Self {
    Self(kind: kind, category: "Application", display: display)
  }

  @inline(__always)
  static func tracing(_ display: StaticString, _ kind: TagDeclaration.Kind = .integer) -> Self {
    Self(kind: kind, category: "Tracing", display: display)
  }

  /// Of a pair of columns, by the client's.
  @inline(__always)
  static func process(
    _ display: StaticString, _ kind: TagDeclaration.Kind, _ about: StaticString
  ) -> Self {
    Self(kind: kind, category: "Process", display: display, aboutSides: about)
  }
}

/// Is shown the columns of a call one after another, with their values.
package protocol CallVisitor {
  /// A number; 0 is its column's default.
  mutating func number(_ column: CallColumn, _ value: UInt64)

  /// A number that may be missing. Signed ones come as their bits.
  mutating func optional(_ column: CallColumn, _ value: UInt64?)

  /// A text, or a run of attributes, in the batch of the call.
  mutating func text(_ column: CallColumn, _ value: Text)

  mutating func threadName(_ column: CallColumn, _ value: ThreadName)
}
