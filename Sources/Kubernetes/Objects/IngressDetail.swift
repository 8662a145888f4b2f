// SPDX-License-Identifier: Apache-2.0

package import Telemetry

/// Of an ingress (`networking.k8s.io/v1`).
package struct IngressDetail: Hashable, Sendable, ObjectDetail {
  /// Names of the services that it hands requests to, in its own namespace; in order, each once.
  package var services: [String] = []
  /// Those of its load balancer.
  package var addresses: [IPAddress] = []

  package init() {}

  @_lifetime(reader: copy reader)
  mutating func read(_ key: String, _ reader: inout JSONReader) throws(JSONFault) {
    switch key {
    case "spec":
      guard try reader.enterObject() else { return }
      while let key = try reader.nextKey() {
        switch key {
        case "defaultBackend": try readBackend(&reader)
        case "rules":
          guard try reader.enterList() else { continue }
          while try reader.nextElement() { try readRule(&reader) }
        default: try reader.skip()
        }
      }
    case "status":
      addresses = try LoadBalancerAddresses.read(&reader).compactMap { IPAddress($0) }
    default: try reader.skip()
    }
  }

  @_lifetime(reader: copy reader)
  private mutating func readRule(_ reader: inout JSONReader) throws(JSONFault) {
    guard try reader.enterObject() else { return }
    while let key = try reader.nextKey() {
      guard key == "http" else {
        try reader.skip()
        continue
      }
      guard try reader.enterObject() else { continue }
      while let key = try reader.nextKey() {
        guard key == "paths" else {
          try reader.skip()
          continue
        }
        guard try reader.enterList() else { continue }
        while try reader.nextElement() { try readPath(&reader) }
      }
    }
  }

  @_lifetime(reader: copy reader)
  private mutating func readPath(_ reader: inout JSONReader) throws(JSONFault) {
    guard try reader.enterObject() else { return }
    while let key = try reader.nextKey() {
      if key == "backend" { try readBackend(&reader) } else { try reader.skip() }
    }
  }

  @_lifetime(reader: copy reader)
  private mutating func readBackend(_ reader: inout JSONReader) throws(JSONFault) {
    guard try reader.enterObject() else { return }
    while let key = try reader.nextKey() {
      guard key == "service" else {
        try reader.skip()
        continue
      }
      guard try reader.enterObject() else { continue }
      while let key = try reader.nextKey() {
        guard key == "name" else {
          try reader.skip()
          continue
        }
        let name = try reader.text()
        if !name.isEmpty, !services.contains(name) { services.append(name) }
      }
    }
  }
}
