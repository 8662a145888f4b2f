// SPDX-License-Identifier: Apache-2.0

/// Finds, for each call, the calls that may have caused it, with all evidence for each.
struct CauseSearch {
  /// What a request and what is called for it have in common.
  private struct Key: Hashable {
    var process: TraceProcess?
    /// The address of a server that is not watched, where there is no process.
    var address = ""
    var kind: TraceEvidence.Kind
    var text: String
  }

  private let calls: [TraceCall]
  private let clocks: HostClocks
  private let isWhole: Bool
  let chains: ProcessChains
  private let spans: ToldSpans
  private let messages: MessageCauses
  /// Requests by what they carry, in the order of their starts.
  private var requests: [Key: [Int]] = [:]
  /// Those of watched processes alone, wherever they were.
  private var watched: [Key: [Int]] = [:]

  /// Requests with one key, the latest ones before a call, that are looked at for it.
  private static let mostRequests = 64
  /// What is less sure is not told: an edge may be missing, but should not be wrong.
  private static let leastConfidence = 0.4
  /// A shorter id is too easily another's.
  private static let leastIdentifier = 8

  /// - Parameter isWhole: Whether every record is there that the calls' processes made meanwhile, or
  ///   that has one of their ids. Without, nothing is certain.
  init(_ calls: [TraceCall], clocks: HostClocks, isWhole: Bool) {
    self.calls = calls
    self.clocks = clocks
    self.isWhole = isWhole
    chains = ProcessChains(calls, isWhole: isWhole)
    spans = ToldSpans(calls, clocks: clocks, isWhole: isWhole)
    messages = MessageCauses(calls, clocks: clocks, isWhole: isWhole)
    for index in calls.indices.sorted(by: { (start($0), $0) < (start($1), $1) }) {
      let call = calls[index]
      let isAsked = !call.isTold && (!call.isReversed || call.isReceipt)
      for key in isAsked ? Set(call.records.flatMap { keys($0, of: call) }) : [] {
        requests[key, default: []].append(index)
        guard key.process != nil else { continue }
        var anywhere = key
        anywhere.process = nil
        watched[anywhere, default: []].append(index)
      }
    }
  }

  /// When a request came to who served it, or a message to who received it.
  private func start(_ index: Int) -> Int64 {
    guard let receipt = calls[index].receipt else { return clocks.start(calls[index].inner) }
    return receipt.isReversed ? clocks.start(receipt) : clocks.end(receipt)
  }

  /// When it was served. Nobody says when who received a message was done with it.
  private func end(_ index: Int) -> Int64 {
    calls[index].isReceipt ? .max : clocks.end(calls[index].inner)
  }

  private func keys(_ record: TraceRecord, of call: TraceCall) -> [Key] {
    var texts: [(TraceEvidence.Kind, String)] = []
    if !record.trace.isEmpty { texts.append((.trace, record.trace)) }
    if !record.span.isEmpty { texts.append((.span, record.span)) }
    texts += record.identifiers.map { (.identifier, $0) }
    if call.isReceipt {
      // What is fetched of a message is its ids alone, and its receiver works on it when it likes.
      guard let process = call.receiver?.process else { return [] }
      return texts.map { Key(process: process, kind: $0.0, text: $0.1) }
    }
    texts += LinkTokens.tokens(of: record.text.resource).map { (.token, $0) }
    let process = call.served?.callee
    let address = process == nil ? call.inner.serverAddress : ""
    return texts.map { Key(process: process, address: address, kind: $0.0, text: $0.1) }
  }

  /// The causes of the call at `index`, the likeliest first.
  func causes(of index: Int) -> [TraceCause] {
    let call = calls[index]
    let told = spans.cause(of: index)
    if call.isTold { return told.map { [$0] } ?? [] }
    if let sent = messages.cause(of: index) { return [sent] }
    // What the server says unasked is no call of its client's, and what is fetched is nobody's yet.
    if call.isReversed || Messaging.isFetch(call.outer.text) {
      if let told { return [told] }
      guard let chain = chains.cause(of: index) else { return [] }
      return ranked([chain.request: [chain.evidence]], index)
    }
    var found: [Int: [TraceEvidence]] = [:]
    if let chain = chains.cause(of: index) {
      found[chain.request, default: []].append(chain.evidence)
    }
    for (kind, text, about) in carried(call) {
      let (all, isNear) = candidates(index, kind, text)
      let likely = lasting(index, all)
      for request in likely {
        let place = isNear ? "" : ", and its client has the other’s server’s address"
        found[request, default: []].append(
          TraceEvidence(
            kind, about + place, confidence(kind, text, of: all.count, likely.count, isNear)))
      }
      guard let first = likely.first, all.count > 1 else { continue }
      let which =
        likely.count == 1
        ? "the only one that lasted as long as this call" : "\(likely.count) lasted as long"
      found[first, default: []].append(
        TraceEvidence(.time, "\(all.count) requests that carry it were served then; \(which)", 0))
    }
    let seen = ranked(found, index)
    // A client's own span stands between the request and its call.
    return (told.map { [$0] } ?? []) + seen.filter { $0.parent != told?.parent }
  }

