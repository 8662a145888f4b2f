// SPDX-License-Identifier: Apache-2.0

import Protocols
import Telemetry

/// What became known of a call of a flow: its request, its response, or both at once.
struct CallCount {
  var isRequest = false
  var isResponse = false
  var status: ResponseStatus = .ok
  /// Request to response, microseconds; nil when not both were seen.
  var duration: UInt64?
}

/// What a flow is told of its calls.
extension FlowTable {
  /// Tells what the flow speaks, and the first host or name that was asked for.
  mutating func learnProtocol(
    slot: Int, _ number: ApplicationProtocol, domain: Span<UInt8>
  ) {
    details[slot].applicationProtocol = number
    guard details[slot].domain == SharedTexts.none else { return }
    details[slot].domain = domains.hold(domain.extracting(first: 255))
  }

  /// Counts what was seen of a call.
  mutating func countCall(slot: Int, _ call: CallCount, at time: Timestamp) {
    samples.slots[samples(of: slot, at: time)].count(call)
    let isGood = call.isResponse && call.status.rawValue == ResponseStatus.ok.rawValue
    flows[slot].facts.set(FlowFacts.goodAnswer, to: isGood)
  }

  /// Counts a message that could not be parsed.
  mutating func countParseFailure(slot: Int, at time: Timestamp) {
    samples.slots[samples(of: slot, at: time)].countParseFailure()
  }

  /// The place of the flow's samples of the second of `time`.
  private mutating func samples(of slot: Int, at time: Timestamp) -> Int {
    if time.nanoseconds >= flows[slot].secondEnd { openSecond(of: slot, at: time) }
    return flows[slot].samples(in: &samples)
  }
}
