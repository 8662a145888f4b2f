// SPDX-License-Identifier: Apache-2.0

package import Protocols
package import Telemetry

/// Feeds a parser as the agent does and checks what every parser owes its caller on any bytes.
///
/// Broken promises are collected in ``violations``; a parser's ``ParseError`` is none of them.
package struct ParserDriver: Sendable {
  private struct Direction: Sendable {
    var pending: [UInt8] = []
    var toSkip = 0
    var waitsForTurn = false
    /// Bytes before which there is no message.
    var needed = 0
    /// A message's body is being walked over.
    var hasBody = false
    /// Bytes were lost, and no message was seen since.
    var mayBeInside = false
  }

  package private(set) var messages: [ExpectedMessage] = []
  package private(set) var violations: [String] = []
  /// Set when the parser gave the conversation up; nothing is fed to it after that.
  package private(set) var error: ParseError?
  /// Set when the parser handed the conversation over; likewise.
  package private(set) var successor: Successor?

  /// Of each message: what it speaks, and its id.
  package private(set) var speaks: [ApplicationProtocol?] = []
  private var exchanges: [UInt64?] = []
  private var parser: any ProtocolParser
  private var directions = [Direction(), Direction()]
  private var desk: Desk
  private var requests: OpenRequests

  package init(
    _ kind: any ProtocolKind, transport: TransportProtocol = .tcp,
    privacy: PrivacyRules = PrivacyRules()
  ) {
    parser = kind.makeParser(ConversationContext(transport: transport, privacy: privacy))
    desk = Desk(privacy: privacy)
    requests = OpenRequests(kind.descriptor)
  }

  /// Hands over what `side` sent next. `isFinal` says that nothing which follows it will be seen.
  package mutating func feed(_ bytes: [UInt8], from side: Side, isFinal: Bool = false) {
    guard successor == nil else { return }
    let index = Int(side.rawValue)
    directions[Int(side.other.rawValue)].waitsForTurn = false
    directions[index].pending += bytes
    drain(index, side, isFinal: isFinal)
  }

  /// Tells the parser that bytes of `side` are missing here.
  package mutating func lose(from side: Side) {
    directions[Int(side.rawValue)] = Direction(mayBeInside: true)
    parser.bytesWereLost(from: side)
    requests.lose(from: side)
  }

  /// Tells the parser that bytes are missing here that belong to the message that was read last, as far
  /// as it goes.
  package mutating func loseWithin(from side: Side) {
    let index = Int(side.rawValue)
    parser.bytesWereLost(from: side)
    requests.lose(from: side)
    directions[index].mayBeInside = true
    if directions[index].hasBody { directions[index].waitsForTurn = true }
    directions[index].hasBody = false
    directions[index].pending = []
    directions[index].toSkip = 0
  }

  /// Tells the parser that nobody waits for answers but to the last request.
  package mutating func forgetEarlierRequests() { requests.forgetAllButLast() }

  /// Bytes that wait for more; both sides together.
  package var unreadCount: Int { directions[0].pending.count + directions[1].pending.count }

  private mutating func drain(_ index: Int, _ side: Side, isFinal: Bool) {
    while error == nil, successor == nil {
      let skipped = min(directions[index].toSkip, directions[index].pending.count)
      directions[index].toSkip -= skipped
      directions[index].pending.removeFirst(skipped)
      let seeksEnd = directions[index].waitsForTurn && parser.seeksEnd(from: side)
      if directions[index].waitsForTurn, !seeksEnd { directions[index].pending.removeAll() }
      let bytes = directions[index].pending
      if bytes.isEmpty { return }
      let step: ParseStep
      do throws(ParseError) {
        step = try ask(StreamView(bytes.span, isFinal: isFinal || seeksEnd), side)
      } catch {
        if directions[index].mayBeInside {
          directions[index].pending.removeAll()
          directions[index].needed = 0
          return
        }
        self.error = error
        if error.offset < 0 || error.offset > bytes.count {
          violations.append("an error at \(error.offset) of \(bytes.count) bytes")
        }
        return
      }
      guard take(step, index, of: bytes.count, isFinal: isFinal || seeksEnd) else { return }
    }
  }

  /// Asks the parser about the front of `view`.
  private mutating func ask(
    _ view: borrowing StreamView, _ side: Side
  ) throws(ParseError) -> ParseStep {
    desk.clear()
    requests.lay(on: &desk, for: side)
    desk.mayBeInside = directions[Int(side.rawValue)].mayBeInside
    let step = try parser.nextMessage(in: view, from: side, on: &desk)
    guard case .lookUp(let id) = step else { return step }
    desk.answer(id, with: requests.asked(id, answeredBy: side))
    let answer = try parser.nextMessage(in: view, from: side, on: &desk)
    if case .lookUp = answer { violations.append("asked twice for one answer") }
    return answer
  }

  /// Acts on `step`, made of `count` bytes; false when there is nothing more to read now.
  private mutating func take(
    _ step: ParseStep, _ index: Int, of count: Int, isFinal: Bool
  ) -> Bool {
    if !isFinal, count < directions[index].needed {
      if case .needMore = step {} else { violations.append("did with less than it wanted") }
    }
    directions[index].needed = 0
    switch step {
    case .needMore(let wanted):
      directions[index].needed = wanted
      if wanted > 0, wanted <= count { violations.append("wants \(wanted) bytes and has \(count)") }
      if isFinal {
        violations.append("asked for more than a final view")
        directions[index].pending.removeAll()
      }
      return false
    case .skip(let length):
      return advance(length, index, "a skip")
    case .body(let length, let isLast):
      if !directions[index].hasBody { violations.append("a body of no message") }
      if isLast, length > count { violations.append("a body's end beyond the view") }
      if isLast { directions[index].hasBody = false }
      return advance(length, index, "a body")
    case .end(let length):
      // Behind lost bytes it may be that of the message which they were of.
      if !directions[index].hasBody, !directions[index].waitsForTurn,
        !directions[index].mayBeInside
      {
        violations.append("the end of no message")
      }
      if length > count { violations.append("an end beyond the view") }
      check(desk.message)
      let outcome = ExpectedMessage(desk.message, desk.fields)
      if let last = messages.lastIndex(where: { $0.kind == .response }) {
        messages[last].conclude(outcome)
      }
      directions[index].hasBody = false
      directions[index].waitsForTurn = false
      directions[index].mayBeInside = false
      return advance(length, index, "an end")
    case .more(let length, let ends):
      check(desk.message)
      let half = messages.indices.last {
        messages[$0].kind == desk.message.kind && exchanges[$0] == desk.message.exchange
      }
      if let half { messages[half].add(ExpectedMessage(desk.message, desk.fields), ends: ends) }
      return length == 0 || advance(length, index, "a piece")
    case .lookUp:
      return false
    case .handOver(let length, let successor):
      self.successor = successor
      directions = [Direction(), Direction()]
      return length == 0 || advance(length, index, "what is handed over")
    case .message(let length):
      return takeMessage(length, index, of: count)
    }
  }

  /// Takes the message on the desk.
  private mutating func takeMessage(_ length: MessageLength, _ index: Int, of count: Int) -> Bool {
    check(desk.message)
    directions[index].hasBody = false
    directions[index].mayBeInside = length == .untilTurn
    let side: Side = index == 0 ? .client : .server
    let number = requests.take(desk.message, from: side, untilTurn: length == .untilTurn)
    var message = ExpectedMessage(desk.message, desk.fields)
    message.requestID = message.requestID ?? number
    messages.append(message)
    exchanges.append(desk.message.exchange)
    speaks.append(desk.message.speaks)
    switch length {
    case .bytes(0):
      return true
    case .bytes(let length):
      return advance(length, index, "a message")
    case .head(let length):
      if length > count { violations.append("a head beyond the view") }
      directions[index].hasBody = true
      return advance(length, index, "a head")
    case .untilTurn:
      directions[index].waitsForTurn = true
      directions[index].pending.removeAll()
      return false
    }
  }

  private mutating func advance(_ count: Int, _ index: Int, _ what: String) -> Bool {
    guard count >= 1, count <= Int.max / 2 else {
      violations.append("\(what) of \(count) bytes")
      directions[index].pending.removeAll()
      return false
    }
    directions[index].toSkip = count
    return true
  }

  private mutating func check(_ message: Message) {
    let end = desk.fields.count
    if end > FieldBuffer.capacity { violations.append("\(end) bytes of texts") }
    var texts = message.texts
    var stray: [Text] = []
    texts.visit { _, text in
      if Int(text.length) > FieldBuffer.textLimit || Int(text.offset) + Int(text.length) > end {
        stray.append(text)
      }
    }
    if !stray.isEmpty { violations.append("texts outside of the fields: \(stray)") }
    if let length = message.length, length < 0 { violations.append("a length of \(length)") }
  }
}
