// SPDX-License-Identifier: Apache-2.0

import Telemetry

@testable import Kubernetes

/// Objects as an API server writes them, made here.
enum Fixture {
  static func pod(
    _ name: String, version: Int, address: String? = nil, made: String = "2026-01-01T00:00:00Z",
    uid: String? = nil, labels: [String: String] = [:], owner: String = "",
    phase: String = "Running",
    container: String? = nil, touched: String? = nil
  ) -> String {
    let labels = labels.sorted { $0.key < $1.key }.map { #""\#($0.key)":"\#($0.value)""# }
    let fields = touched.map { #","managedFields":[{"manager":"kubelet","time":"\#($0)"}]"# } ?? ""
    let address = address.map { #","podIP":"\#($0)","podIPs":[{"ip":"\#($0)"}]"# } ?? ""
    let container =
      container.map { #","containerStatuses":[{"name":"c","containerID":"containerd://\#($0)"}]"# }
      ?? ""
    return #"{"metadata":{"name":"\#(name)","namespace":"n","uid":"\#(uid ?? "u-" + name)","#
      + #""resourceVersion":"\#(version)","creationTimestamp":"\#(made)","#
      + #""labels":{\#(labels.joined(separator: ","))}\#(owner)\#(fields)},"#
      + #""spec":{"nodeName":"n1"},"status":{"phase":"\#(phase)"\#(address)\#(container)}}"#
  }

  static func owner(_ kind: String, _ name: String) -> String {
    #","ownerReferences":[{"kind":"\#(kind)","name":"\#(name)","uid":"u-\#(name)","controller":true}]"#
  }

  static func list(_ items: [String], version: Int, next: String = "") -> [UInt8] {
    let text =
      #"{"kind":"PodList","metadata":{"resourceVersion":"\#(version)","continue":"\#(next)"},"#
      + #""items":[\#(items.joined(separator: ","))]}"#
    return Array(text.utf8)
  }

  static func event(_ type: String, _ object: String) -> [UInt8] {
    Array(#"{"type":"\#(type)","object":\#(object)}"#.utf8) + [0x0a]
  }

  static func bookmark(_ version: Int) -> [UInt8] {
    event("BOOKMARK", #"{"kind":"Pod","metadata":{"resourceVersion":"\#(version)"}}"#)
  }

  static func status(_ code: Int, _ message: String = "") -> String {
    #"{"kind":"Status","metadata":{},"status":"Failure","message":"\#(message)","code":\#(code)}"#
  }

  static func time(_ second: Double) -> Timestamp {
    Timestamp(rfc3339: "2026-01-01T00:01:00Z")! + Int64((second * 1_000_000_000).rounded())
  }
}
