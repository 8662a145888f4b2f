// SPDX-License-Identifier: Apache-2.0

package import Telemetry

/// An application protocol, as it is known before any conversation: a value, so that one type may stand
/// for several, which differ in what they were made with.
package protocol ProtocolKind: Sendable {
  /// What its conversations speak.
  var descriptor: ProtocolDescriptor { get }

  /// What messages of its conversations may speak beside that, and say so by ``Message/speaks``: gRPC, on
  /// connections of HTTP.
  var dialects: [ProtocolDescriptor] { get }

  /// Whether its conversations are counted and not read; see ``Suspension``.
  var isSuspended: Bool { get }

  /// What its conversations can begin with on this transport, which is one of the descriptor's. Asked
  /// once.
  func openings(on transport: TransportProtocol) -> Openings

  /// Says whether `bytes`, the first that one side of a conversation was seen to send, are this
  /// protocol. Bytes may end anywhere and the conversation may have begun long before.
  ///
  /// Strict: what it accepts is not offered to protocols that are less sure. A `no` is not asked again
  /// for the same turn, whatever follows. Cheap: it runs on every unknown socket of the host that begins
  /// with what ``openings(on:)`` says.
  func recognize(_ bytes: Span<UInt8>, context: RecognitionContext) -> Recognition

  /// Makes the parser of one conversation.
  func makeParser(_ context: ConversationContext) -> any ProtocolParser
}

extension Sequence<any ProtocolKind> {
  /// Of everything that calls may speak: the protocols, and their dialects.
  package var spoken: [ProtocolDescriptor] { flatMap { [$0.descriptor] + $0.dialects } }
}

extension ProtocolKind {
  package var dialects: [ProtocolDescriptor] { [] }

  package func openings(on transport: TransportProtocol) -> Openings { Openings() }

  package var isSuspended: Bool { false }
}

/// What is known of a conversation when its parser is made.
package struct ConversationContext: Hashable, Sendable {
  package var transport: TransportProtocol
  package var plane: Plane
  package var serverPort: UInt16
  /// The protocol that both ends agreed on when their encryption began (ALPN, RFC 7301), empty when none.
  package var agreedProtocol: String
  package var privacy: PrivacyRules

  package init(
    transport: TransportProtocol, plane: Plane = .wire, serverPort: UInt16 = 0,
    agreedProtocol: String = "", privacy: PrivacyRules = PrivacyRules()
  ) {
    self.transport = transport
    self.plane = plane
    self.serverPort = serverPort
    self.agreedProtocol = agreedProtocol
    self.privacy = privacy
  }
}
