// SPDX-License-Identifier: Apache-2.0

/// How a call ended, in the numbers that are stored as `response_status`.
package struct ResponseStatus: RawRepresentable, Hashable, Sendable, BitwiseCopyable {
  package var rawValue: UInt8

  package init(rawValue: UInt8) {
    self.rawValue = rawValue
  }

  package static let ok = ResponseStatus(rawValue: 0)
  /// No response inside the protocol's window.
  package static let timeout = ResponseStatus(rawValue: 2)
  package static let serverError = ResponseStatus(rawValue: 3)
  package static let clientError = ResponseStatus(rawValue: 4)
  /// The request was pushed out, or its connection ended, before an answer was seen.
  package static let unknown = ResponseStatus(rawValue: 5)
  /// An answer was seen, but its code could not be read.
  package static let parseFailed = ResponseStatus(rawValue: 6)

  /// Whether the call counts as an error in `error` and `error_ratio`.
  package var isError: Bool { self == .serverError || self == .clientError }
}

/// What part of a call a record holds, in the numbers that are stored as `type`.
package struct CallKind: RawRepresentable, Hashable, Sendable, BitwiseCopyable {
  package var rawValue: UInt8

  package init(rawValue: UInt8) {
    self.rawValue = rawValue
  }

  /// A request whose answer was not seen.
  package static let request = CallKind(rawValue: 0)
  /// An answer whose request was not seen.
  package static let response = CallKind(rawValue: 1)
  /// Both, or a message that needs no answer.
  package static let session = CallKind(rawValue: 2)
}

/// An application protocol's number, as stored in `l7_protocol`. Declared by each protocol's
/// descriptor; the numbers are DeepFlow's where it has one.
package struct ApplicationProtocol: RawRepresentable, Hashable, Sendable, BitwiseCopyable {
  package var rawValue: UInt8

  package init(rawValue: UInt8) {
    self.rawValue = rawValue
  }

  package static let unknown = ApplicationProtocol(rawValue: 0)
}
