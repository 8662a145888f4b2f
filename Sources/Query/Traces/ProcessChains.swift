// SPDX-License-Identifier: Apache-2.0

/// Which request the calls of a process are made for, as the chains of its threads say.
///
/// What a thread reads begins a chain, and what it sends next is in it (``Flows/ThreadChains``). So the
/// first call for a request shares a chain with the request, the second one with the first one's
/// response, and the last one's response with the reply. From a call one can go both ways: a chain that
/// leads from the request over all calls to the reply is closed, and the thread did nothing else
/// meanwhile. Work that is handed to another thread leaves chains open, and an idle worker's next call
/// follows upon the last one of the request before it: so an open chain is no more than a hint.
struct ProcessChains {
  /// Where a way along a chain ends.
  private struct Origin: Hashable {
    var request: Int
    /// Calls between.
    var distance: Int
  }

  private struct Key: Hashable {
    var process: TraceProcess
    var chain: UInt64
  }

  private let calls: [TraceCall]
  private var byRequest: [Key: [Int]] = [:]
  private var byReply: [Key: [Int]] = [:]
  private var madeByRequest: [Key: [Int]] = [:]
  private var madeByResponse: [Key: [Int]] = [:]
  private let load: ThreadLoad
  /// By call: what is found on the way back to the request, and on to the reply.
  private var back = Ways(0)
  private var ahead = Ways(0)

  private struct Ways {
    var origins: [Origin?]
    var isWalked: [Bool]

    init(_ count: Int) {
      origins = Array(repeating: nil, count: count)
      isWalked = Array(repeating: false, count: count)
    }
  }

  init(_ calls: [TraceCall], isWhole: Bool) {
    self.calls = calls
    load = ThreadLoad(calls, isWhole: isWhole)
    for (index, call) in calls.enumerated() {
      if let receiver = call.receiver, let process = receiver.process {
        Self.add(index, &byRequest, process, receiver.chain)
      }
      if let served = call.served, let process = served.callee, !call.isReceipt {
        Self.add(index, &byRequest, process, served.requestChain)
        Self.add(index, &byReply, process, served.responseChain)
      }
      if let made = call.made, let process = made.caller {
        Self.add(index, &madeByRequest, process, made.requestChain)
        Self.add(index, &madeByResponse, process, made.responseChain)
      }
    }
    var (back, ahead) = (Ways(calls.count), Ways(calls.count))
    for index in calls.indices where calls[index].made?.caller != nil {
      walk(from: index, &back, origin(behind:), predecessor(of:))
      walk(from: index, &ahead, origin(before:), successor(of:))
    }
    (self.back, self.ahead) = (back, ahead)
  }

  private static func add(
    _ index: Int, _ map: inout [Key: [Int]], _ process: TraceProcess, _ chain: UInt64
  ) {
    if chain != 0 { map[Key(process: process, chain: chain), default: []].append(index) }
  }

  /// What the chains say of the call at `index`; nil where they say nothing.
  func cause(of index: Int) -> (request: Int, evidence: TraceEvidence)? {
    let (first, second) = (back.origins[index], ahead.origins[index])
    // Who fetches more is done with what was fetched before.
    if Messaging.isFetch(calls[index].outer.text),
      [first, second].contains(where: { $0.map { calls[$0.request].isReceipt } ?? false })
    {
      return nil
    }
    if let first, calls[first.request].isReceipt {
      let over = first.distance == 0 ? "" : ", with \(first.distance) other calls between"
      return (
        first.request,
        TraceEvidence(
          .chain, "a thread made this call behind the message that it had received" + over,
          first.distance == 0 ? 0.9 : 0.85)
      )
    }
    switch (first, second) {
    case (nil, nil): return nil
    case (let first?, let second?) where first.request == second.request:
      let isAlone = load.isAlone(first.request, calls, during: index)
      let text =
        isAlone
        ? "one thread read the request, made this call and replied, and served nothing else"
        : "one thread read the request, made this call and replied, and may have served others too"
      return (first.request, TraceEvidence(.chain, text, isAlone ? 1 : 0.95))
    case (let first?, let second?):
      // Two requests: whichever is nearer, and with little trust.
      let isFirst = first.distance < second.distance
      return (
        (isFirst ? first : second).request,
        TraceEvidence(
          .chain, "the thread’s chain leads to two requests; this one is nearer", Self.weak)
      )
    case (let first?, nil):
      return (first.request, open(index, first, isReply: false))
    case (nil, let second?):
      return (second.request, open(index, second, isReply: true))
    }
  }

