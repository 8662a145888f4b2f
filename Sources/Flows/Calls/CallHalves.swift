// SPDX-License-Identifier: Apache-2.0

import Protocols
import Telemetry

extension CallRecord {
  // Messages come as inout because they are large: by value they would be copied, and they are not
  // changed.

  /// Makes this the record of what a request, or a message that needs no answer, says.
  mutating func begin(
    _ message: inout Message, of conversation: inout Conversation, _ number: ApplicationProtocol,
    _ source: SignalSource, first: inout Moment, sequence: UInt32, captured: Int
  ) {
    let isOfSocket = source.rawValue != 0
    let own = CallEnd(
      address: conversation.local, port: conversation.localPort, process: first.process,
      thread: first.thread, threadName: first.threadName)
    let other = CallEnd(
      address: isOfSocket ? first.remote : conversation.remote,
      port: isOfSocket ? first.remotePort : conversation.remotePort)
    // What stands alone may be said by the server, such as that it refuses a connection, and what it
    // pushes to those who subscribed.
    var isOfServer = false
    if message.isPush || message.isAlone, case .server? = conversation.sender(first.direction) {
      isOfServer = true
    }
    let isClient = (first.direction.index == 0) != isOfServer
    client = isClient ? own : other
    server = isClient ? other : own
    reset(at: first.start)
    signalSource = source
    observationPoint =
      isOfSocket
      ? (isClient ? .clientProcess : .serverProcess) : conversation.observationPoint
    transport = conversation.transport
    applicationProtocol = number
    if let speaks = message.speaks { speak(speaks) }
    directionScore = conversation.directionScore
    networkNamespace = conversation.networkNamespace
    flow = conversation.socket
    flags = message.flags
    if message.isPush { flags = Flags(rawValue: flags.rawValue | Flags.reversed.rawValue) }
    if first.isTLS { flags = Flags(rawValue: flags.rawValue | Flags.tls.rawValue) }
    requestSequence = sequence
    syscallTraceRequest = first.trace
    captureSequenceRequest = first.ordinal
    requestID = message.requestID
    requestLength = message.length
    capturedRequestBytes = UInt32(clamping: captured)
    affectedRows = message.affectedRows
    requestMessages = message.parts
    texts = message.texts
    attributes = message.attributes
  }

  /// Makes what ``begin(_:of:_:_:first:sequence:captured:)`` does not say what it is in a new record: in
  /// place, as a record is wide.
  private mutating func reset(at time: Timestamp) {
    kind = .session
    carrier = .unknown
    status = .ok
    start = time
    end = time
    hasDuration = false
    responseSequence = 0
    syscallTraceResponse = 0
    coroutineRequest = 0
    coroutineResponse = 0
    captureSequenceResponse = 0
    responseCode = nil
    responseLength = nil
    responseMessages = 0
    capturedResponseBytes = 0
  }

  /// Adds what a response says, as much of it as was seen; its texts, if it has any, begin at `offset`
  /// behind the request's.
  mutating func answer(
    _ message: inout Message, _ part: FlowEngine.MessagePart, first: inout Moment,
    textsAt offset: Int, hasTexts: Bool
  ) {
    kind = .session
    if let speaks = message.speaks { speak(speaks) }
    responseMessages = message.parts
    flags = Flags(rawValue: flags.rawValue | message.flags.rawValue)
    // Nobody knows that it is a success before its end is seen.
    let isOpen = message.status.rawValue == ResponseStatus.ok.rawValue && !message.isEndSeen
    status = isOpen ? .unknown : message.status
    responseCode = message.code
    responseLength = message.length
    if let rows = message.affectedRows { affectedRows = rows }
    if requestID == nil { requestID = message.requestID }
    responseSequence = part.sequence
    syscallTraceResponse = first.trace
    captureSequenceResponse = first.ordinal
    capturedResponseBytes = UInt32(clamping: part.captured)
    if hasTexts {
      var answered = message.texts
      answered.shift(by: offset)
      texts.fillEmpty(from: answered)
    }
    learnRemote(&first)
    ends(part.end)
  }

  /// Adds what the end of a response says that was not known when it began.
  mutating func conclude(_ message: inout Message, textsAt offset: Int) {
    count(&message)
    flags = Flags(rawValue: flags.rawValue | message.flags.rawValue)
    if !status.isError || status.rawValue == ResponseStatus.parseFailed.rawValue {
      status = message.status
    }
    if responseCode == nil { responseCode = message.code }
    if let rows = message.affectedRows { affectedRows = rows }
    var concluded = message.texts
    concluded.shift(by: offset)
    texts.fillEmpty(from: concluded)
  }

  /// Adds what a piece says of a half that goes on.
  mutating func add(_ message: inout Message, textsAt offset: Int) {
    count(&message)
    flags = Flags(rawValue: flags.rawValue | message.flags.rawValue)
    if let rows = message.affectedRows { affectedRows = rows }
    var added = message.texts
    added.shift(by: offset)
    texts.fillEmpty(from: added)
  }

  private mutating func count(_ message: inout Message) {
    if message.kind == .request {
      requestMessages &+= message.parts
      if let length = message.length { requestLength = (requestLength ?? 0) &+ length }
    } else {
      responseMessages &+= message.parts
      if let length = message.length { responseLength = (responseLength ?? 0) &+ length }
    }
  }

  /// It speaks what its connection carries.
  private mutating func speak(_ number: ApplicationProtocol) {
    if carrier.rawValue == ApplicationProtocol.unknown.rawValue { carrier = applicationProtocol }
    applicationProtocol = number
  }

  /// Adds what `early`, a response kept as a record of its own, says.
  mutating func answer(early: CallRecord, textsAt offset: Int) {
    kind = .session
    flags.formUnion(early.flags)
    status = early.status
    responseCode = early.responseCode
    responseLength = early.responseLength
    responseMessages = early.responseMessages
    if let rows = early.affectedRows { affectedRows = rows }
    if requestID == nil { requestID = early.requestID }
    responseSequence = early.responseSequence
    syscallTraceResponse = early.syscallTraceResponse
    captureSequenceResponse = early.captureSequenceResponse
    capturedResponseBytes = early.capturedResponseBytes
    var answered = early.texts
    answered.shift(by: offset)
    texts.fillEmpty(from: answered)
  }

  /// An unconnected UDP socket does not say who sent a datagram: the answer's direction does.
  private mutating func learnRemote(_ moment: inout Moment) {
    guard moment.remotePort != 0 else { return }
    if observationPoint.rawValue == ObservationPoint.clientProcess.rawValue, server.port == 0 {
      (server.address, server.port) = (moment.remote, moment.remotePort)
    } else if client.port == 0 {
      (client.address, client.port) = (moment.remote, moment.remotePort)
    }
  }

  /// Adds the time of the last byte that is known.
  mutating func ends(_ time: Timestamp) {
    end = time.nanoseconds > start.nanoseconds ? time : start
    hasDuration = true
  }
}

extension Message {
  /// Whether it needs no answer.
  @inline(__always)
  fileprivate var isAlone: Bool {
    mutating get { if case .session = kind { true } else { false } }
  }
}
