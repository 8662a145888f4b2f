// SPDX-License-Identifier: Apache-2.0

import Bytes
import Protocols
import Telemetry

/// The endpoints of one service, and the places in them that were found to have many values.
///
/// What it says of a call follows from the calls before it alone, in their order: no clock, no chance.
struct ServiceEndpoints: Sendable {
  struct Entry: Sendable {
    var text: [UInt8]
    var calls: UInt32
    /// Whether the server ever had something there: what it says it has not, teaches nothing.
    var isThere: Bool
    /// Where it stands in the batch of this number.
    var batch: UInt32 = 0
    var place = Text.empty
  }

  /// A place with many values: what stands in front of it.
  struct Place: Sendable {
    var prefix: [UInt8]
    /// Values that stay.
    var kept: [[UInt8]]
  }

  /// Stands for all entries for which there was no room.
  static let other = -1

  let form: EndpointForm
  private(set) var entries: [Entry] = []
  private(set) var places: [Place] = []
  private var numbers: [[UInt8]: Int] = [:]
  private var placeNumbers: [[UInt8]: Int] = [:]
  private var missing = 0
  /// Calls of endpoints that found no room since entries gave way.
  private var refused: UInt32 = 0
  /// Counts the times that entries got other numbers.
  private(set) var generation: UInt32
  private(set) var bytes = 0

  init(form: EndpointForm, generation: UInt32) {
    self.form = form
    self.generation = generation
  }

  /// Made again of what another had.
  init(form: EndpointForm, places: [Place], entries: [Entry]) {
    self.form = form
    self.places = places
    generation = 0
    for (number, place) in places.enumerated() { placeNumbers[place.prefix] = number }
    setEntries(entries)
  }

  /// Whether there is nothing to learn of a call of an entry.
  func knows(_ number: Int, isThere: Bool) -> Bool {
    number < entries.count && (entries[number].isThere || !isThere)
  }

  mutating func count(_ number: Int) {
    if entries[number].calls < .max { entries[number].calls += 1 }
  }

  mutating func setPlace(_ place: Text, of number: Int, batch: UInt32) {
    entries[number].batch = batch
    entries[number].place = place
  }

  /// The entry of an endpoint as a parser wrote it, learned if it is new; ``other`` when there is no room.
  mutating func learn(
    _ endpoint: Span<UInt8>, isThere: Bool, _ rules: EndpointRules, hasRoom: Bool
  ) -> Int {
    let text = template(of: endpoint, rules)
    if let number = numbers[text] {
      count(number)
      if !knows(number, isThere: isThere) {
        entries[number].isThere = true
        missing -= 1
        if rules.learns { look(at: text, rules) }
        return numbers[template(of: endpoint, rules)] ?? Self.other
      }
      return number
    }
    guard hasRoom, text.count <= EndpointRules.longest else { return Self.other }
    if !isThere, missing >= rules.mostMissing { return Self.other }
    if entries.count >= rules.perService {
      refused += 1
      guard refused >= 4 * UInt32(rules.perService) else { return Self.other }
      letGo()
    }
    guard entries.count < rules.perService else { return Self.other }
    add(Entry(text: text, calls: 1, isThere: isThere))
    guard isThere, rules.learns else { return entries.count - 1 }
    look(at: text, rules)
    return numbers[template(of: endpoint, rules)] ?? Self.other
  }

  /// The entry of an endpoint, if there is one.
  func find(_ endpoint: Span<UInt8>, _ rules: EndpointRules) -> Int? {
    numbers[template(of: endpoint, rules)]
  }

  /// An endpoint with the places that have many values by their placeholder.
  func template(of endpoint: Span<UInt8>, _ rules: EndpointRules) -> [UInt8] {
    if form == .path, let named = rules.templates.first(where: { $0.fits(endpoint) }) {
      return named.bytes
    }
    var text: [UInt8] = []
    text.reserveCapacity(endpoint.count + 8)
    var written = 0
    while let place = form.place(in: endpoint, from: written) {
      text.append(copying: endpoint.clipped(from: written, to: place.lowerBound))
      let value = endpoint.clipped(place)
      if let number = placeNumbers[text], !places[number].keeps(value) {
        text += placeholder
      } else {
        text.append(copying: value)
      }
      written = place.upperBound
    }
    text.append(copying: endpoint.clipped(from: written, to: endpoint.count))
    return text
  }

