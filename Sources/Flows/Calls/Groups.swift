// SPDX-License-Identifier: Apache-2.0

import Telemetry

/// Requests to a group of hosts: multicast and broadcast. Any number of them may answer, also none,
/// which is no error; and what they say to the group need not answer anybody.
extension FlowEngine {
  /// Whether what `moment` moved was sent to a group, as far as that is known.
  @inline(__always)
  func isToGroup(_ moment: inout Moment, in conversation: inout Conversation) -> Bool {
    guard conversation.transport.rawValue == TransportProtocol.udp.rawValue else { return false }
    let isOutgoing = moment.direction.index == 0
    if isOfSockets {
      return isOutgoing && (moment.remote.isGroup || conversation.remote.isGroup)
    }
    return isOutgoing ? conversation.remote.isGroup : conversation.local.isGroup
  }

  /// Whether a request is one that nobody needs to answer. A socket is not told where a datagram that
  /// it received was sent to: the port has to do.
  @inline(__always)
  func mayStayUnanswered(_ moment: inout Moment, in conversation: inout Conversation) -> Bool {
    guard conversation.transport.rawValue == TransportProtocol.udp.rawValue else { return false }
    if isToGroup(&moment, in: &conversation) { return true }
    return isOfSockets && moment.direction.index == 1
      && protocols[conversation.protocolIndex].groupPorts.contains(conversation.localPort)
  }

  /// Writes a request for which no answer is waited.
  mutating func leave(_ number: Int, slot: Int) {
    pending.slots[number].record.kind = .request
    pending.slots[number].record.status = .ok
    write(number, slot: slot, at: pending.slots[number].record.start)
    pending.release(number)
  }
}
