// SPDX-License-Identifier: Apache-2.0

// What storing call records costs: encoding them, inserting them, and keeping them.
//
//   storage-benchmark [--rows N] [--columns]      (--rows 0: encoding only)
//   storage-benchmark --sustained N               rows merged for each of N that come without a pause
//   storage-benchmark --traces N                  looking up trace ids among N rows, with the index and without
//
// Prints a table. The records are made up of what agents see on hosts with steady HTTP traffic over
// keep-alive connections, both observation points of every call; a share carries trace headers.

import Bytes
import Foundation
import Glibc
import Logging
import Storage
import Telemetry

/// A linear congruential generator: the same traffic at every run.
struct Random: RandomNumberGenerator {
  var state: UInt64 = 42
  mutating func next() -> UInt64 {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return (state ^ state >> 29) &* 0xbf58_476d_1ce4_e5b9
  }
}

struct Connection {
  var service: Int
  var port: UInt16
  var cookie: UInt64
  var requestSequence: UInt32
  var responseSequence: UInt32
  var ordinal: UInt32 = 1
}

struct Traffic {
  var random = Random()
  var connections: [Connection]
  /// Now, in microseconds: older rows would expire.
  var clock = Int64(time(nil)) * 1_000_000
  var row: UInt64 = 0
  var chain: UInt64 = 7_000_000_000
  /// Of 100 calls, how many carry trace headers.
  let traced: Int
  private let columns: [String: Int]
  /// The columns in the order in which every row names them, those that none names, and the next.
  private var places: [Int] = []
  private var others: [Int] = []
  private var next = 0
  /// What the index gets for the rows since it was taken last, and trace ids of some of them.
  var keys: [(hash: UInt32, second: UInt32)] = []
  var traces: [[UInt8]] = []
  var keepsKeys = false

  init(traced: Int) {
    self.traced = traced
    var random = Random()
    connections = (0..<64).map { index in
      Connection(
        service: index % 6, port: UInt16(32_768 + random.next() % 28_000),
        cookie: 4_000 + UInt64(index) * 3,
        requestSequence: UInt32(truncatingIfNeeded: random.next()),
        responseSequence: UInt32(truncatingIfNeeded: random.next()))
    }
    var columns: [String: Int] = [:]
    for (index, column) in TableDeclaration.callLog.columns.enumerated() {
      columns[column.name] = index
    }
    self.columns = columns
  }

  static let paths = (0..<40).map { Array("/api/v1/products/\($0)/reviews".utf8) }
  static let endpoints = (0..<6).map { Array("/api/v1/products/\($0)".utf8) }
  static let hosts = (0..<6).map { Array("shop-\($0).internal:8080".utf8) }
  static let names = (0..<6).map { Array("shop-worker-\($0)".utf8) }
  static let hex = Array("0123456789abcdef".utf8)

  mutating func digits(_ count: Int) -> [UInt8] {
    var word: UInt64 = 0
    return (0..<count).map { index in
      if index % 16 == 0 { word = random.next() }
      defer { word >>= 4 }
      return Self.hex[Int(word & 15)]
    }
  }

  /// One call: its client's row and its server's.
  mutating func appendCall(to batch: inout ColumnBatch) {
    clock += 20 + Int64(random.next() % 60)
    let index = Int(random.next() % UInt64(connections.count))
    var connection = connections[index]
    let duration = 180 + Int64(random.next() % 400) + (random.next() % 50 == 0 ? 20_000 : 0)
    let path = Int(random.next() % UInt64(Self.paths.count))
    let isTraced = random.next() % 100 < UInt64(traced)
    let trace = isTraced ? digits(32) : []
    let span = isTraced ? digits(16) : []
    let failed = random.next() % 200 == 0
    let length = Int64(400 + path * 37 + (failed ? 11 : 0))
    for side in 0..<2 {
      append(
        Call(
          side: side, connection: connection, duration: duration, path: path, trace: trace,
          span: span, failed: failed, length: length), to: &batch)
    }
    connection.ordinal += 2
    connection.requestSequence &+= 120 + UInt32(path / 10)
    connection.responseSequence &+= UInt32(length) + 180
    connections[index] = connection
  }

