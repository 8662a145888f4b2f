// SPDX-License-Identifier: Apache-2.0

import Protocols
import Telemetry
import TestSupport
import Testing

@testable import Flows

/// An edge may be missing, never wrong, whatever was not seen.
@Suite struct CausalityTests {
  private static let process = ProcessKey(pid: 7, startedAfterBoot: 1)

  private static func event(
    _ direction: SocketEvent.Direction, socket: UInt64, thread: UInt32 = 1, ordinal: UInt32 = 0,
    process: ProcessKey = process
  ) -> SocketEvent {
    SocketEvent(
      kind: .data, direction: direction, role: .unknown, socket: socket, transport: .tcp,
      networkNamespace: 1, local: IPAddress(v4: 1), localPort: 1, remote: IPAddress(v4: 2),
      remotePort: 2, process: process, thread: thread, threadName: .empty,
      enter: Timestamp(nanoseconds: 1), exit: Timestamp(nanoseconds: 1), sequence: 0, length: 1,
      ordinal: ordinal)
  }

  @Test func whatIsSentFollowsFromWhatWasReceived() {
    var causality = Causality(limits: FlowLimits())
    let received = causality.moved(Self.event(.ingress, socket: 1), slot: nil).chain
    #expect(received != 0)
    #expect(causality.moved(Self.event(.egress, socket: 2), slot: nil).chain == received)
    // Sent again without anything received.
    #expect(causality.moved(Self.event(.egress, socket: 3), slot: nil).chain == 0)
  }

  @Test(arguments: ["events", "socket", "losing", "muted", "unmuted"])
  func aChainEndsAtAGap(kind: String) {
    var causality = Causality(limits: FlowLimits())
    let other = ProcessKey(pid: 8, startedAfterBoot: 2)
    let received = causality.moved(Self.event(.ingress, socket: 1), slot: nil).chain
    let foreign = causality.moved(Self.event(.ingress, socket: 5, process: other), slot: nil).chain
    switch kind {
    case "events": causality.missed(.events)
    case "socket": causality.missed(.socket(of: causality.bucket(of: Self.process)))
    case "losing": causality.isLosing(true)
    case "muted": causality.mute(causality.bucket(of: Self.process))
    default:
      causality.mute(causality.bucket(of: Self.process))
      causality.unmute(causality.bucket(of: Self.process))
    }
    #expect(causality.moved(Self.event(.egress, socket: 2), slot: nil).chain == 0)
    // More bytes of the same request may be the next one's.
    _ = causality.moved(Self.event(.ingress, socket: 1), slot: nil).chain
    #expect(causality.moved(Self.event(.egress, socket: 2), slot: nil).chain != received)
    let isOfAll = kind == "events" || kind == "losing"
    let sent = causality.moved(Self.event(.egress, socket: 6, process: other), slot: nil).chain
    #expect(sent == (isOfAll ? 0 : foreign), "another process")
  }

  /// One thing that a thread did, in truth.
  private struct Act {
    var event: SocketEvent
    /// The act that it follows from, by number; nil for one that follows from nothing seen.
    var cause: Int?
    /// The first act of the message that it is of.
    var run: Int
  }

  /// Services whose threads receive, call others and answer, in any order among each other.
  private static func acts(_ random: inout SeededGenerator) -> [Act] {
    var acts: [Act] = []
    var last: [UInt32: (act: Int, isReceived: Bool, socket: UInt64)] = [:]
    var ordinals: [UInt64: UInt32] = [:]
    for number in 0..<2_000 {
      let thread = UInt32(random.next() % 6)
      let process = ProcessKey(pid: 10 + thread / 3, startedAfterBoot: 1)
      // Threads of one process share its sockets.
      let socket = UInt64(process.pid) * 100 + random.next() % 4
      let direction: SocketEvent.Direction = random.next() % 2 == 0 ? .ingress : .egress
      ordinals[socket, default: 0] += 1
      let before = last[thread]
      let follows = direction == .egress && before?.isReceived == true
      acts.append(
        Act(
          event: event(
            direction, socket: socket, thread: thread, ordinal: ordinals[socket]!,
            process: process),
          cause: follows ? before?.act : nil, run: number))
      // What goes on in the same way on the same socket is the same message's.
      if let before, before.socket == socket, before.isReceived == (direction == .ingress) {
        acts[number].cause = acts[before.act].cause
        acts[number].run = before.act
        last[thread]?.act = before.act
        continue
      }
      last[thread] = (number, direction == .ingress, socket)
    }
    return acts
  }

  /// Whoever loses events says so with the round in which they were lost, as the lanes do.
  @Test(arguments: UInt64(1)...30) func noEdgeIsWrongWhateverIsLost(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    let acts = Self.acts(&random)
    var causality = Causality(limits: FlowLimits())
    /// By chain, the act that began it.
    var began: [UInt64: Int] = [:]
    var (edges, next) = (0, 0)
    while next < acts.count {
      let round = next..<min(acts.count, next + 1 + Int(random.next() % 40))
      next = round.upperBound
      let losesSome = random.next() % 3 == 0
      let kept = round.filter { _ in !losesSome || random.next() % 3 != 0 }
      causality.isLosing(kept.count < round.count)
      for number in kept {
        let event = acts[number].event
        let chain = causality.moved(event, slot: nil).chain
        guard event.direction == .egress, chain != 0 else {
          if chain != 0, began[chain] == nil { began[chain] = acts[number].run }
          continue
        }
        edges += 1
        #expect(began[chain] == acts[number].cause, "seed \(seed), act \(number)")
      }
    }
    #expect(edges > 50, "there are edges where nothing was lost")
  }
}

extension Causality {
  /// What a pipeline hands over in place.
  fileprivate mutating func moved(
    _ event: SocketEvent, slot: Int?
  ) -> (chain: UInt64, user: ProcessBucket) {
    var event = event
    var place = (event.thread &+ event.sequence) % 4
    return moved(&event, slot: slot, place: &place)
  }
}
