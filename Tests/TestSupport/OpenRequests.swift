// SPDX-License-Identifier: Apache-2.0

import Protocols

/// What was asked and is not answered yet, as the agent keeps it for parsers.
struct OpenRequests: Sendable {
  private struct Request: Sendable {
    var side: Side
    var exchange: UInt64?
    var note: UInt64
    var number: UInt64
  }

  let isByOrder: Bool
  private let readsTornAnswers: Bool
  /// Oldest first.
  private var requests: [Request] = []
  private var number: UInt64 = 0
  /// The one that is left may have been answered, by bytes that were lost.
  private var isDoubtful = false

  init(_ descriptor: ProtocolDescriptor) {
    isByOrder = descriptor.pairing == .order
    readsTornAnswers = descriptor.readsTornAnswers
  }

  /// Lays out what there is for a parser that reads `side`.
  func lay(on desk: inout Desk, for side: Side) {
    desk.waiting = isDoubtful && side == .client ? 0 : requests.count
    let oldest = requests.first { $0.side != side }
    desk.oldest = oldest.map { .note($0.note) } ?? .nothing
  }

  func asked(_ exchange: UInt64, answeredBy side: Side) -> Asked {
    let request = requests.first { $0.side != side && $0.exchange == exchange }
    return request.map { .note($0.note) } ?? .nothing
  }

  /// Takes a message of `side`; the number of the request that it is, or answers, where their order tells.
  mutating func take(_ message: Message, from side: Side, untilTurn: Bool) -> UInt64? {
    switch message.kind {
    case .session: return nil
    case .request:
      if isDoubtful { requests.removeAll() }
      isDoubtful = false
      number += 1
      requests.append(
        Request(side: side, exchange: message.exchange, note: message.note, number: number))
      return isByOrder ? number : nil
    case .response:
      let answered = requests.firstIndex {
        $0.side != side && (isByOrder || $0.exchange == message.exchange)
      }
      let number = answered.map { requests[$0].number }
      if side == .server { isDoubtful = false }
      if let answered { requests.remove(at: answered) }
      if isByOrder, untilTurn { requests.removeAll { $0.side != side } }
      return isByOrder ? number : nil
    }
  }

  /// Bytes of `side` are missing.
  mutating func lose(from side: Side) {
    guard side == .server, isByOrder else { return }
    if requests.count > 1 || !readsTornAnswers { requests.removeAll() }
    isDoubtful = !requests.isEmpty
  }

  /// Nobody waits for answers but to the last request.
  mutating func forgetAllButLast() {
    requests.removeFirst(max(0, requests.count - 1))
    isDoubtful = false
  }
}
