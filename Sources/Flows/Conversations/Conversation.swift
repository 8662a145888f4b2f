// SPDX-License-Identifier: Apache-2.0

import Protocols
import Telemetry

/// What is known of one socket, or of one flow of packets: its ends, its protocol, and how far both
/// directions were read.
///
/// A flow's local end is the sender of its first packet, and what that end sends is its egress.
struct Conversation {
  enum State: UInt8 {
    /// Its protocol is being looked for.
    case unknown
    /// `parser` is to read it, the backlog first.
    case adopted
    /// `parser` reads it.
    case recognised
    /// No protocol was found; the probe was told to be silent, the packets are not looked at.
    case muted
  }

  /// The socket's cookie, or the flow's id.
  var socket: UInt64
  /// Which of the socket's bytes it is made of.
  var plane = Plane.wire
  /// Where its packets are seen; of a socket only the side decides.
  var observationPoint = ObservationPoint.rest
  var transport: TransportProtocol
  var networkNamespace: UInt32
  var local: IPAddress
  var remote: IPAddress
  var localPort: UInt16
  var remotePort: UInt16
  /// The path that a UNIX socket's server listens at, in the engine's `paths`.
  var path = SharedTexts.none

  var state = State.unknown
  /// Which end this socket is; nil until the kernel, the bytes or the ports say.
  var side: Side?
  /// How sure `side` is, 0 to 255.
  var directionScore: UInt8 = 0
  /// Index into the pipeline's protocols.
  @Narrow var protocolIndex = 0
  var parser: (any ProtocolParser)?
  /// Whether a request of it was answered in the protocol that it was taken for.
  var isAnswered = false
  /// Whether bytes of it were not seen, or lost, that a parser would have had to read: what comes next
  /// may begin inside of a message.
  var hasLost = false
  /// Whether its last turn was a protocol's that is not read any more.
  var isSuspended = false
  /// Whether its flow was told the first domain that a call spoke of.
  var hasToldDomain = false
  /// Where ``Causality`` found the thread that moved bytes of it last; here it takes no room.
  var userPlace: UInt32 = 0

  /// By ``SocketEvent/Direction``.
  private var streams: InlineArray<2, Stream> = [Stream(), Stream()]
  /// The direction of the last bytes; nil before any.
  var lastDirection: SocketEvent.Direction?
  var lastActive: Timestamp

  /// Of who moved bytes of it last, of a socket; once it is muted, of who did before.
  var user = ProcessBucket(rawValue: 0)
  /// Whether nothing is told of what it moves; and whether that is told in another form.
  var isUnheard = false
  var isReadElsewhere = false
  /// The last ``SocketEvent/ordinal``; 0 before any.
  var lastOrdinal: UInt32 = 0
  /// Events before it that did not come, and that no sequence number tells of.
  var missedEvents: UInt8 = 0

  /// Whether it is in the engine's `unasked`.
  var isUnasked = false

  // Looking for the protocol.
  /// How far the current turn was offered to the protocols.
  enum OfferedTurn: UInt8 {
    case fresh
    /// Its bytes so far are in the backlog, and more of them will tell.
    case waiting
    /// It is in the backlog; what follows will tell.
    case possible
    /// Every protocol has refused it.
    case refused
  }

  var turn = OfferedTurn.fresh
  var backlog = Backlog()
  /// Turns that were offered in vain, and data events that nobody has read.
  var offers: UInt8 = 0
  var unreadEvents: UInt16 = 0
  /// When the last of them was; once the protocol is known, when the client began to say what was not
  /// answered yet.
  var lastUnread = Timestamp(nanoseconds: 0)
  var failures: UInt8 = 0
  /// How often it went on in something else.
  var handOvers: UInt8 = 0
  var mutes: UInt8 = 0
  var mutedUntil = Timestamp(nanoseconds: 0)
  /// What the probe was asked to copy.
  var wishes = Wishes()

  // Calls that wait; the lists run through the slots of ``PendingCalls``.
  @Narrow var firstPending = PendingCalls.none
  @Narrow var lastPending = PendingCalls.none
  @Narrow var pendingCount = 0
  /// Whether it is in ``PendingCalls/busy``.
  var isBusy = false
  /// Requests before the first pending one that left without their answers, which may still come.
  @Narrow var answersToDrop = 0
  /// Requests behind the last pending one that found no room.
  @Narrow var unheld = 0
  /// Whether the only request that waits may have been answered, by bytes that were lost.
  var mayLackAnswer = false
  /// Whether answers can be told apart; only of packets.
  var doubt = Doubt()
  /// A response that came before its request, in ``PendingCalls``.
  @Narrow var early = PendingCalls.none