  /// Too little to make an edge by itself.
  private static let weak = 0.3

  private func open(_ index: Int, _ origin: Origin, isReply: Bool) -> TraceEvidence {
    let isAlone = load.isAlone(origin.request, calls, during: index)
    // A worker that replies itself is no event loop, though another thread read the request.
    let isWorker =
      calls[index].made?.maker.thread != calls[origin.request].served?.servant.thread
    let confidence =
      switch (origin.distance, isAlone) {
      case (0, true): 0.9
      case (0, false): isReply && isWorker ? 0.9 : 0.5
      case (_, true): 0.85
      case (_, false): Self.weak
      }
    let what =
      isReply
      ? "a thread replied to the request behind this call’s response"
      : "a thread sent this call behind the request that it had read"
    let over = origin.distance == 0 ? "" : ", with \(origin.distance) other calls between"
    let others = isAlone || isReply && isWorker ? "" : "; it served other requests meanwhile"
    return TraceEvidence(.chain, what + over + others, confidence)
  }

  // MARK: Going along

  /// Remembers where the way from `index` ends, for each call on it. A way that runs in a ring, as
  /// damaged rows may make it, ends nowhere.
  private func walk(
    from index: Int, _ ways: inout Ways, _ origin: (Int) -> Int?, _ next: (Int) -> Int?
  ) {
    var way: [Int] = []
    var onWay: Set<Int> = []
    var here = index
    var end: Origin?
    while !ways.isWalked[here], onWay.insert(here).inserted {
      way.append(here)
      if let request = origin(here) {
        end = Origin(request: request, distance: 0)
        break
      }
      guard let further = next(here) else { break }
      here = further
      if ways.isWalked[here], let known = ways.origins[here] {
        end = Origin(request: known.request, distance: known.distance + 1)
      }
    }
    for (place, call) in way.enumerated() {
      ways.isWalked[call] = true
      guard let end, covers(end.request, call) else { continue }
      ways.origins[call] = Origin(
        request: end.request, distance: end.distance + way.count - 1 - place)
    }
  }

  private func origin(behind index: Int) -> Int? {
    guard let made = calls[index].made, let process = made.caller, made.requestChain != 0 else {
      return nil
    }
    return only(byRequest[Key(process: process, chain: made.requestChain)], covering: index)
  }

  private func origin(before index: Int) -> Int? {
    guard let made = calls[index].made, let process = made.caller, made.responseChain != 0 else {
      return nil
    }
    return only(byReply[Key(process: process, chain: made.responseChain)], covering: index)
  }

  /// Requests that were read at one go share a chain: then it says nothing.
  private func only(_ requests: [Int]?, covering index: Int) -> Int? {
    guard let requests, requests.count == 1, covers(requests[0], index) else { return nil }
    return requests[0]
  }

  private func predecessor(of index: Int) -> Int? {
    guard let made = calls[index].made, let process = made.caller, made.requestChain != 0 else {
      return nil
    }
    let all = madeByResponse[Key(process: process, chain: made.requestChain)] ?? []
    let found = all.first { $0 != index && (calls[$0].made?.end ?? .max) <= made.start }
    // What comes behind a fetch that brought nothing has to do with nothing before it.
    return found.flatMap { Messaging.isFetch(calls[$0].outer.text) ? nil : $0 }
  }

  private func successor(of index: Int) -> Int? {
    guard let made = calls[index].made, let process = made.caller, made.responseChain != 0 else {
      return nil
    }
    let all = madeByRequest[Key(process: process, chain: made.responseChain)] ?? []
    return all.first { $0 != index && (calls[$0].made?.start ?? .min) >= made.end }
  }

  /// Whether the request at `request` was being served when the call at `index` was made. One host has
  /// one clock.
  private func covers(_ request: Int, _ index: Int) -> Bool {
    guard request != index, let made = calls[index].made else { return false }
    // Who receives a message works on it when it is there, for as long as it takes.
    if let receiver = calls[request].receiver { return made.start >= receiver.time }
    guard let served = calls[request].served else { return false }
    return served.start <= made.start && made.start <= served.end
  }
}
