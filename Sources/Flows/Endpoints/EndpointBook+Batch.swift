// SPDX-License-Identifier: Apache-2.0

import Bytes
import Protocols
package import Telemetry

extension EndpointBook {
  /// Gives the calls and the figures of a batch their endpoints, and learns of the calls; rows of one
  /// key become one. What found no room is told in the batch's ledger, as counted in less detail.
  ///
  /// - Parameter now: What the ledger's entry is dated.
  package mutating func apply(to batch: inout RecordBatch, now: Timestamp) {
    self.batch &+= 1
    if self.batch == 0 { self.batch = 1 }
    for index in batch.calls.indices { applyToCall(index, of: &batch) }
    var isChanged = false
    for index in batch.metrics.indices where applyToMetric(index, of: &batch) { isChanged = true }
    if isChanged { Self.join(&batch) }
    guard others > 0 else { return }
    batch.losses.append(LossEntry(time: now, stage: .rollup, received: others, passed: 0))
    batch.losses.append(
      LossEntry(time: now, stage: .rollup, reason: .endpointTableFull, dropped: others))
    others = 0
  }

  private mutating func applyToCall(_ index: Int, of batch: inout RecordBatch) {
    let number = batch.calls[index].applicationProtocol
    guard forms[Int(number.rawValue)] != .fixed else { return }
    let endpoint = batch.calls[index].texts.endpoint
    let found: Found
    do {
      let text = batch.text.span.clipped(endpoint.range)
      guard let form = form(of: number, text) else { return }
      let key = Key(
        address: batch.calls[index].server.address, port: batch.calls[index].server.port,
        number: number)
      let code = batch.calls[index].responseCode
      // Of what nobody has answered, nobody knows whether it is there.
      let isThere =
        batch.calls[index].kind != .request && (form != .path || code != 404 && code != 405)
      found = find(text, form, key, isThere: isThere, teaches: true)
    }
    switch found {
    case .same: return
    case .entry(let service, let entry):
      batch.calls[index].texts.endpoint = place(service, entry, in: &batch)
    case .other(let form):
      others &+= 1
      batch.calls[index].texts.endpoint = other(form, endpoint, in: &batch)
    }
  }

  /// Whether it has another endpoint now.
  private mutating func applyToMetric(_ index: Int, of batch: inout RecordBatch) -> Bool {
    let number = batch.metrics[index].applicationProtocol
    guard forms[Int(number.rawValue)] != .fixed else { return false }
    let endpoint = batch.metrics[index].endpoint
    let found: Found
    do {
      let text = batch.text.span.clipped(endpoint.range)
      guard let form = form(of: number, text) else { return false }
      let key = Key(
        address: batch.metrics[index].server.address, port: batch.metrics[index].server.port,
        number: number)
      found = find(text, form, key, isThere: true, teaches: false)
    }
    switch found {
    case .same: return false
    case .entry(let service, let entry):
      batch.metrics[index].endpoint = place(service, entry, in: &batch)
    case .other(let form):
      batch.metrics[index].endpoint = other(form, endpoint, in: &batch)
    }
    return true
  }

  /// Where an entry stands in the batch's text.
  private mutating func place(_ service: Int, _ number: Int, in batch: inout RecordBatch) -> Text {
    let entry = services[service].endpoints.entries[number]
    if entry.batch == self.batch { return entry.place }
    let place = batch.append(entry.text.span)
    setPlace(place, service: service, number: number)
    return place
  }

  /// ``EndpointRules/other``, behind the word of a name.
  private func other(
    _ form: EndpointForm, _ endpoint: Text, in batch: inout RecordBatch
  ) -> Text {
    var text: [UInt8] = []
    if form == .name, let word = batch.bytes(endpoint).firstIndex(of: 0x20) {
      text += batch.bytes(endpoint)[...word]
    }
    text += EndpointRules.other
    return batch.append(text.span)
  }

  /// Adds up the rows by the second that have one key now.
  private static func join(_ batch: inout RecordBatch) {
    struct Row: Hashable {
      var key: CallMetric
      var endpoint: ArraySlice<UInt8>
    }
    var rows: [CallMetric] = []
    rows.reserveCapacity(batch.metrics.count)
    var places: [Row: Int] = [:]
    for var metric in batch.metrics {
      let row = Row(key: metric.withoutFigures, endpoint: batch.bytes(metric.endpoint))
      if let place = places[row] {
        rows[place].add(&metric)
      } else {
        places[row] = rows.count
        rows.append(metric)
      }
    }
    batch.metrics = rows
  }
}

extension CallMetric {
  fileprivate var withoutFigures: CallMetric {
    CallMetric(
      time: time, interval: interval, observationPoint: observationPoint,
      signalSource: signalSource, transport: transport, applicationProtocol: applicationProtocol,
      client: client, server: server)
  }
}

extension Text {
  fileprivate var range: Range<Int> { Int(offset)..<(Int(offset) + Int(length)) }
}
