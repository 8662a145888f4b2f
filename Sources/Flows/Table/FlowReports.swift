// SPDX-License-Identifier: Apache-2.0

import Telemetry

/// What flows tell, and when.
extension FlowTable {
  /// Does what time brings: ends flows that fell silent, reports those that go on, writes what is
  /// over. Call it a few times a second of the time that packets carry, before the packets of a new
  /// second.
  ///
  /// - Returns: whether it has come to `now`. It goes at most a second at a time while flows are open,
  ///   so that each ends in its own: release ``ended``, and call again until it has.
  mutating func advance(to now: Timestamp, into batch: inout RecordBatch) -> Bool {
    guard let from = clock else {
      clock = now
      return true
    }
    let ahead = now - from
    guard ahead > 0 else {
      return -ahead <= limits.reportInterval || goBack(to: now, into: &batch)
    }
    let step = count == 0 ? ahead : min(ahead, 1_000_000_000)
    let time = from + step
    clock = time
    sweep(step, at: time, into: &batch)
    closeSeconds(through: (time + -limits.lateness).seconds - 1, into: &batch)
    if time.seconds.window != from.seconds.window { writeSample(into: &batch) }
    return step == ahead
  }

  /// Ends everything, as time went back by so much that it is another time: of another file, or of a
  /// clock that was set.
  private mutating func goBack(to now: Timestamp, into batch: inout RecordBatch) -> Bool {
    guard count == 0 else {
      endAll()
      return false
    }
    flush(into: &batch)
    clock = now
    return true
  }

  /// Ends all flows, whose slots then stand in ``ended``. Release them, then ``flush(into:)``.
  mutating func finish(now: Timestamp, into batch: inout RecordBatch) {
    if let from = clock, from < now { clock = now }
    endAll()
  }

  private mutating func endAll() {
    for slot in flows.indices where flows[slot].use == .open {
      flows[slot].facts.note(FlowFacts.stopped)
      end(slot)
    }
  }

  /// Writes all intervals and held records: nothing will follow.
  mutating func flush(into batch: inout RecordBatch) {
    rollup.finish(into: &batch)
    writeSample(into: &batch)
  }

  /// Looks at as many slots as all of them have in a second, so that work does not come in heaps.
  private mutating func sweep(_ step: Int64, at now: Timestamp, into batch: inout RecordBatch) {
    guard openCount > 0 else { return }
    let share = Int64(flows.count) * min(step, 1_000_000_000) / 1_000_000_000
    for _ in 0..<min(Int(share) + 64, flows.count) {
      sweepHand = sweepHand + 1 < flows.count ? sweepHand + 1 : 0
      guard flows[sweepHand].use == .open else { continue }
      if isOver(sweepHand, silence: now - flows[sweepHand].last) {
        end(sweepHand)
      } else if now.nanoseconds >= flows[sweepHand].reportDue {
        reportProgress(sweepHand, now: now, into: &batch)
      }
    }
  }

  /// Opens the figures of a flow for the second of `time`, having counted those of an earlier one.
  mutating func openSecond(of slot: Int, at time: Timestamp) -> Int {
    if details[slot].reportStart == .max { details[slot].reportStart = time.nanoseconds }
    let place = flows[slot].second
    let number = rollup.open(time.seconds)
    let new = FlowSecond(
      flow: UInt32(slot), second: number,
      end: max(number, time.seconds).endOfSecond)
    if place != Pool<FlowSecond>.none, countSecond(Int(place)) {
      seconds.slots[Int(place)] = new
      return Int(place)
    }
    // Two places for each slot: there is always one.
    flows[slot].second = seconds.insert(new)
    return Int(flows[slot].second)
  }

  /// Counts the figures of a flow's second for its report and its pair. False when their place is
  /// now that of the report: the first second of one is the report.
  private mutating func countSecond(_ place: Int) -> Bool {
    let slot = Int(seconds.slots[place].flow)
    let second = seconds.slots[place].second
    if !flows[slot].facts.has(FlowFacts.joined) { joinPair(slot, second: second) }
    rollup.add(
      &seconds.slots[place].counters, client: flows[slot].clientDirection,
      score: flows[slot].directionScore, pair: details[slot].pair, second: second)
    let befallen = seconds.slots[place].incidents
    if befallen != Pool<FlowIncidents>.none {
      rollup.add(
        &incidents.slots[Int(befallen)], client: flows[slot].clientDirection,
        pair: details[slot].pair, second: second)
    }
    details[slot].add(&seconds.slots[place].counters)
    let report = details[slot].report
    guard report != Pool<FlowSecond>.none else {
      details[slot].report = UInt32(place)
      seconds.slots[place].flow = .max
      return false
    }
    var counters = seconds.slots[place].counters
    seconds.slots[Int(report)].counters.add(&counters)
    move(befallen, to: Int(report))
    return true
  }

