// SPDX-License-Identifier: Apache-2.0

import Bytes
import Protocols
import Telemetry

extension FlowEngine {
  /// A protocol and what was asked of it once.
  struct Known {
    var kind: any ProtocolKind
    var descriptor: ProtocolDescriptor
    var number: ApplicationProtocol
    var isByIdentifier: Bool
    let responsesShowRequests: Bool
    let readsTornAnswers: Bool
    let groupPorts: [UInt16]
    var answers: AnswerShape
    /// Whether its conversations are counted and not read.
    var isSuspended: Bool
    /// Nanoseconds until an unanswered request is a timeout.
    var timeout: Int64
    let dialects: [Dialect]

    init(_ kind: any ProtocolKind) {
      self.kind = kind
      descriptor = kind.descriptor
      number = descriptor.number
      isByIdentifier = descriptor.pairing == .identifier
      responsesShowRequests = descriptor.responsesShowRequests
      readsTornAnswers = descriptor.readsTornAnswers
      groupPorts = descriptor.groupPorts
      answers = descriptor.answers
      isSuspended = kind.isSuspended
      timeout = Int64(descriptor.timeoutSeconds) * 1_000_000_000
      dialects = kind.dialects.map {
        Dialect(number: $0.number, timeout: Int64($0.timeoutSeconds) * 1_000_000_000)
      }
    }

    /// Nanoseconds until a request is a timeout that speaks `number`.
    func timeout(of number: ApplicationProtocol) -> Int64 {
      dialects.first { $0.number.rawValue == number.rawValue }?.timeout ?? timeout
    }

    func recognize(
      _ bytes: Span<UInt8>, context: RecognitionContext, _ breadcrumb: Breadcrumb
    ) -> Recognition {
      breadcrumb.enter(.recognising, protocol: number.rawValue, bytes)
      defer { breadcrumb.leave() }
      return kind.recognize(bytes, context: context)
    }
  }

  /// What some messages of a conversation may speak.
  struct Dialect {
    var number: ApplicationProtocol
    var timeout: Int64
  }
}
