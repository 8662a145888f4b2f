// SPDX-License-Identifier: Apache-2.0

import Telemetry

/// A chain of a process.
struct Place: Hashable {
  var process: ProcessKey
  var number: UInt64
}

/// How many edges are right, wrong and missing.
struct Score {
  var right = 0
  var wrong = 0
  var missing = 0

  var calls: Int { right + wrong + missing }

  /// - Parameters:
  ///   - parent: The place of the request that a call is said to be made for; nil for none.
  ///   - truth: That of the one that it was made for.
  mutating func add(_ parent: Int?, truth: Int) {
    if parent == nil { missing += 1 } else if parent == truth { right += 1 } else { wrong += 1 }
  }

  var text: String {
    [right, wrong, missing].map { percent($0, of: calls) }.joined(separator: "/")
  }
}

func percent(_ part: Int, of all: Int) -> String {
  guard all > 0 else { return "-" }
  let tenths = (part * 2_000 / all + 1) / 2
  return "\(tenths / 10).\(tenths % 10)"
}

/// What chaining by thread alone says, both from the request on and from the reply back, as the server
/// reads the chains.
struct ThreadChaining {
  private let calls: [CallRecord]
  private var byRequest: [Place: [Int]] = [:]
  private var byReply: [Place: [Int]] = [:]
  private var madeByRequest: [Place: [Int]] = [:]
  private var madeByResponse: [Place: [Int]] = [:]

  init(_ calls: [CallRecord]) {
    self.calls = calls
    for (index, call) in calls.enumerated() {
      let isServed = call.observationPoint == .serverProcess
      let process = isServed ? call.server.process : call.client.process
      let request = Place(process: process, number: call.syscallTraceRequest)
      let response = Place(process: process, number: call.syscallTraceResponse)
      if isServed {
        if request.number != 0 { byRequest[request, default: []].append(index) }
        if response.number != 0 { byReply[response, default: []].append(index) }
      } else {
        if request.number != 0 { madeByRequest[request, default: []].append(index) }
        if response.number != 0 { madeByResponse[response, default: []].append(index) }
      }
    }
  }

  /// The place of the request that the call at `index` was made for; nil unknown.
  func parent(of index: Int) -> Int? {
    let back = walk(index, isBack: true)
    let ahead = walk(index, isBack: false)
    switch (back, ahead) {
    case (nil, nil): return nil
    case (let one?, nil), (nil, let one?): return one.request
    case (let one?, let other?):
      return one.distance <= other.distance ? one.request : other.request
    }
  }

  private func walk(_ start: Int, isBack: Bool) -> (request: Int, distance: Int)? {
    var here = start
    for distance in 0..<64 {
      let call = calls[here]
      let key = Place(
        process: call.client.process,
        number: isBack ? call.syscallTraceRequest : call.syscallTraceResponse)
      guard key.number != 0 else { return nil }
      let found = (isBack ? byRequest[key] : byReply[key]) ?? []
      if found.count == 1, calls[found[0]].start <= calls[start].start,
        calls[start].start <= calls[found[0]].end
      {
        return (found[0], distance)
      }
      let next = ((isBack ? madeByResponse[key] : madeByRequest[key]) ?? []).first {
        $0 != here && (isBack ? calls[$0].end <= call.start : calls[$0].start >= call.end)
      }
      guard let next else { return nil }
      here = next
    }
    return nil
  }
}
