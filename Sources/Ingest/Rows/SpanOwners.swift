// SPDX-License-Identifier: Apache-2.0

import Catalog
import Telemetry

/// Which processes tell spans, learned from calls that agents saw at the process under the same ids: a
/// program rarely knows who it is on its host.
///
/// A client's request carries the client span's id, and the server's span names it as its parent. Where
/// a process was found so, the other spans under its names are its, too. What two processes may have told,
/// as a proxy that hands the ids on and the program behind it, is the one's that has the pid of the span,
/// or nobody's. Nothing is kept before the first span comes.
struct SpanOwners: Sendable {
  static let capacity = 65_536

  private struct Claim: Sendable {
    var tags: EndTags
    var lastSeen: UInt32
    /// When a process with other tags was last seen for it; 0 never.
    var contested: UInt32 = 0

    mutating func take(_ other: EndTags, _ second: UInt32) {
      if other != tags, second < lastSeen.after(SocketOwners.claimSeconds) { contested = second }
      tags = other
      lastSeen = max(lastSeen, second)
    }

    func tags(at second: UInt32) -> EndTags? {
      contested == 0 || second >= contested.after(SocketOwners.claimSeconds) ? tags : nil
    }
  }

  /// By a keyed hash of trace, span and side; and of these and the process id.
  private var young: [Int: Claim] = [:]
  private var old: [Int: Claim] = [:]
  /// By a keyed hash of the names and the process id that spans bear.
  private var programs: [Int: Claim] = [:]
  private(set) var isUsed = false

  var count: Int { young.count + old.count + programs.count }

  /// Spans come in: from here on it is kept who sends what.
  mutating func use() { isUsed = true }

  /// Forgets those whose tags are out of use.
  mutating func keep(where isLive: (EndTags) -> Bool) {
    young = young.filter { isLive($0.value.tags) }
    old = old.filter { isLive($0.value.tags) }
    programs = programs.filter { isLive($0.value.tags) }
  }

  /// Notes the process at the end of a call that its agent stands on.
  mutating func observe(
    _ call: CallRecord, _ text: Span<UInt8>, agent: UInt16,
    state: borrowing CatalogState
  ) {
    guard isUsed, call.texts.spanID.length > 0, call.signalSource == .eBPF else { return }
    let isServer = call.observationPoint == .serverProcess
    guard isServer || call.observationPoint == .clientProcess else { return }
    let process = isServer ? call.server.process : call.client.process
    guard let tags = state.tags(of: process, agent: agent) else { return }
    for pid in [0, process.pid] {
      let key = Self.key(
        call.texts.traceID, call.texts.spanID, isServer: isServer, pid: pid, text)
      var claim = young[key] ?? old[key] ?? Claim(tags: tags, lastSeen: 0)
      claim.take(tags, call.end.storedSeconds)
      if young.count >= Self.capacity {
        old = young
        young.removeAll(keepingCapacity: true)
      }
      young[key] = claim
    }
  }

  /// Who the ends of a span are: those that are found, and `ends` otherwise.
  mutating func ends(
    of span: CallRecord, _ text: Span<UInt8>, else ends: TaggedEnds
  ) -> TaggedEnds {
    use()
    var ends = ends
    let second = span.end.storedSeconds
    let isServer = span.observationPoint == .serverApplication
    let end = isServer ? span.server : span.client
    let program = Self.program(end, span, text)
    guard isServer || span.observationPoint == .clientApplication else {
      if let own = programs[program]?.tags(at: second) { (ends.client, ends.server) = (own, own) }
      return ends
    }
    let trace = span.texts.traceID
    let carried = isServer ? span.texts.parentSpanID : span.texts.spanID
    let own =
      tags(trace, carried, isServer: isServer, pid: end.process.pid, text, second)
      ?? tags(trace, carried, isServer: isServer, pid: 0, text, second)
    let far = tags(trace, carried, isServer: !isServer, pid: 0, text, second)
    if let own { learn(own, program, second) }
    let known = own ?? programs[program]?.tags(at: second)
    ends.client = (isServer ? far : known) ?? ends.client
    ends.server = (isServer ? known : far) ?? ends.server
    return ends
  }

  private func tags(
    _ trace: Text, _ span: Text, isServer: Bool, pid: UInt32, _ text: Span<UInt8>,
    _ second: UInt32
  ) -> EndTags? {
    guard !span.isEmpty else { return nil }
    let key = Self.key(trace, span, isServer: isServer, pid: pid, text)
    return (young[key] ?? old[key])?.tags(at: second)
  }

  private mutating func learn(_ tags: EndTags, _ program: Int, _ second: UInt32) {
    var claim = programs[program] ?? Claim(tags: tags, lastSeen: 0)
    claim.take(tags, second)
    if programs.count >= Self.capacity { programs.removeAll(keepingCapacity: true) }
    programs[program] = claim
  }

  private static func key(
    _ trace: Text, _ span: Text, isServer: Bool, pid: UInt32, _ text: Span<UInt8>
  ) -> Int {
    var hasher = Hasher()
    hasher.combine(isServer)
    hasher.combine(pid)
    add(trace, text, to: &hasher)
    add(span, text, to: &hasher)
    return hasher.finalize()
  }

  private static func program(
    _ end: CallEnd, _ span: CallRecord, _ text: Span<UInt8>
  ) -> Int {
    var hasher = Hasher()
    hasher.combine(end.process.pid)
    add(span.appService, text, to: &hasher)
    add(span.appInstance, text, to: &hasher)
    return hasher.finalize()
  }

  private static func add(_ part: Text, _ text: Span<UInt8>, to hasher: inout Hasher) {
    let bytes = part.bytes(in: text)
    hasher.combine(bytes.count)
    unsafe bytes.withUnsafeBytes { unsafe hasher.combine(bytes: $0) }
  }
}

extension UInt32 {
  fileprivate func after(_ seconds: UInt32) -> UInt32 {
    let (sum, overflow) = addingReportingOverflow(seconds)
    return overflow ? .max : sum
  }
}