  private mutating func place(_ column: StaticString) -> Int {
    if next == places.count { places.append(columns["\(column)"]!) }
    defer { next += 1 }
    return places[next]
  }

  /// Leaves empty what the row did not name.
  private mutating func endRow(in b: inout ColumnBatch) {
    if others.isEmpty { others = columns.values.filter { !places.contains($0) }.sorted() }
    for column in others { b.appendEmpty(to: column) }
    next = 0
  }

  struct Call {
    var side: Int
    var connection: Connection
    var duration: Int64
    var path: Int
    var trace: [UInt8]
    var span: [UInt8]
    var failed: Bool
    var length: Int64
  }

  private mutating func append(_ call: Call, to b: inout ColumnBatch) {
    let own = call.side
    let start = clock + Int64(own) * 40
    let end = start + call.duration - Int64(own) * 90
    let c = call.connection
    row += 1
    chain += 2
    let service = UInt32(c.service)
    if keepsKeys { noteKeys(of: call, second: UInt32(end / 1_000_000)) }
    b.append(UInt32(end / 1_000_000), to: place("time"))
    b.append(UInt64(end / 1_000_000) << 32 | row, to: place("_id"))
    b.append(start, to: place("start_time"))
    b.append(end, to: place("end_time"))
    b.append(UInt16(1), to: place("agent_id"))
    b.append(UInt8(3), to: place("signal_source"))
    b.append(own == 0 ? "c-p" as StaticString : "s-p", to: place("observation_point"))
    b.append(c.cookie + UInt64(own), to: place("flow_id"))
    b.append(UInt8(255), to: place("direction_score"))
    b.append(UInt32(10), to: place("tag_set_id_0"))
    b.append(service + 11, to: place("tag_set_id_1"))
    b.append(UInt32(3), to: place("auto_service_id_0"))
    b.append(service + 4, to: place("auto_service_id_1"))
    b.append(UInt8(120), to: place("auto_service_type_0"))
    b.append(UInt8(120), to: place("auto_service_type_1"))
    b.append(IPAddress(v4: 0x0a00_0001), to: place("ip_0"))
    b.append(IPAddress(v4: 0x0a00_0010 + service), to: place("ip_1"))
    b.append(UInt8(1), to: place("is_ipv4"))
    b.append(UInt8(6), to: place("protocol"))
    b.append(c.port, to: place("client_port"))
    b.append(UInt16(8_080), to: place("server_port"))
    b.append(own == 0 ? UInt32(4_321) : 0, to: place("process_id_0"))
    b.append(own == 0 ? 0 : 5_000 + service, to: place("process_id_1"))
    b.append(own == 0 ? Self.names[0][...] : [], to: place("process_kname_0"))
    b.append(own == 0 ? [] : Self.names[c.service][...], to: place("process_kname_1"))
    b.append(UInt32(4_026_531_840), to: place("netns_id"))
    appendTracing(call, to: &b)
    appendContent(call, to: &b)
    b.append(UInt64(end - start), to: place("response_duration"))
    b.append(call.length, to: place("response_length"))
    b.append(UInt32(120), to: place("captured_request_byte"))
    b.append(UInt32(1_024), to: place("captured_response_byte"))
    endRow(in: &b)
  }

  private mutating func noteKeys(of call: Call, second: UInt32) {
    keys.append((TraceKey(.request, UInt64(call.connection.requestSequence)).hash, second))
    if call.side == 1 { keys.append((TraceKey(.chain, chain, agent: 1).hash, second)) }
    guard !call.trace.isEmpty else { return }
    keys.append((TraceKey(.trace, call.trace.span).hash, second))
    if random.next() % 2_000 == 0 { traces.append(call.trace) }
  }

