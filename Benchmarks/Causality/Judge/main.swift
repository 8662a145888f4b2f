// SPDX-License-Identifier: Apache-2.0

// Judges recordings of services whose requests carry an id that only the judge reads:
//
//     causality-judge FILE...
//
// One line a file and number of requests at a time, separated by tabs: calls, and how many of a hundred
// are joined with the request that they were made for, with another one, and with none, by chaining
// threads. A number before the files has one of so many events dropped.

import CausalityRecording
import Flows
import Glibc
import Protocols
import Telemetry

func bytes(of path: String) -> [UInt8] {
  let descriptor = unsafe open(path, O_RDONLY)
  guard descriptor >= 0 else { return [] }
  defer { close(descriptor) }
  var bytes = [UInt8](repeating: 0, count: Int(lseek(descriptor, 0, SEEK_END)))
  lseek(descriptor, 0, SEEK_SET)
  var offset = 0
  while offset < bytes.count {
    let count = unsafe bytes.withUnsafeMutableBytes { raw in
      unsafe read(descriptor, raw.baseAddress! + offset, raw.count - offset)
    }
    guard count > 0 else { return [] }
    offset += count
  }
  return bytes
}

/// A run: its calls, and what the judge read of them, by socket and sequence number.
struct Run {
  struct Message: Hashable {
    var socket: UInt64
    var sequence: UInt32
  }

  var calls: [CallRecord] = []
  var judged: [Message: String] = [:]

  private static let mark = Array("X-Judge: ".utf8)

  mutating func note(_ event: SocketEvent, _ payload: Span<UInt8>) {
    guard event.kind == .data, payload.count > 32, payload[0] == UInt8(ascii: "G") else { return }
    for start in 0..<payload.count - Self.mark.count {
      guard Self.mark.indices.allSatisfy({ payload[start + $0] == Self.mark[$0] }) else { continue }
      var id = ""
      var index = start + Self.mark.count
      while index < payload.count, payload[index] > 32 {
        id.unicodeScalars.append(Unicode.Scalar(payload[index]))
        index += 1
      }
      judged[Message(socket: event.socket, sequence: event.sequence)] = id
      return
    }
  }

  func id(of call: CallRecord) -> String? {
    judged[Message(socket: call.flow, sequence: call.requestSequence)]
  }
}

/// - Parameter dropped: of so many events one is not fed, as if it had been lost; 0 for none.
func run(_ bytes: [UInt8], dropping dropped: UInt64) -> Run? {
  var run = Run()
  var pipeline = FlowPipeline(protocols: builtInProtocols)
  var batch = RecordBatch()
  var last = Timestamp(nanoseconds: 0)
  var flushed = Timestamp(nanoseconds: 0)
  var random: UInt64 = 0x9e37_79b9
  let isRead = Recording.read(bytes) { record in
    switch record {
    case .round(let isWhole): pipeline.beginRound(isWhole: isWhole)
    case .event(let event, let start, let count):
      random = random &* 6_364_136_223_846_793_005 &+ 1
      if dropped > 0, event.kind == .data, (random >> 33) % dropped == 0 { return }
      let payload = bytes.span.extracting(start..<start + count)
      run.note(event, payload)
      pipeline.feed(event, payload: payload)
      last = max(last, event.exit)
      guard last - flushed > 250_000_000 else { return }
      flushed = last
      pipeline.flush(now: last)
      pipeline.takeBatch(into: &batch)
      run.calls += batch.calls
    }
  }
  guard isRead else { return nil }
  pipeline.finish(now: last + 2_000_000_000)
  pipeline.takeBatch(into: &batch)
  run.calls += batch.calls
  return run
}

func judge(_ name: String, _ run: Run) {
  var truth: [ProcessKey: [String: Int]] = [:]
  for (index, call) in run.calls.enumerated() where call.observationPoint == .serverProcess {
    guard let id = run.id(of: call) else { continue }
    truth[call.server.process, default: [:]][id] = index
  }
  let chaining = ThreadChaining(run.calls)
  var scores: [Int: Score] = [:]
  for (index, call) in run.calls.enumerated() where call.observationPoint == .clientProcess {
    guard let id = run.id(of: call), let parent = truth[call.client.process]?[id] else { continue }
    let flight = Int(id.suffix(4), radix: 16) ?? 0
    scores[flight, default: Score()].add(chaining.parent(of: index), truth: parent)
  }
  for flight in scores.keys.sorted() {
    guard let score = scores[flight] else { continue }
    print(name, flight, score.calls, score.text, separator: "\t")
  }
}

var dropped: UInt64 = 0
for argument in CommandLine.arguments.dropFirst() {
  if let count = UInt64(argument) {
    dropped = count
    continue
  }
  guard let run = run(bytes(of: argument), dropping: dropped) else {
    print("\(argument) is no recording of this build's events, or is torn")
    exit(1)
  }
  let file = argument.split(separator: "/").last.map(String.init) ?? argument
  judge(file.replacing(".events", with: ""), run)
}
