// SPDX-License-Identifier: Apache-2.0

package import Telemetry

/// What this host lets the agent capture of its packets: a part of `metaflow-agent check`.
package struct PacketCapabilities: Sendable {
  /// Interfaces that would be captured; empty when ``refusal`` says why.
  package var interfaces: [InterfaceDescription] = []
  package var leftOut: [PacketSession.LeftOut] = []
  /// Why containers cannot be looked into; nil when they can.
  package var namespaceRefusal: SystemError?
  package var refusal: PacketError?
  private var ownNamespace: UInt32 = 0

  /// Looks at the host: opens the rings for a moment. The calling thread visits other network
  /// namespaces meanwhile, so nothing else may run on it.
  package static func examine(
    _ options: PacketOptions = PacketOptions()
  ) -> PacketCapabilities {
    var found = PacketCapabilities()
    var options = options
    // The choice is what matters here; the rings only have to be allowed.
    options.ringBytes = PacketRing.smallestRing
    do {
      let session = try PacketSession.open(options)
      found.interfaces = session.interfaces
      found.leftOut = session.leftOut
      found.namespaceRefusal = session.namespaceRefusal
      found.ownNamespace = session.ownNamespace
    } catch {
      found.refusal = error
    }
    return found
  }

  /// Whether packets would be captured, now or when there is an interface.
  package var isAllowed: Bool { refusal == nil }

  /// The answer as lines of text.
  package var lines: [String] {
    if let refusal { return ["\(refusal)"] }
    var lines = interfaces.map { interface in
      let isOwn = interface.networkNamespace == ownNamespace
      let place = isOwn ? "" : " in network namespace \(interface.networkNamespace)"
      return "Packets: \(interface.name)\(place)"
    }
    if lines.isEmpty { lines.append("Packets: allowed, but there is no interface to capture") }
    lines += leftOut.map { "Packets of \($0.name) are left out: \($0.reason)" }
    if let namespaceRefusal {
      lines.append(
        "Packets inside of containers are left out: \(namespaceRefusal); they are captured at the "
          + "host's end of each container's link.")
    }
    return lines
  }
}
