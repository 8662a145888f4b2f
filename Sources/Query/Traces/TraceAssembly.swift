// SPDX-License-Identifier: Apache-2.0

/// Makes a trace of records: the same of the same records, in whatever order they come.
enum TraceAssembly {
  /// Calls that a trace tells at most.
  static let mostCalls = 10_000

  /// - Parameters:
  ///   - seeds: Ids of the records that were asked for. Records that have nothing to do with them are
  ///     left out.
  /// - Returns: Nil when none of the seeds is there.
  static func trace(
    _ records: [TraceRecord], seeds: Set<UInt64>, seconds: ClosedRange<Int64>
  ) -> Trace? {
    guard let origin = origin(records, seeds) else { return nil }
    return trace(TraceForest(records, origin: origin), seeds: seeds, seconds: seconds)
  }

  /// The agent whose clock counts: the first seed's.
  static func origin(_ records: [TraceRecord], _ seeds: Set<UInt64>) -> UInt64? {
    records.filter { seeds.contains($0.id) }
      .min { ($0.start, $0.id) < ($1.start, $1.id) }?.agent
  }

  static func trace(
    _ forest: TraceForest, seeds: Set<UInt64>, seconds: ClosedRange<Int64>
  ) -> Trace? {
    let entries = forest.entries(seeds)
    guard let entry = entries.first else { return nil }
    var trace = trace(
      forest, roots: forest.roots(of: entries), entry: entry, seconds: seconds)
    if forest.duplicates > 0 {
      trace.notes.append("\(forest.duplicates) records were there twice and count once.")
    }
    return trace
  }

  /// - Parameters:
  ///   - roots: The trees of the trace, that of `entry` first.
  ///   - entry: The call that was asked for.
  static func trace(
    _ forest: TraceForest, roots: [Int], entry: Int, seconds: ClosedRange<Int64>
  ) -> Trace {
    var order = roots.flatMap(forest.tree)
    let all = order.count
    var notes: [String] = []
    if all > mostCalls {
      order = Array(order.prefix(mostCalls))
      notes.append(
        "It has \(all) calls; the first \(mostCalls) are told, each behind the call that caused it."
      )
    }
    let places = Dictionary(uniqueKeysWithValues: order.enumerated().map { ($1.call, $0) })
    var nodes = order.map { forest.node($0.call, depth: $0.depth, places: places) }
    time(&nodes, order.map(\.call), forest, places, entry: forest.root(of: entry))
    let agents = Set(nodes.flatMap { $0.hops.map(\.agent) })
    let clocks = forest.clocks.told.filter { agents.contains($0.agent) }
    notes += clocks.map(note)
    return Trace(
      calls: nodes, entry: places[entry] ?? 0, start: nodes.map(\.start).min() ?? 0,
      end: nodes.map(\.end).max() ?? 0, clocks: clocks, notes: notes,
      isCut: all > mostCalls, seconds: seconds)
  }

  private static func note(_ clock: ClockShift) -> String {
    let milliseconds = (Double(clock.shift) / 100).rounded() / 10
    return
      "The clock of agent \(clock.agent) differs: its times were shifted by \(milliseconds) ms, "
      + "so that no call arrives before it was sent."
  }

  private static func time(
    _ nodes: inout [TraceNode], _ calls: [Int], _ forest: TraceForest, _ places: [Int: Int],
    entry: Int
  ) {
    func range(_ record: TraceRecord) -> ClosedRange<Int64> {
      let start = forest.clocks.start(record)
      return start...max(start, forest.clocks.end(record))
    }
    let times = TraceTimes(
      outer: calls.map { range(forest.calls[$0].outer) },
      inner: calls.map { range(forest.calls[$0].inner) },
      children: calls.map { forest.children[$0].compactMap { places[$0] } })
    for place in nodes.indices where nodes[place].duration != nil {
      nodes[place].selfTime = times.selfTime(place)
    }
    for (place, own) in times.criticalPath(places[entry] ?? 0) { nodes[place].criticalTime = own }
  }
}

