// SPDX-License-Identifier: Apache-2.0

internal import Telemetry

/// What is asked for next: the keys of records that were found, each once.
struct TraceKeys {
  /// The same keys as the index has them.
  private(set) var hashes: Set<UInt32> = []
  /// Of calls whose request was not seen: those of others are not in the index by their responses.
  private var halves: Set<UInt64> = []
  private var requestSequences: Set<UInt64> = []
  private var responseSequences: Set<UInt64> = []
  private var datagrams: Set<UInt64> = []
  private var traces: Set<String> = []
  private var identifiers: Set<String> = []
  private var chains: [UInt64: Set<UInt64>] = [:]
  /// Conditions that find the other sides of messages.
  private var messages: Set<String> = []
  /// By process, when it served requests or made calls.
  private var serving: [TraceProcess: [ClosedRange<Int64>]] = [:]
  private var calling: [TraceProcess: [ClosedRange<Int64>]] = [:]
  /// Keys in one condition, and conditions in one statement.
  private static let mostKeys = 1_000
  private static let mostConditions = 40
  /// Of conditions in one statement, which may have 64 KiB in all.
  private static let mostBytes = 24_000

  /// Takes the keys of `record` that are not in `asked` yet.
  mutating func add(_ record: TraceRecord, asked: inout Set<String>) {
    let seen = record.seen
    if seen.requestSequence != 0 { requestSequences.insert(seen.requestSequence) }
    if seen.responseSequence != 0 {
      responseSequences.insert(seen.responseSequence)
      if seen.requestSequence == 0 { halves.insert(seen.responseSequence) }
    }
    hashes.formUnion(Self.hashes(of: record))
    if let id = seen.requestID, seen.requestSequence == 0, seen.responseSequence == 0 {
      datagrams.insert(id)
    }
    if !record.trace.isEmpty, asked.insert("t" + record.trace).inserted {
      traces.insert(record.trace)
    }
    for text in record.identifiers where asked.insert("x" + text).inserted {
      identifiers.insert(text)
    }
    if let condition = record.message?.condition, asked.insert("m" + condition).inserted {
      messages.insert(condition)
    }
    guard record.agent != 0 else { return }
    for chain in [record.requestChain, record.responseChain]
    where chain != 0 && asked.insert("c\(record.agent) \(chain)").inserted {
      chains[record.agent, default: []].insert(chain)
    }
    let time = record.start...max(record.start, record.end)
    // Both ends of a connection inside the host are known at either of them.
    if record.server.process != 0 {
      let process = TraceProcess(agent: record.agent, pid: record.server.process)
      serving[process, default: []].append(time)
    }
    if record.client.process != 0 {
      let process = TraceProcess(agent: record.agent, pid: record.client.process)
      calling[process, default: []].append(time)
    }
  }

  /// Microseconds between two stretches of time that are asked for as one.
  private static let gap: Int64 = 20_000

  /// The stretches in their order, those that touch as one.
  static func merged(_ times: [ClosedRange<Int64>]) -> [ClosedRange<Int64>] {
    var merged: [ClosedRange<Int64>] = []
    for time in times.sorted(by: { $0.lowerBound < $1.lowerBound }) {
      if let last = merged.last, time.lowerBound <= last.upperBound + gap {
        merged[merged.count - 1] = last.lowerBound...max(last.upperBound, time.upperBound)
      } else {
        merged.append(time)
      }
    }
    return merged
  }

  /// Conditions for a few statements that ask for what is joined by ids and numbers.
  var exact: [String] {
    let all =
      Self.numbers("req_tcp_seq", requestSequences)
      + Self.numbers("resp_tcp_seq", responseSequences)
      + Self.numbers("request_id", datagrams).map {
        "(req_tcp_seq = 0 AND resp_tcp_seq = 0 AND \($0))"
      }
      + Self.texts(["trace_id"], traces)
      + Self.texts(["x_request_id_0", "x_request_id_1"], identifiers)
      + chains.sorted { $0.key < $1.key }.flatMap { agent, chains in
        Self.numbers("syscall_trace_id_request", chains).map { "(agent_id = \(agent) AND \($0))" }
          + Self.numbers("syscall_trace_id_response", chains).map {
            "(agent_id = \(agent) AND \($0))"
          }
      }
    return Self.joined(all)
  }

  /// Likewise, for what was sent or received by way of brokers, which may be long before or after.
  var byBroker: [String] { Self.joined(messages.sorted()) }

  /// Likewise, for what the processes made and served meanwhile, which may be much.
  var meanwhile: [String] {
    Self.joined(
      Self.processes("c-p", "process_id_0", serving)
        + Self.processes("s-p", "process_id_1", calling))
  }

  /// What the index does not say.
  var besidesIndex: [String] { Self.joined(Self.numbers("resp_tcp_seq", halves)) }

  /// A record's keys, as ``TraceKey`` has them.
  static func hashes(of record: TraceRecord) -> [UInt32] {
    let seen = record.seen
    var all: [TraceKey] = []
    if seen.requestSequence != 0 { all.append(TraceKey(.request, seen.requestSequence)) }
    if seen.responseSequence != 0 { all.append(TraceKey(.response, seen.responseSequence)) }
    if let id = seen.requestID, seen.requestSequence == 0, seen.responseSequence == 0 {
      all.append(TraceKey(.datagram, id))
    }
    if record.agent != 0 {
      for chain in [record.requestChain, record.responseChain] where chain != 0 {
        all.append(TraceKey(.chain, chain, agent: record.agent))
      }
    }
    if !record.trace.isEmpty { all.append(TraceKey(.trace, record.trace)) }
    all += record.identifiers.map { TraceKey(.identifier, $0) }
    return all.map(\.hash)
  }

  /// As few statements as there may be: one has at most so many conditions, and bytes of them.
  private static func joined(_ conditions: [String]) -> [String] {
    var all: [[String]] = []
    var bytes = 0
    for condition in conditions {
      let size = condition.utf8.count
      if let last = all.indices.last, all[last].count < mostConditions, bytes + size <= mostBytes {
        all[last].append(condition)
        bytes += size
      } else {
        all.append([condition])
        bytes = size
      }
    }
    return all.map { $0.joined(separator: " OR ") }
  }

  private static func parts<Element>(_ all: [Element], _ most: Int) -> [[Element]] {
    stride(from: 0, to: all.count, by: most).map { Array(all[$0..<min(all.count, $0 + most)]) }
  }

  private static func numbers(_ column: String, _ values: Set<UInt64>) -> [String] {
    parts(values.sorted(), mostKeys).map { part in
      "\(column) IN (\(part.map(String.init).joined(separator: ", ")))"
    }
  }

  private static func texts(_ columns: [String], _ values: Set<String>) -> [String] {
    // Long ones are quoted, and so may be twice as long.
    let most = max(1, min(mostKeys / 20, mostBytes / 2 / (values.map(\.utf8.count).max() ?? 1)))
    return parts(values.sorted(), most).flatMap { part in
      columns.map { "\($0) IN \(CallFilter.list(part))" }
    }
  }

  private static func processes(
    _ point: String, _ column: String, _ times: [TraceProcess: [ClosedRange<Int64>]]
  ) -> [String] {
    times.sorted { ($0.key.agent, $0.key.pid) < ($1.key.agent, $1.key.pid) }
      .flatMap { process, times in
        merged(times).map { time in
          "(agent_id = \(process.agent) AND observation_point = '\(point)' "
            + "AND \(column) = \(process.pid) "
            + "AND start_time <= \(time.upperBound) AND end_time >= \(time.lowerBound))"
        }
      }
  }
}
