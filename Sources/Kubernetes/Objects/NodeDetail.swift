// SPDX-License-Identifier: Apache-2.0

package import Telemetry

/// Of a node (`core/v1`).
package struct NodeDetail: Hashable, Sendable, ObjectDetail {
  /// Its own in the cluster's network and outside of it.
  package var addresses: [IPAddress] = []
  /// As the kernel has it, which need not be the node's name.
  package var hostname = ""
  /// `/etc/machine-id`; empty where the node does not say.
  package var machineID = ""
  /// `/proc/sys/kernel/random/boot_id`.
  package var bootID = ""
  /// `aws:///eu-west-1a/i-0123`: how the cloud knows the machine.
  package var providerID = ""

  package init() {}

  @_lifetime(reader: copy reader)
  mutating func read(_ key: String, _ reader: inout JSONReader) throws(JSONFault) {
    switch key {
    case "spec":
      guard try reader.enterObject() else { return }
      while let key = try reader.nextKey() {
        switch key {
        case "providerID": providerID = try reader.text()
        default: try reader.skip()
        }
      }
    case "status": try readStatus(&reader)
    default: try reader.skip()
    }
  }

  @_lifetime(reader: copy reader)
  private mutating func readStatus(_ reader: inout JSONReader) throws(JSONFault) {
    guard try reader.enterObject() else { return }
    while let key = try reader.nextKey() {
      switch key {
      case "addresses":
        guard try reader.enterList() else { continue }
        while try reader.nextElement() { try readAddress(&reader) }
      case "nodeInfo":
        guard try reader.enterObject() else { continue }
        while let key = try reader.nextKey() {
          switch key {
          case "machineID": machineID = try reader.text()
          case "bootID": bootID = try reader.text()
          default: try reader.skip()
          }
        }
      default: try reader.skip()
      }
    }
  }

  @_lifetime(reader: copy reader)
  private mutating func readAddress(_ reader: inout JSONReader) throws(JSONFault) {
    var type = ""
    var text = ""
    guard try reader.enterObject() else { return }
    while let key = try reader.nextKey() {
      switch key {
      case "type": type = try reader.text()
      case "address": text = try reader.text()
      default: try reader.skip()
      }
    }
    switch type {
    case "InternalIP", "ExternalIP":
      if let address = IPAddress(text), !addresses.contains(address) { addresses.append(address) }
    case "Hostname": hostname = text
    default: break
    }
  }
}
