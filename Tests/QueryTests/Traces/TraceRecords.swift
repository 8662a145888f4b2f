// SPDX-License-Identifier: Apache-2.0

import Storage

@testable import Query

/// Records of calls, made in few words.
struct TraceRecords {
  /// What a record says of its call.
  struct Made {
    var call: UInt64
    var time: ClosedRange<Int64>
    var chains: (UInt64, UInt64) = (0, 0)
    var trace = ""
    var span = ""
    var parent = ""
    var identifier = ""
    var resource = ""
  }

  private(set) var all: [TraceRecord] = []
  private var nextID = UInt64(1_790_000_000) << 32

  /// A record of the call that has the sequence numbers `call` and `call + 1`; 0 for none.
  ///
  /// - Returns: Its id.
  @discardableResult
  mutating func add(
    _ point: String, call: UInt64, _ time: ClosedRange<Int64>, agent: UInt64 = 1,
    from: TraceRecord.Party = .init(), to: TraceRecord.Party = .init(),
    chains: (UInt64, UInt64) = (0, 0), trace: String = "", span: String = "", parent: String = "",
    identifier: String = "", resource: String = "", client: String = "10.0.0.1",
    server: String = "10.0.0.2"
  ) -> UInt64 {
    nextID += 1
    let ends: [Value] = [.string(client), .uint(4_000), .string(server), .uint(80)]
    let seen = SeenCall(
      id: nextID, agent: agent, point: point, start: time.lowerBound,
      duration: UInt64(time.upperBound - time.lowerBound), application: 20, transport: 6,
      requestSequence: call, responseSequence: call == 0 ? 0 : call + 1, ends: ends, requestID: nil,
      question: [.string("GET"), .string("")], server: .string(to.service), namesServer: true)
    var record = TraceRecord(seen: seen, end: time.upperBound, client: from, server: to)
    (record.requestChain, record.responseChain) = chains
    (record.trace, record.span, record.parentSpan) = (trace, span, parent)
    record.requestIdentifier = identifier
    record.text.resource = resource
    all.append(record)
    return nextID
  }

  /// Changes the record that was added last.
  ///
  /// - Returns: Its id.
  @discardableResult
  mutating func change(_ change: (inout TraceRecord) -> Void) -> UInt64 {
    change(&all[all.count - 1])
    return nextID
  }
}

extension TraceRecords {
  @discardableResult
  mutating func add(
    _ point: String, _ made: Made, from: TraceRecord.Party = .init(),
    to: TraceRecord.Party = .init(), client: String = "10.0.0.1", server: String = "10.0.0.2"
  ) -> UInt64 {
    add(
      point, call: made.call, made.time, from: from, to: to, chains: made.chains, trace: made.trace,
      span: made.span, parent: made.parent, identifier: made.identifier, resource: made.resource,
      client: client,
      server: server)
  }
}

extension TraceRecord.Party {
  static func process(_ pid: UInt64, thread: UInt64 = 0, _ service: String = "") -> Self {
    Self(process: pid, thread: thread, service: service, isProcess: true)
  }
}

extension TraceAssembly {
  static func trace(_ records: [TraceRecord], of id: UInt64) -> Trace? {
    trace(records, seeds: [id], seconds: 0...1)
  }
}

extension Trace {
  /// Each call's parent, by the calls' ids.
  var edges: [UInt64: UInt64] {
    Dictionary(
      uniqueKeysWithValues: calls.compactMap { call in
        call.parent.map { (call.id, calls[$0].id) }
      })
  }
}
