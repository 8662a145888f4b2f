// SPDX-License-Identifier: Apache-2.0

import Flows
import Protocols
import Telemetry

/// An event and what the probe captured of its bytes.
struct Observation {
  var event: SocketEvent
  var payload: [UInt8]
}

/// A connection as the probes of its hosts see it: what one side sends becomes the events of both.
struct Connection {
  struct End {
    var socket: UInt64
    var address: IPAddress
    var port: UInt16
    var process: ProcessKey
    var thread: UInt32
    var role: SocketEvent.Role
    /// Whether this end runs on the observed host.
    var isObserved = true
    var sequence: UInt32
    var ordinal: UInt32 = 0
  }

  var client: End
  var server: End
  var transport = TransportProtocol.tcp
  /// Bytes that the probe copies of each event.
  var captureLimit = 1_024

  init(number: UInt64 = 1, serverPort: UInt16 = 80, isKnown: Bool = true) {
    client = End(
      socket: number * 2, address: IPAddress(v4: 0x7f00_0001), port: 40_000 &+ UInt16(number),
      process: ProcessKey(pid: 100, startedAfterBoot: 7), thread: 101,
      role: isKnown ? .client : .unknown, sequence: 4_294_967_000)
    server = End(
      socket: number * 2 + 1, address: IPAddress(v4: 0x7f00_0001), port: serverPort,
      process: ProcessKey(pid: 200, startedAfterBoot: 9), thread: 201,
      role: isKnown ? .server : .unknown, sequence: 5_000)
  }

  func end(_ side: Side) -> End { side == .client ? client : server }

  /// `side` sends `bytes` at `time` (nanoseconds); the other side has them 20 us later. Each call
  /// takes 5 us.
  mutating func send(_ side: Side, _ bytes: [UInt8], at time: Int64) -> [Observation] {
    let sequence = end(side).sequence
    let sent = observe(side, .egress, bytes, sequence: sequence, enter: time)
    let received = observe(side.other, .ingress, bytes, sequence: sequence, enter: time + 15_000)
    if side == .client {
      client.sequence &+= UInt32(bytes.count)
    } else {
      server.sequence &+= UInt32(bytes.count)
    }
    return sent + received
  }

  mutating func send(_ side: Side, _ text: String, at time: Int64) -> [Observation] {
    send(side, Array(text.utf8), at: time)
  }

  /// What the probe at `side` makes of bytes that move there.
  mutating func observe(
    _ side: Side, _ direction: SocketEvent.Direction, _ bytes: [UInt8], sequence: UInt32,
    enter: Int64
  ) -> [Observation] {
    guard end(side).isObserved else { return [] }
    if side == .client { client.ordinal += 1 } else { server.ordinal += 1 }
    var event = event(.data, side, at: enter)
    event.direction = direction
    event.sequence = transport == .udp ? 0 : sequence
    event.length = UInt32(bytes.count)
    return [Observation(event: event, payload: Array(bytes.prefix(captureLimit)))]
  }

  func event(_ kind: SocketEvent.Kind, _ side: Side, at time: Int64) -> SocketEvent {
    let (own, other) = (end(side), end(side.other))
    return SocketEvent(
      kind: kind, direction: .egress, role: own.role, socket: own.socket, transport: transport,
      networkNamespace: 1, local: own.address, localPort: own.port, remote: other.address,
      remotePort: other.port, process: own.process, thread: own.thread,
      threadName: ThreadName("worker"), enter: Timestamp(nanoseconds: time),
      exit: Timestamp(nanoseconds: time + 5_000), sequence: 0, length: 0, ordinal: own.ordinal)
  }

  func close(at time: Int64) -> [Observation] {
    [Side.client, .server].filter { end($0).isObserved }.map {
      Observation(event: event(.closed, $0, at: time), payload: [])
    }
  }
}

/// A time to begin at, nanoseconds: a whole minute.
let dawn: Int64 = 1_700_000_040 * 1_000_000_000

extension FlowPipeline {
  mutating func feed(_ observations: [Observation]) {
    for observation in observations {
      feed(observation.event, payload: observation.payload.span)
    }
  }

  mutating func takeBatch() -> RecordBatch {
    var batch = RecordBatch()
    takeBatch(into: &batch)
    return batch
  }
}