  private mutating func appendTracing(_ call: Call, to b: inout ColumnBatch) {
    let (own, c) = (call.side, call.connection)
    let service = UInt32(c.service)
    b.append(c.requestSequence, to: place("req_tcp_seq"))
    b.append(c.responseSequence, to: place("resp_tcp_seq"))
    b.append(own == 0 ? 0 : chain, to: place("syscall_trace_id_request"))
    b.append(own == 0 ? 0 : chain, to: place("syscall_trace_id_response"))
    b.append(own == 0 ? 4_400 + UInt32(c.port & 3) : 0, to: place("syscall_thread_0"))
    b.append(own == 0 ? 0 : 5_010 + service, to: place("syscall_thread_1"))
    b.append(c.ordinal, to: place("syscall_cap_seq_0"))
    b.append(c.ordinal + 1, to: place("syscall_cap_seq_1"))
    b.append(call.trace[...], to: place("trace_id"))
    b.append(call.span[...], to: place("span_id"))
  }

  private mutating func appendContent(_ call: Call, to b: inout ColumnBatch) {
    let c = call.connection
    b.append(UInt8(20), to: place("l7_protocol"))
    b.append("1.1" as StaticString, to: place("version"))
    b.append("GET" as StaticString, to: place("request_type"))
    b.append(Self.hosts[c.service][...], to: place("request_domain"))
    b.append(Self.paths[call.path][...], to: place("request_resource"))
    b.append(Self.endpoints[call.path % 6][...], to: place("endpoint"))
    b.append(UInt8(call.failed ? 3 : 0), to: place("response_status"))
    b.append(Int32(call.failed ? 503 : 200), to: place("response_code"))
  }
}

/// CPU seconds of this process, or of another.
func cpuSeconds(of processID: Int32 = getpid()) -> Double {
  guard let text = try? String(contentsOfFile: "/proc/\(processID)/stat", encoding: .utf8),
    let close = text.lastIndex(of: ")")
  else { return 0 }
  let fields = text[close...].split(separator: " ")
  return ((Double(fields[12]) ?? 0) + (Double(fields[13]) ?? 0)) / 100
}

func residentMegabytes(of processID: Int32) -> String {
  let text = (try? String(contentsOfFile: "/proc/\(processID)/status", encoding: .utf8)) ?? ""
  return text.split(separator: "\n").filter { $0.hasPrefix("VmRSS") || $0.hasPrefix("RssAnon") }
    .joined(separator: ", ")
}

func measureEncoding() {
  var traffic = Traffic(traced: 30)
  var batch = ColumnBatch(.callLog)
  var block = LittleEndianWriter()
  let rounds = 5
  var best = Double.infinity
  var bytes = 0
  for _ in 0..<rounds {
    batch.removeAll()
    block.removeAll()
    let began = cpuClock()
    for _ in 0..<25_000 { traffic.appendCall(to: &batch) }
    batch.encode(into: &block)
    best = min(best, cpuClock() - began)
    bytes = block.count
  }
  report("rows encoded per core-second, making them included", "\(Int(50_000 / best))", "1/s")
  report("encoded row", "\(bytes / 50_000)", "B")
}

/// One figure a line, in the form that scripts/bench reads.
func report(_ name: String, _ value: String, _ unit: String, bar: String = "") {
  print([name, value, unit, bar].joined(separator: "\t"))
}

func cpuClock() -> Double {
  var time = timespec()
  unsafe clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
  return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
}

