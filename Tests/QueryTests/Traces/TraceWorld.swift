// SPDX-License-Identifier: Apache-2.0

import TestSupport

@testable import Query

/// Requests through random services, recorded as agents do, with the truth beside.
struct TraceWorld {
  private struct Service {
    var pid: UInt64
    var agent: UInt64
    var kind: Kind
    var isThreadBound: Bool { kind == .threads }
  }

  private enum Kind: CaseIterable {
    /// A thread a request.
    case threads
    /// A reader hands work to others, and the `X-Request-ID` is carried on.
    case identifiers
    /// Likewise, but only what is asked for shows again.
    case tokens
  }

  private(set) var records = TraceRecords()
  /// The request that caused each call, by sequence number; nil for those that clients began.
  private(set) var parents: [UInt64: UInt64] = [:]
  /// The call of each record.
  private(set) var callOf: [UInt64: UInt64] = [:]
  private(set) var roots: [UInt64] = []
  private var services: [Service] = []
  private var nextCall: UInt64 = 1_000
  private var nextChain: UInt64 = 1
  private var nextThread: UInt64 = 1_000
  private var random: SeededGenerator
  /// What each worker read last, which its next call is said to follow upon.
  private var stale: [UInt64: (chain: UInt64, end: Int64)] = [:]
  /// By agent: how far its clock is ahead.
  private var clocks: [UInt64: Int64] = [1: 0]

  init(seed: UInt64, requests: Int) {
    random = SeededGenerator(seed: seed)
    for agent in 2...3 as ClosedRange<UInt64> {
      clocks[agent] = Int64.random(in: -2_000_000...2_000_000, using: &random)
    }
    for number in 0..<6 as Range<UInt64> {
      services.append(
        Service(
          pid: 100 + number, agent: 1 + number % 3,
          kind: Kind.allCases.randomElement(using: &random) ?? .threads))
    }
    for _ in 0..<requests {
      let start = 10_000_000 + Int64.random(in: 0...20_000, using: &random)
      roots.append(nextCall)
      let client = TraceRecord.Party.process(7, thread: 7)
      call(
        0, from: client, fromAgent: 1, at: start, chains: (0, 0), parent: nil,
        identifier: "", token: "", path: [])
    }
  }

  private mutating func chain() -> UInt64 {
    nextChain += 1
    return nextChain
  }

  /// Records a call to one of the services and all that it causes.
  ///
  /// - Returns: When its client had the answer, by the true clock.
  @discardableResult
  private mutating func call(
    _ depth: Int, from: TraceRecord.Party, fromAgent: UInt64, at start: Int64,
    chains: (UInt64, UInt64), parent: UInt64?, identifier: String, token: String, path: Set<Int>
  ) -> Int64 {
    let number = nextCall
    nextCall += 2
    parents[number] = parent
    let free = services.indices.filter { !path.contains($0) }
    let index = free.randomElement(using: &random) ?? 0
    let service = services[index]
    let arrival = start + Int64.random(in: 20...300, using: &random)
    let id = identifier.isEmpty ? "request-\(number)" : identifier
    let thing = token.isEmpty ? "thing-\(number)" : token
    var time = arrival
    // Ordinary threads read, call and reply; a reader hands over, and workers call.
    let (read, thread) = (chain(), service.isThreadBound ? newThread() : 1)
    let worker = service.isThreadBound ? thread : UInt64.random(in: 2...4, using: &random)
    var last = service.isThreadBound ? read : 0
    if !service.isThreadBound, let left = stale[service.pid << 8 | worker], left.end <= time {
      last = left.chain
    }
    let count = depth >= 3 || free.count < 2 ? 0 : Int.random(in: 0...3, using: &random)
    for _ in 0..<count {
      time += Int64.random(in: 5...200, using: &random)
      let next = chain()
      time = call(
        depth + 1, from: .process(service.pid, thread: worker), fromAgent: service.agent,
        at: time, chains: (last, next), parent: number,
        identifier: service.kind == .identifiers ? id : "",
        token: service.kind == .tokens ? thing : "", path: path.union([index]))
      last = next
      stale[service.pid << 8 | worker] = (next, time)
    }
    time += Int64.random(in: 5...200, using: &random)
    // A loop replies for the workers as often as they do themselves.
    let isOwnReply = service.isThreadBound || Bool.random(using: &random)
    if isOwnReply { stale[service.pid << 8 | worker] = nil }
    let reply = isOwnReply ? last : chain()
    // Only who carries ids on gives requests some that have none.
    let carried = identifier.isEmpty && service.kind != .identifiers ? "" : id
    let end = time + Int64.random(in: 20...300, using: &random)
    record(
      number, "s-p", arrival...time, service.agent, to: .process(service.pid, thread: thread),
      chains: (read, reply), identifier: carried, resource: "/a/\(thing)")
    record(
      number, "c-p", start...end, fromAgent, from: from, chains: chains, identifier: carried,
      resource: "/a/\(thing)")
    return end
  }

  private mutating func newThread() -> UInt64 {
    nextThread += 1
    return nextThread
  }

  private mutating func record(
    _ call: UInt64, _ point: String, _ time: ClosedRange<Int64>, _ agent: UInt64,
    from: TraceRecord.Party = .init(), to: TraceRecord.Party = .init(), chains: (UInt64, UInt64),
    identifier: String, resource: String
  ) {
    let ahead = clocks[agent] ?? 0
    let id = records.add(
      point, call: call, time.lowerBound + ahead...time.upperBound + ahead, agent: agent,
      from: from, to: to, chains: chains, identifier: identifier, resource: resource)
    callOf[id] = call
  }
}
