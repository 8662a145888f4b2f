// SPDX-License-Identifier: Apache-2.0

package import Telemetry

/// Of a pod (`core/v1`).
package struct PodDetail: Hashable, Sendable, ObjectDetail {
  package struct Container: Hashable, Sendable {
    package var name = ""
    /// As the runtime knows it, without the runtime's name before it.
    package var id = ""
  }

  package struct Port: Hashable, Sendable {
    package var name = ""
    package var transport = TransportProtocol.tcp
    package var port: UInt16 = 0
    /// 0 for none.
    package var hostPort: UInt16 = 0
  }

  /// Empty until it has a node.
  package var nodeName = ""
  /// Whether it lives in its node's network, and so at its node's address.
  package var isInHostNetwork = false
  package var addresses: [IPAddress] = []
  package var phase = ""
  /// When its node took it up.
  package var started: Timestamp?
  /// Those that have been started, the ones that prepare included.
  package var containers: [Container] = []
  package var ports: [Port] = []
  /// Variables whose values stand in the pod itself, of all its containers; the first of a name.
  /// Those that may hold a secret are left out by their names.
  package var environment: [ObjectMetadata.Entry] = []

  package init() {}

  /// A pod that has ended gives its address back while it is still on the list.
  package var hasEnded: Bool { phase == "Succeeded" || phase == "Failed" }

  @_lifetime(reader: copy reader)
  mutating func read(_ key: String, _ reader: inout JSONReader) throws(JSONFault) {
    switch key {
    case "spec": try readSpec(&reader)
    case "status": try readStatus(&reader)
    default: try reader.skip()
    }
  }

  @_lifetime(reader: copy reader)
  private mutating func readSpec(_ reader: inout JSONReader) throws(JSONFault) {
    guard try reader.enterObject() else { return }
    while let key = try reader.nextKey() {
      switch key {
      case "nodeName": nodeName = try reader.text()
      case "hostNetwork": isInHostNetwork = try reader.flag()
      case "containers":
        guard try reader.enterList() else { continue }
        while try reader.nextElement() { try readContainer(&reader) }
      default: try reader.skip()
      }
    }
  }

  @_lifetime(reader: copy reader)
  private mutating func readContainer(_ reader: inout JSONReader) throws(JSONFault) {
    guard try reader.enterObject() else { return }
    while let key = try reader.nextKey() {
      switch key {
      case "ports":
        guard try reader.enterList() else { continue }
        while try reader.nextElement() { ports.append(try Self.port(&reader)) }
      case "env":
        guard try reader.enterList() else { continue }
        while try reader.nextElement() { try readVariable(&reader) }
      default: try reader.skip()
      }
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
      case "containerPort": port.port = UInt16(clamping: try reader.integer() ?? 0)
      case "hostPort": port.hostPort = UInt16(clamping: try reader.integer() ?? 0)
      default: try reader.skip()
      }
    }
    return port
  }

  @_lifetime(reader: copy reader)
  private mutating func readVariable(_ reader: inout JSONReader) throws(JSONFault) {
    var entry = ObjectMetadata.Entry(name: "", value: "")
    guard try reader.enterObject() else { return }
    while let key = try reader.nextKey() {
      switch key {
      case "name": entry.name = try reader.text()
      case "value": entry.value = try reader.text()
      default: try reader.skip()
      }
    }
    guard !entry.value.isEmpty, entry.value.utf8.count <= ObjectMetadata.valueBytes,
      environment.count < ObjectMetadata.entries, !SecretNames.mayHold(entry.name),
      !environment.contains(where: { $0.name == entry.name })
    else { return }
    environment.append(entry)
  }

  @_lifetime(reader: copy reader)
  private mutating func readStatus(_ reader: inout JSONReader) throws(JSONFault) {
    var first: IPAddress?
    guard try reader.enterObject() else { return }
    while let key = try reader.nextKey() {
      switch key {
      case "phase": phase = try reader.text()
      case "startTime": started = Timestamp(rfc3339: try reader.text())
      case "podIP": first = IPAddress(try reader.text())
      case "podIPs":
        guard try reader.enterList() else { continue }
        while try reader.nextElement() { try readAddress(&reader) }
      case "containerStatuses", "initContainerStatuses", "ephemeralContainerStatuses":
        guard try reader.enterList() else { continue }
        while try reader.nextElement() { try readContainerStatus(&reader) }
      default: try reader.skip()
      }
    }
    if let first, !addresses.contains(first) { addresses.insert(first, at: 0) }
  }

  @_lifetime(reader: copy reader)
  private mutating func readAddress(_ reader: inout JSONReader) throws(JSONFault) {
    guard try reader.enterObject() else { return }
    while let key = try reader.nextKey() {
      guard key == "ip" else {
        try reader.skip()
        continue
      }
      if let address = IPAddress(try reader.text()), !addresses.contains(address) {
        addresses.append(address)
      }
    }
  }

  @_lifetime(reader: copy reader)
  private mutating func readContainerStatus(_ reader: inout JSONReader) throws(JSONFault) {
    var container = Container()
    guard try reader.enterObject() else { return }
    while let key = try reader.nextKey() {
      switch key {
      case "name": container.name = try reader.text()
      case "containerID":
        // `containerd://4f3c...`
        let text = try reader.text()
        container.id = text.split(separator: "/").last.map(String.init) ?? ""
      default: try reader.skip()
      }
    }
    if !container.id.isEmpty { containers.append(container) }
  }
}
