// SPDX-License-Identifier: Apache-2.0

/// How a call ended, in the numbers that are stored as `response_status`.
@usableFromInline
package struct ResponseStatus: RawRepresentable, Hashable, Sendable, BitwiseCopyable {
  @usableFromInline package var rawValue: UInt8

  @inlinable @inline(__always)
  package init(rawValue: UInt8) {
    self.rawValue = rawValue
  }

  @inlinable package static var ok: ResponseStatus { ResponseStatus(rawValue: 0) }
  /// No response inside the protocol's window.
  @inlinable package static var timeout: ResponseStatus { ResponseStatus(rawValue: 2) }
  @inlinable package static var serverError: ResponseStatus { ResponseStatus(rawValue: 3) }
  @inlinable package static var clientError: ResponseStatus { ResponseStatus(rawValue: 4) }
  /// The request was pushed out, or its connection ended, before an answer was seen.
  @inlinable package static var unknown: ResponseStatus { ResponseStatus(rawValue: 5) }
  /// An answer was seen, but its code could not be read.
  @inlinable package static var parseFailed: ResponseStatus { ResponseStatus(rawValue: 6) }

  /// Whether the call counts as an error in `error` and `error_ratio`.
  package var isError: Bool { self == .serverError || self == .clientError }
}

/// What part of a call a record holds, in the numbers that are stored as `type`.
@usableFromInline package struct CallKind: RawRepresentable, Hashable, Sendable, BitwiseCopyable {
  @usableFromInline package var rawValue: UInt8

  @inlinable @inline(__always)
  package init(rawValue: UInt8) {
    self.rawValue = rawValue
  }

  /// A request whose answer was not seen.
  @inlinable package static var request: CallKind { CallKind(rawValue: 0) }
  /// An answer whose request was not seen.
  @inlinable package static var response: CallKind { CallKind(rawValue: 1) }
  /// Both, or a message that needs no answer.
  @inlinable package static var session: CallKind { CallKind(rawValue: 2) }
}

/// An application protocol's number, as stored in `l7_protocol`. Declared by each protocol's
/// descriptor; the numbers are DeepFlow's where it has one.
@usableFromInline
package struct ApplicationProtocol: RawRepresentable, Hashable, Sendable, BitwiseCopyable {
  @usableFromInline package var rawValue: UInt8

  @inlinable @inline(__always)
  package init(rawValue: UInt8) {
    self.rawValue = rawValue
  }

  @inlinable package static var unknown: ApplicationProtocol { ApplicationProtocol(rawValue: 0) }
}
