// SPDX-License-Identifier: Apache-2.0

package import Telemetry

/// Of an endpoint slice (`discovery.k8s.io/v1`).
package struct EndpointSliceDetail: Hashable, Sendable, ObjectDetail {
  package struct Endpoint: Hashable, Sendable {
    package var addresses: [IPAddress] = []
    /// Whether it still answers. One that ends may do so for a while.
    package var isServing = true
    /// The UID of the pod; empty for what is no pod.
    package var pod = ""
  }

  package struct Port: Hashable, Sendable {
    package var transport = TransportProtocol.tcp
    package var port: UInt16 = 0
  }

  package var endpoints: [Endpoint] = []
  package var ports: [Port] = []

  package init() {}

  @_lifetime(reader: copy reader)
  mutating func read(_ key: String, _ reader: inout JSONReader) throws(JSONFault) {
    switch key {
    case "endpoints":
      guard try reader.enterList() else { return }
      while try reader.nextElement() { endpoints.append(try Self.endpoint(&reader)) }
    case "ports":
      guard try reader.enterList() else { return }
      while try reader.nextElement() { ports.append(try Self.port(&reader)) }
    default: try reader.skip()
    }
  }

  @_lifetime(reader: copy reader)
  private static func endpoint(_ reader: inout JSONReader) throws(JSONFault) -> Endpoint {
    var endpoint = Endpoint()
    var serving: Bool?
    var ready: Bool?
    guard try reader.enterObject() else { return endpoint }
    while let key = try reader.nextKey() {
      switch key {
      case "addresses": endpoint.addresses = try reader.texts().compactMap { IPAddress($0) }
      case "conditions":
        guard try reader.enterObject() else { continue }
        while let key = try reader.nextKey() {
          switch key {
          case "serving": serving = try reader.flag()
          case "ready": ready = try reader.flag()
          default: try reader.skip()
          }
        }
      case "targetRef": endpoint.pod = try target(&reader)
      default: try reader.skip()
      }
    }
    endpoint.isServing = serving ?? ready ?? true
    return endpoint
  }

  @_lifetime(reader: copy reader)
  private static func target(_ reader: inout JSONReader) throws(JSONFault) -> String {
    var kind = ""
    var uid = ""
    guard try reader.enterObject() else { return "" }
    while let key = try reader.nextKey() {
      switch key {
      case "kind": kind = try reader.text()
      case "uid": uid = try reader.text()
      default: try reader.skip()
      }
    }
    return kind == "Pod" ? uid : ""
  }

  @_lifetime(reader: copy reader)
  private static func port(_ reader: inout JSONReader) throws(JSONFault) -> Port {
    var port = Port()
    guard try reader.enterObject() else { return port }
    while let key = try reader.nextKey() {
      switch key {
      case "protocol": port.transport = TransportProtocol(kubernetes: try reader.text())
      case "port": port.port = UInt16(clamping: try reader.integer() ?? 0)
      default: try reader.skip()
      }
    }
    return port
  }
}
