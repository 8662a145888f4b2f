// SPDX-License-Identifier: Apache-2.0

package import Telemetry

/// Of a service (`core/v1`).
package struct ServiceDetail: Hashable, Sendable, ObjectDetail {
  package struct Port: Hashable, Sendable {
    package var name = ""
    package var transport = TransportProtocol.tcp
    package var port: UInt16 = 0
    /// At every node; 0 for none.
    package var nodePort: UInt16 = 0
  }

  /// `ClusterIP`, `NodePort`, `LoadBalancer` or `ExternalName`.
  package var type = ""
  /// Its cluster addresses, those that others lend it, and those of its load balancer. A headless
  /// service has none.
  package var addresses: [IPAddress] = []
  package var ports: [Port] = []

  package init() {}

  @_lifetime(reader: copy reader)
  mutating func read(_ key: String, _ reader: inout JSONReader) throws(JSONFault) {
    switch key {
    case "spec": try readSpec(&reader)
    case "status": add(try LoadBalancerAddresses.read(&reader))
    default: try reader.skip()
    }
  }

  @_lifetime(reader: copy reader)
  private mutating func readSpec(_ reader: inout JSONReader) throws(JSONFault) {
    guard try reader.enterObject() else { return }
    while let key = try reader.nextKey() {
      switch key {
      case "type": type = try reader.text()
      case "clusterIP": add([try reader.text()])
      case "clusterIPs", "externalIPs": add(try reader.texts())
      case "ports":
        guard try reader.enterList() else { continue }
        while try reader.nextElement() { ports.append(try Self.port(&reader)) }
      default: try reader.skip()
      }
    }
  }

  /// `None`, which stands where a headless service has no address, is none.
  private mutating func add(_ texts: [String]) {
    for text in texts {
      if let address = IPAddress(text), !addresses.contains(address) { addresses.append(address) }
    }
  }

  @_lifetime(reader: copy reader)
  private static func port(_ reader: inout JSONReader) throws(JSONFault) -> Port {
    var port = Port()
    guard try reader.enterObject() else { return port }
    while let key = try reader.nextKey() {
      switch key {
      case "name": port.name = try reader.text()
      case "protocol": port.transport = TransportProtocol(kubernetes: try reader.text())
      case "port": port.port = UInt16(clamping: try reader.integer() ?? 0)
      case "nodePort": port.nodePort = UInt16(clamping: try reader.integer() ?? 0)
      default: try reader.skip()
      }
    }
    return port
  }
}

/// `status.loadBalancer.ingress[].ip`, of services and ingresses.
enum LoadBalancerAddresses {
  @_lifetime(reader: copy reader)
  static func read(_ reader: inout JSONReader) throws(JSONFault) -> [String] {
    var texts: [String] = []
    guard try reader.enterObject() else { return texts }
    while let key = try reader.nextKey() {
      guard key == "loadBalancer", try reader.enterObject() else {
        if key != "loadBalancer" { try reader.skip() }
        continue
      }
      while let key = try reader.nextKey() {
        guard key == "ingress", try reader.enterList() else {
          if key != "ingress" { try reader.skip() }
          continue
        }
        while try reader.nextElement() {
          guard try reader.enterObject() else { continue }
          while let key = try reader.nextKey() {
            if key == "ip" { texts.append(try reader.text()) } else { try reader.skip() }
          }
        }
      }
    }
    return texts
  }
}

extension TransportProtocol {
  /// `TCP` where nothing is said; 132 is SCTP (RFC 9260).
  init(kubernetes text: String) {
    switch text {
    case "UDP": self = .udp
    case "SCTP": self = TransportProtocol(rawValue: 132)
    default: self = .tcp
    }
  }
}
