// SPDX-License-Identifier: Apache-2.0

import Telemetry

/// How much of a protocol is left out.
package enum Suspension: String, Hashable, Sendable, CaseIterable {
  /// It is found, but not read.
  case reading
  /// It is not even looked for: what is on its default ports counts as its own.
  case recognition
}

extension Suspension {
  /// What stands in for `kind`: conversations that speak it are counted as such, and no byte of them
  /// gets to the part that is left out.
  package func standIn(for kind: any ProtocolKind) -> any ProtocolKind {
    SuspendedProtocol(kind: kind, extent: self)
  }
}

private struct SuspendedProtocol: ProtocolKind {
  let kind: any ProtocolKind
  let extent: Suspension

  var descriptor: ProtocolDescriptor { kind.descriptor }
  var dialects: [ProtocolDescriptor] { kind.dialects }
  var isSuspended: Bool { true }

  func openings(on transport: TransportProtocol) -> Openings { kind.openings(on: transport) }

  func recognize(_ bytes: Span<UInt8>, context: RecognitionContext) -> Recognition {
    switch extent {
    case .reading: kind.recognize(bytes, context: context)
    case .recognition:
      kind.descriptor.defaultPorts.contains(context.serverPort) ? .yes(sentBy: nil) : .no
    }
  }

  func makeParser(_ context: ConversationContext) -> any ProtocolParser { UnreadParser() }
}

private struct UnreadParser: ProtocolParser {
  mutating func nextMessage(
    in view: borrowing StreamView, from side: Side, on desk: inout Desk
  ) throws(ParseError) -> ParseStep {
    .skip(max(1, view.bytes.count))
  }
}
