// SPDX-License-Identifier: Apache-2.0

import Telemetry
import TestSupport

/// Changes of resources of any values at all.
extension SeededGenerator {
  private mutating func scope() -> ResourceScope {
    ResourceScope(ResourceScope.Kind.allCases.randomElement(using: &self)!, string())
  }

  private mutating func identity() -> ResourceIdentity {
    ResourceIdentity(ResourceKind(rawValue: integer()), in: scope(), id: string())
  }

  private mutating func some<Part>(_ make: (inout SeededGenerator) -> Part) -> [Part] {
    (0..<roll(4)).map { _ in make(&self) }
  }

  mutating func change() -> ResourceChange {
    let time = Timestamp(nanoseconds: integer())
    switch roll(4) {
    case 0: return .gone(identity(), since: time)
    case 1: return .complete(ResourceKind(rawValue: integer()), scope(), since: time)
    default: break
    }
    return .seen(
      ResourceReport(
        identity(), name: string(), parents: some { $0.identity() },
        attributes: some { .init($0.string(), $0.string()) },
        addresses: some {
          .init(
            IPAddress(high: $0.integer(), low: $0.integer()), prefixLength: $0.integer(),
            in: $0.scope(), isShared: $0.roll(2) == 0)
        },
        ports: some {
          .init(
            name: $0.string(), transport: TransportProtocol(rawValue: $0.integer()),
            port: $0.integer(), nodePort: $0.integer())
        },
        endpoints: some {
          .init(
            address: IPAddress(high: $0.integer(), low: $0.integer()),
            transport: TransportProtocol(rawValue: $0.integer()), port: $0.integer(),
            target: $0.roll(2) == 0 ? $0.identity() : nil)
        }, validFrom: time))
  }
}