  /// Adds what befell a flow in one second to its report.
  private mutating func move(_ befallen: UInt32, to report: Int) {
    guard befallen != Pool<FlowIncidents>.none else { return }
    let place = seconds.slots[report].incidents
    guard place != Pool<FlowIncidents>.none else {
      return seconds.slots[report].incidents = befallen
    }
    var moved = incidents.slots[Int(befallen)]
    incidents.slots[Int(place)].add(&moved)
    incidents.remove(befallen)
  }

  private mutating func joinPair(_ slot: Int, second: Int64) {
    let (client, server) = (flows[slot].client, flows[slot].server)
    let isPorted = flows[slot].hasPorts
    let pair = NetworkPair(
      client: client.address, server: server.address, serverPort: isPorted ? server.port : 0,
      transport: flows[slot].transport, tunnelType: flows[slot].tunnelType,
      observationPoint: flows[slot].observationPoint)
    let isNew = !flows[slot].facts.has(FlowFacts.counted)
    details[slot].pair = rollup.join(pair, second: second, isNew: isNew)
    guard details[slot].pair != .max else { return }
    flows[slot].facts.note(FlowFacts.joined | FlowFacts.counted)
  }

  /// Takes a flow out of the load of its pair: it ended so, or (nil) is of another pair from now on.
  mutating func leavePair(_ slot: Int, closing: CloseType?) {
    guard flows[slot].facts.has(FlowFacts.joined) else { return }
    flows[slot].facts.forget(FlowFacts.joined)
    let isTCP = flows[slot].transport.rawValue == TransportProtocol.tcp.rawValue
    let time = max(clock ?? flows[slot].last, flows[slot].last)
    rollup.leave(
      details[slot].pair, second: time.seconds, closing: closing.map { ($0, isTCP) })
    details[slot].pair = .max
  }

  private mutating func closeSecond(of slot: Int) {
    let place = flows[slot].second
    guard place != Pool<FlowSecond>.none else { return }
    flows[slot].second = Pool<FlowSecond>.none
    guard countSecond(Int(place)) else { return }
    seconds.slots[Int(place)].flow = .max
    seconds.remove(place)
  }

  private mutating func closeSeconds(through second: Int64, into batch: inout RecordBatch) {
    guard rollup.isOpen(second) else { return }
    for place in seconds.slots.indices
    where seconds.slots[place].flow != .max && seconds.slots[place].second <= second {
      closeSecond(of: Int(seconds.slots[place].flow))
    }
    rollup.close(through: second, into: &batch)
  }

  /// Writes the report of a flow that goes on, if there is anything to report.
  private mutating func reportProgress(
    _ slot: Int, now: Timestamp, into batch: inout RecordBatch
  ) {
    let late = now.nanoseconds &- flows[slot].reportDue
    let intervals = late / limits.reportInterval + 1
    flows[slot].reportDue &+= intervals &* limits.reportInterval
    closeSecond(of: slot)
    guard details[slot].report != Pool<FlowSecond>.none else { return }
    report(slot, .forcedReport, into: &batch)
    details[slot].reportStart = .max
    flows[slot].flags = BothWays(0)
  }

  /// Writes the last report of an ended flow and gives its slot back. Nothing happens for another.
  mutating func release(_ slot: Int, into batch: inout RecordBatch) {
    guard slot < flows.count, flows[slot].use == .ended else { return }
    closeSecond(of: slot)
    let type = flows[slot].closeType
    leavePair(slot, closing: type)
    report(slot, type, into: &batch)
    forgetGaps(slot: slot, direction: 0)
    forgetGaps(slot: slot, direction: 1)
    echoes.remove(details[slot].echoes)
    if details[slot].extra != Pool<FlowExtra>.none {
      domains.release(&extras.slots[Int(details[slot].extra)].domain)
      extras.remove(details[slot].extra)
    }
    flows[slot].use = .free
    free.append(UInt32(slot))
  }

  private mutating func report(
    _ slot: Int, _ type: CloseType, into batch: inout RecordBatch
  ) {
    var held = FlowSample.Held(
      record: record(slot, type), interface: flows[slot].interface, domain: TextPool.Chain())
    flows[slot].facts.note(FlowFacts.reported)
    if details[slot].report != Pool<FlowSecond>.none {
      incidents.remove(seconds.slots[Int(details[slot].report)].incidents)
      seconds.remove(details[slot].report)
      details[slot].report = Pool<FlowSecond>.none
    }
    let extra = details[slot].extra
    guard sample != nil else {
      if extra != Pool<FlowExtra>.none { held.domain = extras.slots[Int(extra)].domain }
      return write(&held, into: &batch)
    }
    if extra != Pool<FlowExtra>.none { copyDomain(of: Int(extra), into: &held.domain) }
    if var left = sample?.offer(held) {
      domains.release(&left.domain)
      flowTally.lose(.sampled)
    }
  }

