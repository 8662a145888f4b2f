// SPDX-License-Identifier: Apache-2.0

import Flows
import Glibc
import Protocols
import Telemetry

/// Calls a second of processor time: those of many connections, the exchanges taken in turn, recorded in
/// memory, each parsed, paired, written and rolled up.
func measure(
  _ exchanges: [Exchange], name: String, calls: Int = 2_000_000, connections: Int = 64,
  bar: String = ""
) -> Figure {
  var pipeline = FlowPipeline(protocols: builtInProtocols)
  var batch = RecordBatch()
  var sequences = Array(repeating: (client: UInt32(1), server: UInt32(1)), count: connections)
  for number in 0..<connections {
    for step in exchanges[number % exchanges.count].opening {
      let isOfClient = step.from == .client
      let sequence = isOfClient ? sequences[number].client : sequences[number].server
      pipeline.feed(
        event(
          number, isOfClient ? .ingress : .egress, step.bytes, sequence, beginning,
          port: exchanges[number % exchanges.count].port), payload: step.bytes.span)
      if isOfClient {
        sequences[number].client &+= UInt32(step.bytes.count)
      } else {
        sequences[number].server &+= UInt32(step.bytes.count)
      }
    }
  }
  pipeline.takeBatch(into: &batch)
  // Made before, as making them is not what is measured.
  var events = (0..<connections).map { number in
    let exchange = exchanges[number % exchanges.count]
    return (
      request: event(
        number, .ingress, exchange.request, sequences[number].client, 0, port: exchange.port),
      response: event(
        number, .egress, exchange.response, sequences[number].server, 0, port: exchange.port)
    )
  }
  let requests = exchanges.map(\.request)
  let responses = exchanges.map(\.response)
  var records = 0
  let begin = processorTime()
  for call in 0..<calls {
    let number = call % connections
    let exchange = number % exchanges.count
    let time = beginning + Int64(call) * 1_000
    events[number].request.move(to: time)
    events[number].response.move(to: time + 50_000)
    let request = requests[exchange]
    pipeline.feed(events[number].request, payload: request.span)
    let response = responses[exchange]
    pipeline.feed(events[number].response, payload: response.span)
    events[number].request.sequence &+= UInt32(request.count)
    events[number].response.sequence &+= UInt32(response.count)
    if call % 10_000 == 9_999 {
      pipeline.flush(now: Timestamp(nanoseconds: time))
      pipeline.takeBatch(into: &batch)
      records += batch.calls.count
    }
  }
  pipeline.finish(now: Timestamp(nanoseconds: beginning + Int64(calls) * 1_000))
  pipeline.takeBatch(into: &batch)
  records += batch.calls.count
  let seconds = processorTime() - begin
  precondition(records == calls, "\(calls) calls of \(name) made \(records) records")
  return Figure(name: name, value: Int(Double(records) / seconds), unit: "1/s", bar: bar)
}

private let beginning: Int64 = 1_700_000_000_000_000_000

func event(
  _ number: Int, _ direction: SocketEvent.Direction, _ bytes: [UInt8], _ sequence: UInt32,
  _ time: Int64, port: UInt16 = 8_080
) -> SocketEvent {
  SocketEvent(
    kind: .data, direction: direction, role: .server, socket: UInt64(number) + 1,
    transport: .tcp, networkNamespace: 1, local: IPAddress(v4: 0x0a00_0001), localPort: port,
    remote: IPAddress(v4: 0x0a00_0002), remotePort: UInt16(truncatingIfNeeded: 10_000 + number),
    process: ProcessKey(pid: 4_242, startedAfterBoot: 1_000), thread: 4_242 + UInt32(number % 4),
    threadName: ThreadName(first: 0x78_6e69_676e, second: 0),
    enter: Timestamp(nanoseconds: time), exit: Timestamp(nanoseconds: time + 2_000),
    sequence: sequence, length: UInt32(bytes.count))
}

extension SocketEvent {
  fileprivate mutating func move(to time: Int64) {
    enter = Timestamp(nanoseconds: time)
    exit = Timestamp(nanoseconds: time + 2_000)
  }
}

/// Seconds of processor time that this process has used.
func processorTime() -> Double {
  var time = timespec()
  unsafe clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
  return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
}
