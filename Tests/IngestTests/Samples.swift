// SPDX-License-Identifier: Apache-2.0

import Catalog
import Foundation
import Ingest
import Logging
import Telemetry
import Wire

/// The time at which these tests play; near the clock, because the engine forgets what is old.
let testTime = Timestamp(seconds: Int64(Date().timeIntervalSince1970) - 60)

let quietLogger: Logger = {
  var logger = Logger(label: "test")
  logger.logLevel = .critical
  return logger
}()

func address(_ text: String) -> IPAddress { IPAddress(text) ?? .unspecified }

let clientKey = ProcessKey(pid: 100, startedAfterBoot: 1_000)
let serverKey = ProcessKey(pid: 200, startedAfterBoot: 2_000)

func processReport(_ key: ProcessKey, _ name: String) -> ProcessReport {
  ProcessReport(
    key: key, parentPID: 1, startTime: testTime, name: name, kernelName: name,
    commandLine: "/usr/bin/" + name, executable: "/usr/bin/" + name, userID: 33,
    networkNamespace: 1, containerID: "")
}

func hostReport(_ name: String) -> HostReport {
  HostReport(
    hostname: name, machineID: "machine-" + name, bootID: "boot", bootTime: testTime,
    kernelRelease: "6.1.0", operatingSystem: "Debian", architecture: "x86_64", processors: 2,
    memoryBytes: 1 << 32,
    addresses: [.init(interface: "eth0", address: address("10.0.0.1"), prefixLength: 24)])
}

/// A batch of `count` calls, alternating between the client's and the server's view of a request,
/// with a metric for each interval and one loss entry.
func sampleBatch(_ count: Int, sequence: UInt64 = 1, metrics: Bool = true) -> RecordBatch {
  var batch = RecordBatch()
  batch.host = hostReport("web-1")
  batch.processes = [processReport(clientKey, "curl"), processReport(serverKey, "nginx")]
  let type = batch.append("GET")
  let endpoint = batch.append("/things")
  let agentText = batch.append("curl/8.0")
  for index in 0..<count {
    let isServer = index % 2 == 1
    var call = CallRecord(
      client: CallEnd(
        address: address("10.0.0.1"), port: UInt16(30_000 + index % 1_000),
        process: isServer ? .unknown : clientKey, thread: 101, threadName: ThreadName("curl")),
      server: CallEnd(
        address: address("10.0.0.1"), port: 80, process: isServer ? serverKey : .unknown,
        thread: 201, threadName: ThreadName("nginx")),
      start: testTime + Int64(index) * 1_000, end: testTime + Int64(index) * 1_000 + 500_000)
    call.hasDuration = true
    call.observationPoint = isServer ? .serverProcess : .clientProcess
    call.applicationProtocol = ApplicationProtocol(rawValue: 20)
    call.flow = sequence << 32 | UInt64(index)
    call.responseCode = 200
    call.requestLength = 0
    call.responseLength = 612
    call.texts.requestType = type
    call.texts.endpoint = endpoint
    call.texts.requestResource = batch.append("/things/\(sequence)/\(index)")
    call.texts.userAgent = agentText
    batch.calls.append(call)
  }
  if metrics { addMetrics(to: &batch, count: UInt64(count), endpoint: endpoint) }
  batch.losses = [LossEntry(time: testTime, stage: .ring, received: 10, passed: 10)]
  return batch
}

private func addMetrics(to batch: inout RecordBatch, count: UInt64, endpoint: Text) {
  for interval in [1, 60] as [UInt32] {
    for point in [ObservationPoint.clientProcess, .serverProcess] {
      let isServer = point == .serverProcess
      var metric = CallMetric(
        time: testTime, interval: interval, observationPoint: point, signalSource: .eBPF,
        transport: .tcp, applicationProtocol: ApplicationProtocol(rawValue: 20),
        client: CallEnd(
          address: address("10.0.0.1"), port: 0, process: isServer ? .unknown : clientKey),
        server: CallEnd(
          address: address("10.0.0.1"), port: 80, process: isServer ? serverKey : .unknown))
      metric.endpoint = endpoint
      metric.requests = count / 2
      metric.responses = count / 2
      batch.metrics.append(metric)
    }
  }
}

/// The bytes of a frame.
func encoded(_ frame: Frame) throws -> [UInt8] {
  var encoder = FrameEncoder()
  return try encoder.encode(frame)
}

/// The journal entry of a batch, as the listener makes it.
func entry(_ batch: RecordBatch, agent: UInt16 = 1, sequence: UInt64) throws -> JournalEntry {
  let bytes = try encoded(.batch(sequence: sequence, batch))
  var splitter = FrameSplitter()
  splitter.append(bytes.span)
  guard let frame = try splitter.next() else { throw CocoaError(.coderInvalidValue) }
  return JournalEntry(
    sender: .agent(agent), sequence: sequence, records: UInt32(batch.recordCount),
    encoding: BodyEncoding(frame.head.encoding), payload: frame.payload)
}

/// A new directory for the length of `body`.
func withDirectory<Result>(_ body: (String) async throws -> Result) async throws -> Result {
  let path =
    FileManager.default.temporaryDirectory.path
    + "/ingest-\(UInt64.random(in: 0...UInt64.max))"
  try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(atPath: path) }
  return try await body(path)
}