  /// What the call carries that a request may have brought.
  private func carried(_ call: TraceCall) -> [(TraceEvidence.Kind, String, String)] {
    var all: [(TraceEvidence.Kind, String, String)] = []
    for record in [call.outer, call.inner] {
      for text in record.identifiers {
        all.append((.identifier, text, "both carry the X-Request-ID \(text)"))
      }
      if !record.parentSpan.isEmpty {
        all.append(
          (.span, record.parentSpan, "its parent span is the other’s, \(record.parentSpan)"))
      }
      if !record.span.isEmpty {
        all.append((.span, record.span, "both carry the span id \(record.span)"))
      }
      if !record.trace.isEmpty {
        all.append((.trace, record.trace, "both carry the trace id \(record.trace)"))
      }
      for token in LinkTokens.tokens(of: record.text.resource) {
        all.append((.token, token, "both ask for \(token)"))
      }
    }
    var known: Set<String> = []
    return all.filter { known.insert($0.0.rawValue + $0.2).inserted }
  }

  /// The requests that were being served where and when the call was made; by its own process, if both
  /// are watched, else by the host of that address.
  private func candidates(
    _ index: Int, _ kind: TraceEvidence.Kind, _ text: String
  ) -> (requests: [Int], isNear: Bool) {
    let call = calls[index]
    if let process = call.made?.caller {
      let key = Key(process: process, kind: kind, text: text)
      let near = covering(index, requests[key] ?? [])
      if !near.isEmpty { return (near, true) }
    }
    let address = call.outer.clientAddress
    guard !address.isEmpty, !address.isLoopback else { return ([], false) }
    let key = Key(process: nil, address: address, kind: kind, text: text)
    var far = covering(index, requests[key] ?? [])
    if call.made?.caller == nil {
      // Its process is not known, but the other's may be.
      let anywhere = watched[Key(process: nil, kind: kind, text: text)] ?? []
      far += covering(index, anywhere.filter { calls[$0].inner.serverAddress == address })
    }
    return (Array(Set(far)).sorted(), false)
  }

  /// Of requests in the order of their starts, those that were served when the call was made.
  private func covering(_ index: Int, _ all: [Int]) -> [Int] {
    let began = clocks.start(calls[index].outer)
    let behind = all.partitioningIndex { start($0) > began }
    return all[max(0, behind - Self.mostRequests)..<behind].filter { request in
      request != index && self.end(request) >= began
    }
  }

  /// Of several, those that lasted until the call was over, if there are any: who replies without
  /// waiting for it is the exception.
  private func lasting(_ index: Int, _ all: [Int]) -> [Int] {
    guard all.count > 1 else { return all }
    let end = clocks.end(calls[index].outer)
    let lasting = all.filter { self.end($0) >= end }
    return lasting.isEmpty ? all : lasting
  }

  /// - Parameters:
  ///   - all: Requests that carry the same.
  ///   - count: Those of them that it may be.
  private func confidence(
    _ kind: TraceEvidence.Kind, _ text: String, of all: Int, _ count: Int, _ isNear: Bool
  ) -> Double {
    var sure: Double =
      switch kind {
      case .span: 1
      case .identifier: text.utf8.count >= Self.leastIdentifier ? 1 : 0.8
      case .trace: 0.98
      case .token: isNear ? 0.85 : 0.6
      case .chain, .message, .time: 0
      }
    if !isNear || !isWhole { sure = min(sure, 0.9) }
    if count > 1 { return sure * 0.9 / Double(count) }
    return all > 1 ? min(sure, 0.8) : sure
  }

  private func isContradicted(
    _ parent: Int, _ child: Int, _ evidence: [TraceEvidence], _ confidence: Double
  ) -> Bool {
    if calls[parent].isOfAnotherTrace(than: calls[child]) { return true }
    // A chain that is closed knows better than ids that services make.
    return confidence < 0.95 && evidence.allSatisfy { $0.kind == .chain }
      && calls[parent].carriesOtherIdentifiers(than: calls[child])
  }

  private func ranked(_ found: [Int: [TraceEvidence]], _ index: Int) -> [TraceCause] {
    var causes: [TraceCause] = []
    for (parent, evidence) in found {
      let confidence = TraceEvidence.confidence(of: evidence)
      guard confidence >= Self.leastConfidence,
        confidence >= 1 || !isContradicted(parent, index, evidence, confidence)
      else { continue }
      let ordered = evidence.sorted { ($1.confidence, $0.text) < ($0.confidence, $1.text) }
      causes.append(TraceCause(parent: parent, evidence: ordered, confidence: confidence))
    }
    func rank(_ cause: TraceCause) -> (Double, Int64, UInt64) {
      (cause.confidence, start(cause.parent), calls[cause.parent].id)
    }
    causes.sort { rank($0) > rank($1) }
    // What only the later start decides is said so.
    if causes.count > 1, causes[0].confidence == causes[1].confidence {
      let equal = causes.count { $0.confidence == causes[0].confidence }
      causes[0].evidence.append(
        TraceEvidence(.time, "of \(equal) that are as likely, the one that began last", 0))
      if causes[0].confidence >= 1 { causes[0].confidence = 0.9 / Double(equal) }
    }
    return causes
  }
}

extension String {
  /// Whether an address means a host's own, so that it tells no host.
  fileprivate var isLoopback: Bool {
    hasPrefix("127.") || self == "::1" || hasPrefix("::ffff:127.")
  }
}
