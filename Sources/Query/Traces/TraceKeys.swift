// SPDX-License-Identifier: Apache-2.0

/// What is asked for next: the keys of records that were found, each once.
struct TraceKeys {
  private var requestSequences: Set<UInt64> = []
  private var responseSequences: Set<UInt64> = []
  private var datagrams: Set<UInt64> = []
  private var traces: Set<String> = []
  private var identifiers: Set<String> = []
  private var chains: [UInt64: Set<UInt64>] = [:]
  /// By process, when it served a request or made a call.
  private var serving: [TraceProcess: ClosedRange<Int64>] = [:]
  private var calling: [TraceProcess: ClosedRange<Int64>] = [:]
  /// Keys in one condition, and conditions in one statement.
  private static let mostKeys = 1_000
  private static let mostConditions = 40

  /// Takes the keys of `record` that are not in `asked` yet.
  mutating func add(_ record: TraceRecord, asked: inout Set<String>) {
    let seen = record.seen
    if seen.requestSequence != 0 { requestSequences.insert(seen.requestSequence) }
    if seen.responseSequence != 0 { responseSequences.insert(seen.responseSequence) }
    if let id = seen.requestID, seen.requestSequence == 0, seen.responseSequence == 0 {
      datagrams.insert(id)
    }
    if !record.trace.isEmpty, asked.insert("t" + record.trace).inserted {
      traces.insert(record.trace)
    }
    for text in record.identifiers where asked.insert("x" + text).inserted {
      identifiers.insert(text)
    }
    guard record.agent != 0 else { return }
    for chain in [record.requestChain, record.responseChain]
    where chain != 0 && asked.insert("c\(record.agent) \(chain)").inserted {
      chains[record.agent, default: []].insert(chain)
    }
    let time = record.start...max(record.start, record.end)
    // Both ends of a connection inside the host are known at either of them.
    if record.server.process != 0 {
      Self.extend(&serving, TraceProcess(agent: record.agent, pid: record.server.process), time)
    }
    if record.client.process != 0 {
      Self.extend(&calling, TraceProcess(agent: record.agent, pid: record.client.process), time)
    }
  }

  private static func extend(
    _ times: inout [TraceProcess: ClosedRange<Int64>], _ process: TraceProcess,
    _ time: ClosedRange<Int64>
  ) {
    guard let known = times[process] else {
      times[process] = time
      return
    }
    times[process] =
      min(known.lowerBound, time.lowerBound)...max(known.upperBound, time.upperBound)
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

  /// Likewise, for what the processes made and served meanwhile, which may be much.
  var meanwhile: [String] {
    Self.joined(
      Self.processes("c-p", "process_id_0", serving)
        + Self.processes("s-p", "process_id_1", calling))
  }

  private static func joined(_ conditions: [String]) -> [String] {
    parts(conditions, mostConditions).map { $0.joined(separator: " OR ") }
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
    parts(values.sorted(), mostKeys / 20).flatMap { part in
      columns.map { "\($0) IN \(CallFilter.list(part))" }
    }
  }

  private static func processes(
    _ point: String, _ column: String, _ times: [TraceProcess: ClosedRange<Int64>]
  ) -> [String] {
    times.sorted { ($0.key.agent, $0.key.pid) < ($1.key.agent, $1.key.pid) }.map { process, time in
      "(agent_id = \(process.agent) AND observation_point = '\(point)' AND \(column) = \(process.pid) "
        + "AND start_time <= \(time.upperBound) AND end_time >= \(time.lowerBound))"
    }
  }
}