  private var placeholder: [UInt8] {
    form == .path ? EndpointRules.placeholder : EndpointRules.unknown
  }

  private mutating func add(_ entry: Entry) {
    numbers[entry.text] = entries.count
    entries.append(entry)
    bytes += entry.text.count + MemoryLayout<Entry>.stride
    if !entry.isThere { missing += 1 }
  }

  private mutating func setEntries(_ all: [Entry]) {
    entries = []
    numbers = [:]
    (missing, bytes) = (0, 0)
    generation &+= 1
    for entry in all {
      guard let number = numbers[entry.text] else {
        add(entry)
        continue
      }
      let (calls, isFull) = entries[number].calls.addingReportingOverflow(entry.calls)
      entries[number].calls = isFull ? .max : calls
      if entry.isThere, !entries[number].isThere {
        entries[number].isThere = true
        missing -= 1
      }
    }
    for place in places { bytes += place.prefix.count + 64 }
  }

  /// Lets those go that had no more than their share of few calls, so that a service may have others.
  private mutating func letGo() {
    refused = 0
    var left: [Entry] = []
    for var entry in entries {
      entry.calls /= 2
      entry.batch = 0
      if entry.calls > 0 { left.append(entry) }
    }
    setEntries(left)
  }

  // MARK: Places with many values

  /// Looks whether a new entry has made a place one with many values.
  private mutating func look(at text: [UInt8], _ rules: EndpointRules) {
    var start = 0
    var isFirst = true
    while let place = form.place(in: text.span, from: start) {
      let prefix = Array(text[..<place.lowerBound])
      if placeNumbers[prefix] == nil, let kept = valuesKept(behind: prefix, isFirst, rules) {
        placeNumbers[prefix] = places.count
        places.append(Place(prefix: prefix, kept: kept))
        return setEntries(entries.map { rewritten($0, rules) })
      }
      start = place.upperBound
      isFirst = false
    }
  }

  private func rewritten(_ entry: Entry, _ rules: EndpointRules) -> Entry {
    var entry = entry
    entry.text = template(of: entry.text.span, rules)
    entry.batch = 0
    return entry
  }

  /// The values that stay of a place that has too many; nil when it has not.
  private func valuesKept(
    behind prefix: [UInt8], _ isFirst: Bool, _ rules: EndpointRules
  ) -> [[UInt8]]? {
    var values: [ArraySlice<UInt8>: UInt64] = [:]
    for entry in entries where entry.isThere && entry.text.starts(with: prefix) {
      guard let place = form.place(in: entry.text.span, from: prefix.count),
        place.lowerBound == prefix.count
      else { continue }
      values[entry.text[place], default: 0] += UInt64(entry.calls)
    }
    // What is surely an id is one already, whoever else stands beside it.
    values[placeholder[...]] = nil
    let few = isFirst ? rules.mostValues : rules.fewValues
    guard values.count > few else { return nil }
    let rare = values.values.count { $0 <= 2 }
    guard values.count > rules.mostValues || rare * 4 >= values.count * 3 else { return nil }
    let total = values.values.reduce(0, +)
    let stand = values.filter {
      $0.value >= 6 && $0.value * UInt64(values.count) >= 8 * total
    }
    let order = stand.sorted { a, b in
      a.value != b.value ? a.value > b.value : a.key.lexicographicallyPrecedes(b.key)
    }
    return order.prefix(EndpointRules.kept).map { Array($0.key) }
  }
}

extension ServiceEndpoints.Place {
  fileprivate func keeps(_ value: Span<UInt8>) -> Bool {
    kept.contains { word in
      guard word.count == value.count else { return false }
      for index in word.indices where word[index] != value[index] { return false }
      return true
    }
  }
}
