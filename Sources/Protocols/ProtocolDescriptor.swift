// SPDX-License-Identifier: Apache-2.0

package import Telemetry

/// What the platform must know of a protocol without asking its parser. Travels to the server in the
/// agent's Hello, where it becomes the names of `l7_protocol`.
package struct ProtocolDescriptor: Hashable, Sendable {
  /// How requests and responses of one conversation find each other.
  package enum Pairing: UInt8, Hashable, Sendable {
    /// The n-th response answers the n-th request: the engine numbers them.
    case order = 0
    /// By ``Message/exchange``.
    case identifier = 1
  }

  package var number: ApplicationProtocol
  /// As users write it: `HTTP`, `MySQL`.
  package var name: String
  /// Which transports it is looked for on.
  package var transports: [TransportProtocol]
  package var pairing: Pairing
  /// Seconds after which an unanswered request is a timeout.
  package var timeoutSeconds: UInt32
  /// Server ports it is usually found on: tried first there, never only there, unless
  /// `onlyDefaultPorts`.
  package var defaultPorts: [UInt16]
  /// Whether it is not looked for on other ports (its bytes are too easily mistaken).
  package var onlyDefaultPorts: Bool
  /// Ports on which groups are asked, most of whose members have no answer: a request that a socket
  /// there receives and does not answer is no timeout.
  package var groupPorts: [UInt16]
  /// What its servers' answers look like.
  package var answers: AnswerShape
  /// Whether a response shows that what the client said before it is a request, whatever that looks
  /// like: the server says nothing unasked.
  package var responsesShowRequests: Bool
  /// Whether an answer whose beginning was lost is told by what is left of it: then a request that waits
  /// alone goes on waiting when bytes of answers are lost. Means nothing where ids pair.
  package var readsTornAnswers: Bool
  /// How hard its bytes are to mistake for another's: of several protocols that some bytes may be, the
  /// surer is asked first, and believed.
  package var sureness: UInt8
  /// How its endpoints are put together.
  package var endpoints: EndpointForm

  package init(
    number: ApplicationProtocol, name: String, transports: [TransportProtocol] = [.tcp],
    pairing: Pairing, timeoutSeconds: UInt32 = 120, defaultPorts: [UInt16],
    onlyDefaultPorts: Bool = false, groupPorts: [UInt16] = [], answers: AnswerShape = .bodies,
    responsesShowRequests: Bool = false, readsTornAnswers: Bool = false,
    sureness: UInt8 = 128, endpoints: EndpointForm = .fixed
  ) {
    self.number = number
    self.name = name
    self.transports = transports
    self.pairing = pairing
    self.timeoutSeconds = timeoutSeconds
    self.defaultPorts = defaultPorts
    self.onlyDefaultPorts = onlyDefaultPorts
    self.groupPorts = groupPorts
    self.answers = answers
    self.responsesShowRequests = responsesShowRequests
    self.readsTornAnswers = readsTornAnswers
    self.sureness = sureness
    self.endpoints = endpoints
  }
}

/// How much of what a protocol's servers send is worth copying: the less, the cheaper they run.
package enum AnswerShape: UInt8, Hashable, Sendable {
  /// A head, and a body that says how long it is.
  case bodies = 0
  /// Many parts, of which the last says how it went.
  case results = 1
  /// Many small ones in a row.
  case rows = 2
}

/// What is known of a conversation when its protocol is looked for.
package struct RecognitionContext: Hashable, Sendable {
  package var transport: TransportProtocol
  /// Who sent the bytes; nil when not known. A protocol that opens with the server's greeting must
  /// cope with either.
  package var side: Side?
  /// Port of the server, or of the likelier one when the side is not known.
  package var serverPort: UInt16
  /// Whether more bytes of this stream were moved by the same call than could be captured.
  package var isTruncated: Bool

  package init(
    transport: TransportProtocol, side: Side?, serverPort: UInt16, isTruncated: Bool = false
  ) {
    self.transport = transport
    self.side = side
    self.serverPort = serverPort
    self.isTruncated = isTruncated
  }
}

/// Whether the bytes are a protocol's, and who sent them.
package enum Recognition: Hashable, Sendable {
  case no
  /// These bytes begin like the protocol but are too few to tell.
  case undecided
  /// They are; `sentBy` is the side that sent them, nil when the bytes do not say.
  case yes(sentBy: Side?)
}