func measureStore(rows: Int, traced: Int, showColumns: Bool) async throws {
  let directory = NSTemporaryDirectory() + "/storage-benchmark-\(getpid())-\(traced)"
  let began = ContinuousClock.now
  let engine = try await EmbeddedEngine.start(
    directory: directory, installation: try .find(),
    logger: Logger(label: "bench") { _ in SwiftLogNoOpLogHandler() })
  let started = ContinuousClock.now - began
  let processID = await engine.processID ?? 0
  report("engine ready after", "\(started)", "")
  report("engine resident, idle", residentMegabytes(of: processID), "")
  try await engine.migrate(TableDeclaration.stored)
  var traffic = Traffic(traced: traced)
  var batch = ColumnBatch(.callLog)
  let ours = cpuSeconds()
  let theirs = cpuSeconds(of: processID)
  var stored = 0
  while stored < rows {
    batch.removeAll()
    while batch.rows < 50_000 { traffic.appendCall(to: &batch) }
    try await engine.insert(batch, token: "\(stored)")
    stored += batch.rows
  }
  try await engine.merge([.callLog])
  let spent = cpuSeconds() - ours + cpuSeconds(of: processID) - theirs
  report(
    "call records stored per core-second, client, engine and merges, \(traced) % traced",
    "\(Int(Double(stored) / spent))", "1/s", bar: "100,000")
  report("engine resident, after", residentMegabytes(of: processID), "")
  let parts = try await engine.query(
    """
    SELECT sum(bytes_on_disk) / sum(rows), sum(data_compressed_bytes) / sum(rows),
      sum(secondary_indices_compressed_bytes) / sum(rows), count() FROM system.parts
    WHERE active AND table = 'l7_flow_log'
    """, limits: .init())
  if case .double(let bytes) = parts.table.rows[0][0] {
    report(
      "bytes per stored call record after merges, \(traced) % traced",
      "\((bytes * 10).rounded() / 10)", "B", bar: "at most 40")
  }
  if showColumns {
    let columns = try await engine.query(
      """
      SELECT column, sum(column_data_compressed_bytes) / sum(rows) AS b FROM system.parts_columns
      WHERE active AND table = 'l7_flow_log' GROUP BY column ORDER BY b DESC LIMIT 30
      """, limits: .init())
    for row in columns.table.rows { print("  ", row) }
    let indexes = try await engine.query(
      """
      SELECT name, data_compressed_bytes / \(stored) FROM system.data_skipping_indices
      WHERE table = 'l7_flow_log' ORDER BY 2 DESC
      """, limits: .init())
    for row in indexes.table.rows { print("  ", row) }
  }
  await engine.close()
  try? FileManager.default.removeItem(atPath: directory)
}

/// What the server does at 50,000 calls/s: two batches of 50,000 rows a second, here one after the
/// other.
func measureMerges(rows: Int) async throws {
  let directory = NSTemporaryDirectory() + "/storage-benchmark-\(getpid())-sustained"
  let engine = try await EmbeddedEngine.start(
    directory: directory, installation: try .find(),
    logger: Logger(label: "bench") { _ in SwiftLogNoOpLogHandler() })
  try await engine.migrate(TableDeclaration.stored)
  var traffic = Traffic(traced: 0)
  var batch = ColumnBatch(.callLog)
  var stored = 0
  while stored < rows {
    batch.removeAll()
    while batch.rows < 50_000 { traffic.appendCall(to: &batch) }
    try await engine.insert(batch, token: "\(stored)")
    stored += batch.rows
  }
  let merged = try await engine.query(
    "SELECT value FROM system.events WHERE event = 'MergedRows'", limits: .init())
  var count: UInt64 = 0
  if case .uint(let value)? = merged.table.rows.first?.first { count = value }
  let ratio = (Double(count) / Double(stored) * 10).rounded() / 10
  report("rows merged a row stored, 50,000 calls/s", "\(ratio)", "", bar: "at most 8")
  await engine.close()
  try? FileManager.default.removeItem(atPath: directory)
}

