// SPDX-License-Identifier: Apache-2.0

import Telemetry

/// The latencies that packets show. Those of a direction are of what the end answered that sends
/// in it.
enum Latency: Int {
  case systemResponse
  case dataResponse
  /// An idle connection outlives its limit only if its keep-alives do.
  case idle
  /// Of a handshake, which has its own place in ``FlowIncidents``.
  case roundTrip

  /// A longer time, in nanoseconds, is of something else.
  private var limit: Int64 {
    switch self {
    case .systemResponse: 10_000_000_000
    case .dataResponse, .roundTrip: 30_000_000_000
    case .idle: 4_000_000_000_000
    }
  }

  /// Microseconds between the two; nil for what is negative or beyond the limit.
  @inline(__always)
  func microseconds(from start: Timestamp, to end: Timestamp) -> UInt64? {
    let elapsed = end.nanoseconds &- start.nanoseconds
    return elapsed >= 0 && elapsed <= limit ? UInt64(elapsed) / 1_000 : nil
  }
}

/// Samples of a latency of which a flow has one at a time: what they add up to in one report is not
/// much longer than it, and far from the 71 minutes that the sum has room for.
typealias LatencySamples = DurationSamples<UInt32>

/// Samples of durations, microseconds, in half the room of a `LatencySum`, or two thirds: `Sum` is
/// what they may add up to, and more than that is that.
struct DurationSamples<Sum: FixedWidthInteger & UnsignedInteger & BitwiseCopyable>: BitwiseCopyable
{
  private var sum: Sum = 0
  private var count: UInt32 = 0
  private var maximum: UInt32 = 0

  mutating func take(_ sample: UInt64) {
    add(Sum(clamping: sample))
    count &+= 1
    maximum = max(maximum, UInt32(clamping: sample))
  }

  private mutating func add(_ part: Sum) {
    let (total, overflows) = sum.addingReportingOverflow(part)
    sum = overflows ? .max : total
  }

  mutating func takeRoundTrip(from start: Timestamp, to end: Timestamp) {
    if let sample = Latency.roundTrip.microseconds(from: start, to: end) { take(sample) }
  }

  mutating func add(_ other: Self) {
    add(other.sum)
    count &+= other.count
    maximum = max(maximum, other.maximum)
  }

  @inline(__always)
  func add(to figure: inout LatencySum) {
    guard count > 0 else { return }
    figure.sum &+= UInt64(sum)
    figure.count &+= UInt64(count)
    if UInt64(maximum) > figure.maximum { figure.maximum = UInt64(maximum) }
  }
}

/// Latencies and calls of a flow, in one second or one report: what only flows have that are answered.
struct FlowSamples: PartialFigures {
  /// By ``Latency``, but for the round trip, and direction of the packets.
  private var latencies = InlineArray<6, LatencySamples>(repeating: LatencySamples())
  /// Calls of one flow may be under way side by side.
  private var callResponse = DurationSamples<UInt64>()
  private var requests: UInt32 = 0
  private var responses: UInt32 = 0
  private var clientErrors: UInt32 = 0
  private var serverErrors: UInt32 = 0
  private var timeouts: UInt32 = 0
  private var parseFailures: UInt32 = 0

  @inline(__always)
  mutating func take(_ microseconds: UInt64, of latency: Latency, _ direction: Int) {
    latencies[latency.rawValue * 2 + direction].take(microseconds)
  }

  mutating func count(_ call: CallCount) {
    if call.isRequest { requests &+= 1 }
    if call.isResponse { responses &+= 1 }
    switch call.status.rawValue {
    case ResponseStatus.clientError.rawValue: clientErrors &+= 1
    case ResponseStatus.serverError.rawValue: serverErrors &+= 1
    case ResponseStatus.timeout.rawValue: timeouts &+= 1
    default: break
    }
    if let duration = call.duration { callResponse.take(duration) }
  }

  mutating func countParseFailure() { parseFailures &+= 1 }

  mutating func add(_ other: inout FlowSamples) {
    for index in 0..<6 { latencies[index].add(other.latencies[index]) }
    callResponse.add(other.callResponse)
    requests &+= other.requests
    responses &+= other.responses
    clientErrors &+= other.clientErrors
    serverErrors &+= other.serverErrors
    timeouts &+= other.timeouts
    parseFailures &+= other.parseFailures
  }

  func add(to figures: inout FlowFigures, client: Int) {
    let server = 1 - client
    latencies[Latency.systemResponse.rawValue * 2 + server].add(to: &figures.systemResponse)
    latencies[Latency.dataResponse.rawValue * 2 + server].add(to: &figures.dataResponse)
    latencies[Latency.idle.rawValue * 2 + client].add(to: &figures.clientIdle)
    callResponse.add(to: &figures.callResponse)
    figures.requests &+= requests
    figures.responses &+= responses
    figures.clientErrors &+= clientErrors
    figures.serverErrors &+= serverErrors
    figures.timeouts &+= timeouts
    figures.parseFailures &+= parseFailures
  }
}