  private mutating func copyDomain(of extra: Int, into chain: inout TextPool.Chain) {
    guard extras.slots[extra].domain.count > 0 else { return }
    var bytes: [UInt8] = []
    domains.copy(extras.slots[extra].domain, into: &bytes)
    _ = domains.append(bytes.span, to: &chain)
  }

  /// Writes the records of the window that is over.
  private mutating func writeSample(into batch: inout RecordBatch) {
    guard var window = sample.take() else { return }
    for index in window.held.indices {
      var held = window.held[index]
      write(&held, into: &batch)
      domains.release(&held.domain)
    }
    window.removeAll()
    sample = window
  }

  private mutating func write(_ held: inout FlowSample.Held, into batch: inout RecordBatch) {
    guard batch.flows.count < limits.batchFlows, batch.text.count < limits.batchTextBytes else {
      return flowTally.lose(.batchFull)
    }
    held.record.interfaceName = interfaces.writeName(of: held.interface, into: &batch)
    if held.domain.count > 0 {
      held.record.requestDomain = Text(
        offset: UInt32(batch.text.count), length: UInt32(held.domain.count))
      domains.copy(held.domain, into: &batch.text)
    }
    batch.flows.append(held.record)
    flowTally.pass()
  }
}

extension Int64 {
  /// Of a second: which window of ``FlowSample`` it lies in.
  fileprivate var window: Int64 { self >> 2 }

  /// Of a second: its end in nanoseconds.
  fileprivate var endOfSecond: Int64 { (self &+ 1) &* 1_000_000_000 }
}

extension Flow {
  fileprivate var hasPorts: Bool {
    transport.rawValue == TransportProtocol.tcp.rawValue
      || transport.rawValue == TransportProtocol.udp.rawValue
  }
}

extension FlowTable {
  /// The record of what the flow's report holds.
  private func record(_ slot: Int, _ type: CloseType) -> FlowRecord {
    let flow = flows[slot]
    let client = flow.clientDirection
    let start = min(details[slot].reportStart, flow.last.nanoseconds)
    var record = FlowRecord(
      transport: flow.transport, client: end(slot, client), server: end(slot, 1 - client),
      start: Timestamp(nanoseconds: start), end: flow.last)
    record.flow = flow.id
    record.observationPoint = flow.observationPoint
    record.applicationProtocol = details[slot].applicationProtocol
    record.closeType = type
    record.isNew = !flow.facts.has(FlowFacts.reported)
    record.directionScore = flow.directionScore
    record.networkNamespace = interfaces[flow.interface].networkNamespace
    record.interface = interfaces[flow.interface].index
    record.etherType = details[slot].etherType
    record.vlan = details[slot].vlan
    record.synSequence = details[slot].synSequence
    record.synAckSequence = details[slot].synAckSequence
    record.lastKeepaliveSequence = details[slot].keepaliveSequence
    record.lastKeepaliveAcknowledgement = details[slot].keepaliveAcknowledgement
    record.initialIPID = details[slot].identification[client]
    record.duration = UInt64(max(0, flow.last - details[slot].start)) / 1_000
    let report = details[slot].report
    if report != Pool<FlowSecond>.none {
      seconds.slots[Int(report)].counters.add(to: &record.figures, client: client)
      let befallen = seconds.slots[Int(report)].incidents
      if befallen != Pool<FlowIncidents>.none {
        incidents.slots[Int(befallen)].add(to: &record.figures, client: client)
      }
    }
    record.totalSentPackets = details[slot].totalPackets[client]
    record.totalReceivedPackets = details[slot].totalPackets[1 - client]
    record.totalSentBytes = details[slot].totalBytes[client]
    record.totalReceivedBytes = details[slot].totalBytes[1 - client]
    if details[slot].extra != Pool<FlowExtra>.none {
      let extra = Int(details[slot].extra)
      record.sentTunnel = extras.slots[extra].tunnel[client]
      record.receivedTunnel = extras.slots[extra].tunnel[1 - client]
    }
    return record
  }

  /// The sender of a direction.
  private func end(_ slot: Int, _ direction: Int) -> FlowEnd {
    let flow = flows[slot]
    var end = FlowEnd(
      address: direction == 0 ? flow.source : flow.destination,
      port: flow.hasPorts ? (direction == 0 ? flow.sourcePort : flow.destinationPort) : 0)
    end.linkAddress = details[slot].link[direction]
    end.flags = TCPFlags(rawValue: flow.flags[direction])
    end.isNearLink = details[slot].isNearLink[direction]
    end.isNearNetwork = details[slot].isNearNetwork[direction]
    if details[slot].extra != Pool<FlowExtra>.none {
      end.realAddress = extras.slots[Int(details[slot].extra)].realAddress[direction]
      end.realPort = extras.slots[Int(details[slot].extra)].realPort[direction]
    }
    return end
  }
}
