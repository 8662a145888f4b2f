// SPDX-License-Identifier: Apache-2.0

import Telemetry

/// When what an answer rests on last changed, in numbers that grow with every change: so an answer that
/// was kept is good as long as none of its own marks is younger.
///
/// Addresses and containers share marks by their hash: two that have one in common are asked again for
/// each other's changes, no more.
struct ChangeMarks: Sendable {
  private(set) var latest: UInt32 = 1
  /// By the number of the resource.
  private var resources: [UInt32] = []
  private var places = [UInt32](repeating: 0, count: 1 << 16)
  /// Of what is kept by no place: blocks of addresses, node ports.
  private var all: UInt32 = 1

  mutating func begin() { latest &+= 1 }

  mutating func mark(resource: UInt32) {
    if Int(resource) >= resources.count {
      resources.append(
        contentsOf: repeatElement(0, count: max(1_024, Int(resource) + 1 - resources.count)))
    }
    resources[Int(resource)] = latest
  }

  mutating func mark(container: String) { places[Int(Whereabouts.place(of: container))] = latest }

  mutating func markAll() { all = latest }

  mutating func mark(_ claim: Claim) {
    switch claim.kind {
    case .address, .port, .endpoint, .member:
      places[Int(Whereabouts.place(of: claim.address))] = latest
    case .block, .nodePort: all = latest
    }
  }

  /// Whether an answer of then is one of now.
  @inline(__always)
  func isGood(_ answer: Resolution, of then: UInt32) -> Bool {
    guard then != latest else { return true }
    guard all <= then, places[Int(answer.places.address)] <= then,
      places[Int(answer.places.own)] <= then, places[Int(answer.places.container)] <= then
    else { return false }
    let found = answer.resources
    return isGood(found.pod, then) && isGood(found.container, then)
      && isGood(found.workload, then) && isGood(found.namespace, then)
      && isGood(found.node, then) && isGood(found.service, then) && isGood(found.ingress, then)
      && isGood(found.cluster, then) && isGood(found.availabilityZone, then)
      && isGood(found.region, then) && isGood(found.device, then) && isGood(found.subnet, then)
  }

  @inline(__always)
  private func isGood(_ resource: UInt32, _ then: UInt32) -> Bool {
    resource == 0 || resources[Int(resource)] <= then
  }
}

extension Whereabouts {
  /// The mark of an address.
  @inline(__always)
  static func place(of address: IPAddress) -> UInt16 {
    UInt16(truncatingIfNeeded: (address.high ^ address.low &* 0x9E37_79B9_7F4A_7C15) >> 48)
  }

  /// The mark of a container.
  static func place(of container: String) -> UInt16 {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in container.utf8 { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }
    return UInt16(truncatingIfNeeded: hash >> 32)
  }
}
