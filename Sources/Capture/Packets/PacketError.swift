// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// Why packets cannot be captured, in one sentence for the person who started the agent.
package struct PacketError: Error, Hashable {
  package enum Reason: Hashable, Sendable {
    case notPermitted
    /// The kernel has no packet sockets, or not with this ring.
    case notSupported
    case outOfMemory
    /// An expression for names of interfaces cannot be understood.
    case badPattern(String)
    case other(CInt)
  }

  package var reason: Reason

  package init(reason: Reason) {
    self.reason = reason
  }

  init(_ error: SystemError) {
    switch error.code {
    case EPERM, EACCES: reason = .notPermitted
    case EAFNOSUPPORT, EPROTONOSUPPORT, ENOPROTOOPT, EINVAL: reason = .notSupported
    case ENOMEM, ENOBUFS: reason = .outOfMemory
    default: reason = .other(error.code)
    }
  }
}

extension PacketError: CustomStringConvertible {
  package var description: String {
    switch reason {
    case .notPermitted:
      "Packets are not captured, because the kernel refuses packet sockets (operation not "
        + "permitted): there will be no flows and no hops of calls; run the agent as root or grant "
        + "it CAP_NET_RAW and CAP_NET_ADMIN, or turn capture.packets.enabled off."
    case .notSupported:
      "Packets are not captured, because the kernel has no packet sockets with rings "
        + "(CONFIG_PACKET, TPACKET_V3): there will be no flows and no hops of calls."
    case .outOfMemory:
      "Packets are not captured, because the kernel refuses memory for their rings: make "
        + "capture.packets.ring smaller or raise the memory limit of the agent's control group."
    case .badPattern(let pattern):
      "'\(pattern)' is not an extended regular expression for names of interfaces; write, for "
        + "example, eth.* or en[ops].*"
    case .other(let code):
      "Packets are not captured: \(SystemError.text(of: code)) (errno \(code)); there will be no "
        + "flows and no hops of calls. 'metaflow-agent check' tells what this kernel offers."
    }
  }
}
