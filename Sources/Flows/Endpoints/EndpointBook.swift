// SPDX-License-Identifier: Apache-2.0

import Bytes
import Protocols
import Telemetry

/// Which endpoints the services have: what parsers write of a call, ids left out, with those places by a
/// placeholder that were found to have many values.
///
/// Batches go through it behind the pipeline, so that what is captured waits for nobody. It holds
/// so many services, and so many endpoints of each, as ``EndpointRules`` say: calls of others are those of
/// ``EndpointRules/other``. The same calls in the same order give the same endpoints.
package struct EndpointBook: Sendable {
  struct Key: Hashable, Sendable {
    var address: IPAddress
    var port: UInt16
    var number: ApplicationProtocol
  }

  struct Service: Sendable {
    var key: Key
    var endpoints: ServiceEndpoints
    /// Calls, halved when services give way.
    var calls: UInt32 = 0
  }

  /// What was said of an endpoint last, so that most calls are looked up once.
  private struct Known: Sendable {
    var hash: UInt64 = 0
    var service: Int32 = 0
    var number: Int32 = 0
    var generation: UInt32 = 0
    /// Whether the entry's text is the endpoint itself.
    var isSame = false
  }

  private static let knownSlots = 4_096

  let rules: EndpointRules
  let forms: [EndpointForm]
  private let seed: UInt64
  private(set) var services: [Service] = []
  private var numbers: [Key: Int] = [:]
  private var known: [Known] = []
  private var hand = 0
  /// Services that there ever were: what is remembered of one is not that of another in its place.
  private var epoch: UInt32 = 0
  private var bytes = 0
  /// Counts the batches.
  var batch: UInt32 = 0
  /// Calls for whose endpoint there was no room since that was asked last.
  var others: UInt64 = 0
  /// Counts what was learned: who keeps a copy has the same as long as it stays.
  package private(set) var changes: UInt64 = 0

  /// - Parameter seed: A random one, so that nobody can aim at one slot. Nothing that is said depends
  ///   on it.
  package init(rules: EndpointRules = EndpointRules(), seed: UInt64 = FlowLimits().hashSeed) {
    self.rules = rules
    self.seed = seed
    var forms = [EndpointForm](repeating: .fixed, count: 256)
    for kind in builtInProtocols {
      forms[Int(kind.descriptor.number.rawValue)] = kind.descriptor.endpoints
    }
    self.forms = forms
  }

  /// What a call's endpoint was found to be.
  enum Found {
    /// As it is.
    case same
    case entry(service: Int, number: Int)
    case other(EndpointForm)
  }

  /// The form of an endpoint; nil when nothing is to be learned of it.
  @inline(__always)
  func form(of number: ApplicationProtocol, _ endpoint: Span<UInt8>) -> EndpointForm? {
    let form = forms[Int(number.rawValue)]
    guard form != .fixed, !endpoint.isEmpty else { return nil }
    return form == .path && endpoint[0] != UInt8(ascii: "/") ? nil : form
  }

  /// What the endpoint of a call to a service is.
  ///
  /// - Parameter teaches: Whether it counts as a call; else it only is looked up.
  mutating func find(
    _ endpoint: Span<UInt8>, _ form: EndpointForm, _ key: Key, isThere: Bool, teaches: Bool
  ) -> Found {
    var hash = Hash(seed: seed)
    hash.combine(key.address)
    hash.combine(UInt64(key.port) << 8 | UInt64(key.number.rawValue))
    hash.combine(endpoint)
    let wide = hash.wide
    if known.isEmpty { known = Array(repeating: Known(), count: Self.knownSlots) }
    let slot = Int(truncatingIfNeeded: wide >> 20) & (Self.knownSlots - 1)
    let last = known[slot]
    let (service, number) = (Int(last.service), Int(last.number))
    if last.hash == wide, service < services.count,
      services[service].endpoints.generation == last.generation, services[service].key == key,
      !teaches || services[service].endpoints.knows(number, isThere: isThere)
    {
      if teaches {
        services[service].endpoints.count(number)
        if services[service].calls < .max { services[service].calls += 1 }
      }
      return last.isSame ? .same : .entry(service: service, number: number)
    }
    return look(up: endpoint, form, key, isThere: isThere, teaches: teaches, hash: wide, slot)
  }

  private mutating func look(
    up endpoint: Span<UInt8>, _ form: EndpointForm, _ key: Key, isThere: Bool, teaches: Bool,
    hash: UInt64, _ slot: Int
  ) -> Found {
    guard teaches else {
      guard let service = numbers[key] else { return .same }
      let endpoints = services[service].endpoints
      if let number = endpoints.find(endpoint, rules) {
        return .entry(service: service, number: number)
      }
      return endpoints.entries.count < rules.perService ? .same : .other(form)
    }
    let service = numbers[key] ?? addService(key, form)
    let before = services[service].endpoints.bytes
    let generation = services[service].endpoints.generation
    let count = services[service].endpoints.entries.count
    if services[service].calls < .max { services[service].calls += 1 }
    let number = services[service].endpoints.learn(
      endpoint, isThere: isThere, rules, hasRoom: bytes < rules.bytes)
    bytes += services[service].endpoints.bytes - before
    if services[service].endpoints.generation != generation
      || services[service].endpoints.entries.count != count
    {
      changes &+= 1
    }
    guard number != ServiceEndpoints.other else { return .other(form) }
    let text = services[service].endpoints.entries[number].text
    let isSame = text.span.isSame(as: endpoint)
    known[slot] = Known(
      hash: hash, service: Int32(service), number: Int32(number),
      generation: services[service].endpoints.generation, isSame: isSame)
    return isSame ? .same : .entry(service: service, number: number)
  }

  /// A place for a service, that of one which was asked for little if there is none.
  private mutating func addService(_ key: Key, _ form: EndpointForm) -> Int {
    changes &+= 1
    epoch &+= 1
    let service = Service(
      key: key, endpoints: ServiceEndpoints(form: form, generation: epoch &<< 16))
    if services.count < rules.services {
      services.append(service)
      numbers[key] = services.count - 1
      return services.count - 1
    }
    for _ in 0..<services.count {
      hand = (hand + 1) % services.count
      if services[hand].calls == 0 { break }
      services[hand].calls /= 2
    }
    numbers[services[hand].key] = nil
    bytes -= services[hand].endpoints.bytes
    services[hand] = service
    numbers[key] = hand
    return hand
  }

  mutating func setPlace(_ place: Text, service: Int, number: Int) {
    services[service].endpoints.setPlace(place, of: number, batch: batch)
  }

  /// Takes in what another one had learned.
  mutating func take(_ service: Service) {
    guard services.count < rules.services, numbers[service.key] == nil else { return }
    numbers[service.key] = services.count
    services.append(service)
    bytes += service.endpoints.bytes
  }
}

extension Span where Element == UInt8 {
  fileprivate func isSame(as other: Span<UInt8>) -> Bool {
    guard count == other.count else { return false }
    var offset = 0
    while offset < count {
      if word(at: offset) != other.word(at: offset) { return false }
      offset += 8
    }
    return true
  }
}