/// How long it takes to find what has a trace id: by looking through the rows, and by the index.
func measureTraces(rows: Int) async throws {
  let directory = NSTemporaryDirectory() + "/storage-benchmark-\(getpid())-traces"
  let engine = try await EmbeddedEngine.start(
    directory: directory, installation: try .find(),
    logger: Logger(label: "bench") { _ in SwiftLogNoOpLogHandler() })
  try await engine.migrate(TableDeclaration.stored)
  let (stored, traces) = try await storeTraces(rows: rows, in: engine)
  let size = try await engine.query(
    "SELECT sum(bytes_on_disk) / \(stored), sum(rows) / \(stored) FROM system.parts "
      + "WHERE active AND table = 'trace_index'", limits: .init())
  if case .double(let bytes) = size.table.rows[0][0], case .double(let keys) = size.table.rows[0][1]
  {
    report(
      "index bytes per call record", "\((bytes * 10).rounded() / 10)", "B", bar: "at most 10")
    report("keys per call record", "\((keys * 10).rounded() / 10)", "")
  }
  for isIndexed in [false, true] {
    var times: [Double] = []
    for trace in traces.prefix(100) {
      let began = ContinuousClock.now
      try await lookUp(String(decoding: trace, as: UTF8.self), isIndexed: isIndexed, in: engine)
      let took = (ContinuousClock.now - began).components
      times.append(Double(took.seconds) * 1e3 + Double(took.attoseconds) / 1e15)
    }
    times.sort()
    let how = isIndexed ? "by the index" : "looking through the rows"
    for (name, place) in [("median", times.count / 2), ("p99", times.count * 99 / 100)] {
      report(
        "trace id among \(stored) rows, \(how), \(name)",
        "\((times[place] * 10).rounded() / 10)", "ms")
    }
  }
  await engine.close()
  try? FileManager.default.removeItem(atPath: directory)
}

/// Rows as of a server with 700 a second, and their keys.
///
/// - Returns: How many, and trace ids of some.
func storeTraces(
  rows: Int, in engine: EmbeddedEngine
) async throws -> (rows: Int, traces: [[UInt8]]) {
  var traffic = Traffic(traced: 30)
  traffic.keepsKeys = true
  // So many seconds back that the last row is not later than now.
  traffic.clock -= Int64(rows) * 1_100
  var (batch, index) = (ColumnBatch(.callLog), ColumnBatch(.traceIndex))
  var stored = 0
  while stored < rows {
    batch.removeAll()
    index.removeAll()
    while batch.rows < 50_000 {
      traffic.clock += 2_000
      traffic.appendCall(to: &batch)
    }
    for key in traffic.keys {
      index.append(key.hash, to: 0)
      index.append(key.second, to: 1)
    }
    traffic.keys.removeAll(keepingCapacity: true)
    try await engine.insert(index, token: "index \(stored)")
    try await engine.insert(batch, token: "\(stored)")
    stored += batch.rows
  }
  try await engine.merge([.callLog, .traceIndex])
  return (stored, traffic.traces)
}

func lookUp(_ trace: String, isIndexed: Bool, in engine: EmbeddedEngine) async throws {
  var seconds = ""
  if isIndexed {
    let found = try await engine.query(
      "SELECT DISTINCT toUnixTimestamp(time) FROM flow_log.trace_index "
        + "WHERE key = \(TraceKey(.trace, trace).hash)", limits: .init())
    let list = found.table.rows.compactMap { row in
      if case .uint(let second)? = row.first { "\(second)" } else { nil }
    }
    seconds = "time IN (\(list.joined(separator: ", "))) AND "
  }
  let columns = "_id, start_time, end_time, agent_id, request_resource, process_id_0, process_id_1"
  let answer = try await engine.query(
    "SELECT \(columns) FROM flow_log.l7_flow_log WHERE \(seconds)trace_id = '\(trace)'",
    limits: .init())
  precondition(answer.table.count == 2, "a trace of the benchmark has two rows")
}

/// The whole number behind an option; nil without it.
func option(_ name: String) -> Int? {
  guard let index = CommandLine.arguments.firstIndex(of: name),
    index + 1 < CommandLine.arguments.count
  else { return nil }
  return Int(CommandLine.arguments[index + 1])
}

if let rows = option("--sustained") {
  try await measureMerges(rows: rows)
  exit(0)
}
if let rows = option("--traces") {
  try await measureTraces(rows: rows)
  exit(0)
}
let arguments = CommandLine.arguments
let rows = option("--rows") ?? 1_000_000
measureEncoding()
if rows == 0 { exit(0) }
for traced in [0, 30] {
  try await measureStore(
    rows: rows, traced: traced, showColumns: arguments.contains("--columns"))
}