extension TraceForest {
  /// The calls of which a record was asked for, the first one first.
  func entries(_ seeds: Set<UInt64>) -> [Int] {
    calls.indices.filter { calls[$0].records.contains { seeds.contains($0.id) } }
      .sorted {
        (clocks.start(calls[$0].outer), calls[$0].id) < (
          clocks.start(calls[$1].outer), calls[$1].id
        )
      }
  }

  /// - Parameter places: Where each call that is told stands.
  fileprivate func node(_ index: Int, depth: Int, places: [Int: Int]) -> TraceNode {
    let call = calls[index]
    let (outer, inner) = (call.outer, call.inner)
    let cause = causes[index]
    let start = clocks.start(outer)
    let client = outer.client.isProcess ? outer.client : inner.client
    var server = inner.server.isProcess || !outer.server.isProcess ? inner.server : outer.server
    if server.service.isEmpty { server = outer.server }
    let whole = call.records.first { $0.seen.duration != nil }
    return TraceNode(
      id: call.id, parent: cause.flatMap { places[$0.parent] }, depth: depth,
      evidence: cause?.evidence ?? [], confidence: cause?.confidence,
      missing: cause == nil ? missing(index) : nil, start: start,
      end: max(start, clocks.end(outer)),
      duration: whole?.seen.duration.map { Int64(clamping: $0) },
      serverDuration: call.records.last(where: \.isServerProcess)?.seen.duration.map {
        Int64(clamping: $0)
      },
      hops: call.records.map(hop),
      client: TraceEnd(
        service: client.service.isEmpty ? outer.client.service : client.service,
        address: outer.clientAddress, port: outer.clientPort,
        process: call.records.first(where: \.isClientProcess)?.client.process ?? client.process),
      server: TraceEnd(
        service: server.service, address: inner.serverAddress, port: inner.serverPort,
        process: call.records.last(where: \.isServerProcess)?.server.process ?? server.process),
      text: (whole ?? outer).text,
      trace: call.records.lazy.map(\.trace).first { !$0.isEmpty } ?? "",
      identifier: call.records.lazy.compactMap(\.identifiers.first).first ?? "")
  }

  private func hop(_ record: TraceRecord) -> TraceHop {
    TraceHop(
      id: record.id, agent: record.agent, point: record.seen.point, start: clocks.start(record),
      duration: record.seen.duration.map { Int64(clamping: $0) })
  }

  /// Why the root at `index` has no cause.
  private func missing(_ index: Int) -> String {
    let call = calls[index]
    if wouldBeRings.contains(index) {
      return "All that could have caused it was caused by it: ids or clocks contradict each other."
    }
    if call.isTold {
      return call.outer.parentSpan.isEmpty
        ? "It is a span that its application told, and names no parent."
        : "Its application told it with the parent \(call.outer.parentSpan), of which nothing is known: it was "
          + "not sent, not sampled, or is not here yet."
    }
    if call.isReceipt {
      return call.message?.run == nil
        ? "It brings a message, and nothing was seen that sent it: the sender is not watched, or sent it "
          + "more than 15 minutes before."
        : "It brings messages that several sent, or nothing was seen that sent them: the sender is not "
          + "watched, or sent them more than 15 minutes before."
    }
    guard let made = call.made else {
      return
        "No agent saw it at its client’s process, and no other call that was being served carries "
        + "its ids."
    }
    guard let process = made.caller else {
      return "It comes from a source that names no process, and no other call carries its ids."
    }
    let served = (requests[process] ?? []).count { $0.contains(made.start) }
    let name = made.maker.service.isEmpty ? "its client" : made.maker.service
    if served == 0 {
      return
        "No request was seen that \(name) (pid \(process.pid)) was serving when it made this call: "
        + "it began here, or the record was lost."
    }
    let many = served == 1 ? "1 request was" : "\(served) requests were"
    return
      "\(many) being served by \(name) (pid \(process.pid)) then, and nothing joins them to it: "
      + "no id is carried on, and no thread read the request and made the call next, which handing work "
      + "to another thread ends."
  }
}