  init(_ event: SocketEvent) {
    socket = event.socket
    plane = event.plane
    transport = event.transport
    networkNamespace = event.networkNamespace
    local = event.local
    remote = event.remote
    localPort = event.localPort
    remotePort = event.remotePort
    lastActive = event.exit
    learnSide(event.role)
  }

  /// The conversation of a flow, whose direction counts as known from `253` on: SYN, SYN/ACK, and
  /// what an operator says.
  init(_ flow: Flow, _ detail: FlowDetail, networkNamespace: UInt32) {
    socket = detail.id
    observationPoint = detail.observationPoint
    transport = flow.transport
    self.networkNamespace = networkNamespace
    local = flow.source
    remote = flow.destination
    localPort = flow.sourcePort
    remotePort = flow.destinationPort
    lastActive = flow.last
    directionScore = detail.directionScore
    hasLost = !flow.facts.hasEither(FlowFacts.syn)
    if directionScore >= 253 { side = flow.firstIsClient ? .client : .server }
  }

  /// Why its bytes are not read while no protocol reads them.
  var unreadReason: LossReason { isSuspended ? .protocolSuspended : .unknownProtocol }

  mutating func learnSide(_ role: SocketEvent.Role) {
    guard role != .unknown else { return }
    side = role == .client ? .client : .server
    directionScore = 255
  }

  /// Requests whose answers are to come.
  @inline(__always)
  var awaited: Int { pendingCount + answersToDrop + unheld }

  /// Whether nothing is awaited of it: datagrams that were answered.
  var isOver: Bool {
    transport.rawValue == TransportProtocol.udp.rawValue && state == .recognised
      && pendingCount == 0 && early == PendingCalls.none
  }

  /// Whether it gives way before another: what is over first, then what is silent for longer.
  func isWorthLess(than other: Conversation) -> Bool {
    let isOver = isOver
    if isOver != other.isOver { return isOver }
    return lastActive.nanoseconds < other.lastActive.nanoseconds
  }

  /// Who sent what moves in `direction`; nil when this socket's side is not known.
  func sender(_ direction: SocketEvent.Direction) -> Side? {
    guard let side else { return nil }
    switch (direction, side) {
    case (.egress, _): return side
    case (.ingress, .client): return .server
    case (.ingress, .server): return .client
    }
  }

  /// The server's port, or the likelier one: servers listen below the ephemeral ports.
  var serverPort: UInt16 {
    switch side {
    case .client: remotePort
    case .server: localPort
    case nil: remotePort == 0 ? localPort : min(localPort, remotePort)
    }
  }

  /// Whether the current turn is kept though every protocol has refused it.
  var keepsRefusedTurn: Bool {
    guard turn == .refused, let last = backlog.turns.last else { return false }
    return last.isRefused
  }

  /// What carries its bytes as far as a protocol cares: a UNIX stream is a stream.
  var carrier: TransportProtocol {
    transport.rawValue == TransportProtocol.unix.rawValue ? .tcp : transport
  }

  /// Bytes that the buffers of both directions hold.
  var streamBytes: Int { streams[0].footprint + streams[1].footprint }

  /// Bytes of both directions that wait to be read.
  var unreadBytes: Int { streams[0].buffer.count + streams[1].buffer.count }

  subscript(direction: SocketEvent.Direction) -> Stream {
    // Where it is: to read a value of the array by a number that is not known is to copy all of it.
    @inline(__always)
    mutating _read {
      var streams = streams.mutableSpan
      yield streams[inPlace: direction.index]
    }
    @inline(__always)
    _modify { yield &streams[direction.index] }
  }
}

extension MutableSpan {
  /// An element, for reading only.
  @inline(__always)
  fileprivate subscript(inPlace index: Int) -> Element {
    mutating _read { yield self[index] }
  }
}

extension SocketEvent.Direction {
  // Comparing with == would be a call into another module.

  var index: Int {
    switch self {
    case .egress: 0
    case .ingress: 1
    }
  }

  var opposite: SocketEvent.Direction {
    switch self {
    case .egress: .ingress
    case .ingress: .egress
    }
  }
}
