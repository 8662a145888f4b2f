// SPDX-License-Identifier: Apache-2.0

import Telemetry

/// gRPC and what is like it on HTTP: https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md.
enum GRPC {
  static let descriptor = ProtocolDescriptor(
    number: ApplicationProtocol(rawValue: 41), name: "gRPC", pairing: .identifier,
    defaultPorts: [])
  /// Dubbo 3: gRPC with headers of its own, `tri-*`.
  static let triple = ProtocolDescriptor(
    number: ApplicationProtocol(rawValue: 49), name: "Triple", pairing: .identifier,
    defaultPorts: [])

  /// What a content type says of a message's form.
  enum Form {
    /// gRPC: messages behind a byte and their length. On the web what follows them is one more message:
    /// https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-WEB.md.
    case messages(isWeb: Bool)
    /// Connect (https://connectrpc.com/docs/protocol): a stream in the same form, or one message alone.
    case connectStream
    case connectMessage
  }

  /// The form that `type`, a content type, means; nil when it is of nothing here.
  static func form(_ type: Span<UInt8>, isConnect: Bool) -> Form? {
    if type.begins(with: "application/grpc") || type.begins(with: "application/triple") {
      return .messages(isWeb: type.begins(with: "application/grpc-web"))
    }
    if type.begins(with: "application/connect+") { return .connectStream }
    guard isConnect else { return nil }
    let isMessage = type.begins(with: "application/proto") || type.begins(with: "application/json")
    return isMessage ? .connectMessage : nil
  }
}

/// The outcome of a call, https://grpc.github.io/grpc/core/md_doc_statuscodes.html.
struct GRPCStatus {
  var number: Int32

  var isOK: Bool { number == 0 }

  /// Who is to blame: the caller for what it asked, and what it may not.
  var status: ResponseStatus {
    switch number {
    case 0: .ok
    case 1, 3, 5, 6, 7, 9, 11, 16: .clientError
    default: .serverError
    }
  }

  var name: StaticString? {
    switch number {
    case 1: "CANCELLED"
    case 2: "UNKNOWN"
    case 3: "INVALID_ARGUMENT"
    case 4: "DEADLINE_EXCEEDED"
    case 5: "NOT_FOUND"
    case 6: "ALREADY_EXISTS"
    case 7: "PERMISSION_DENIED"
    case 8: "RESOURCE_EXHAUSTED"
    case 9: "FAILED_PRECONDITION"
    case 10: "ABORTED"
    case 11: "OUT_OF_RANGE"
    case 12: "UNIMPLEMENTED"
    case 13: "INTERNAL"
    case 14: "UNAVAILABLE"
    case 15: "DATA_LOSS"
    case 16: "UNAUTHENTICATED"
    default: nil
    }
  }
}

extension Span where Element == UInt8 {
  /// Whether these bytes are `literal` from the front on, all of it.
  func begins(with literal: StaticString) -> Bool {
    count >= literal.utf8CodeUnitCount && hasPrefix(literal, at: 0)
  }
}
