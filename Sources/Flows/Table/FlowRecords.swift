// SPDX-License-Identifier: Apache-2.0

import Telemetry

extension FlowTable {
  /// The record of what the flow's report holds.
  func record(_ slot: Int, _ type: CloseType) -> FlowRecord {
    let flow = flows[slot]
    let client = flow.clientDirection
    let start = min(details[slot].reportStart, flow.last.nanoseconds)
    var record = FlowRecord(
      transport: flow.transport, client: end(slot, client), server: end(slot, 1 - client),
      start: Timestamp(nanoseconds: start), end: flow.last)
    record.flow = details[slot].id
    record.observationPoint = details[slot].observationPoint
    record.applicationProtocol = details[slot].applicationProtocol
    record.closeType = type
    record.isNew = !flow.facts.has(FlowFacts.reported)
    record.directionScore = details[slot].directionScore
    record.networkNamespace = interfaces[flow.interface].networkNamespace
    record.interface = interfaces[flow.interface].index
    record.etherType = details[slot].etherType
    record.vlan = details[slot].vlan
    record.synSequence = details[slot].synSequence
    record.synAckSequence = details[slot].synAckSequence
    record.lastKeepaliveSequence = details[slot].keepaliveSequence
    record.lastKeepaliveAcknowledgement = details[slot].keepaliveAcknowledgement
    record.initialIPID = details[slot].identification[client]
    record.duration = UInt64(max(0, flow.last - details[slot].start)) / 1_000
    addFigures(of: slot, client: client, to: &record)
    if details[slot].extra != Pool<FlowExtra>.none {
      let extra = Int(details[slot].extra)
      record.sentTunnel = extras.slots[extra].tunnel[client]
      record.receivedTunnel = extras.slots[extra].tunnel[1 - client]
    }
    return record
  }

  /// Adds what this report gathered, and the totals with it.
  private func addFigures(of slot: Int, client: Int, to record: inout FlowRecord) {
    let report = details[slot].report
    record.figures.sent = report.traffic[client]
    record.figures.received = report.traffic[1 - client]
    if report.samples != Pool<FlowSamples>.none {
      samples.slots[Int(report.samples)].add(to: &record.figures, client: client)
    }
    if report.incidents != Pool<FlowIncidents>.none {
      incidents.slots[Int(report.incidents)].add(to: &record.figures, client: client)
    }
    let (packets, bytes) = (details[slot].reportedPackets, details[slot].reportedBytes)
    record.totalSentPackets = packets[client] &+ record.figures.sent.packets
    record.totalReceivedPackets = packets[1 - client] &+ record.figures.received.packets
    record.totalSentBytes = bytes[client] &+ record.figures.sent.bytes
    record.totalReceivedBytes = bytes[1 - client] &+ record.figures.received.bytes
  }

  /// The sender of a direction.
  private func end(_ slot: Int, _ direction: Int) -> FlowEnd {
    let (address, port) = flows[slot].end(direction)
    var end = FlowEnd(address: address, port: flows[slot].hasPorts ? port : 0)
    end.linkAddress = details[slot].link[direction]
    end.flags = TCPFlags(rawValue: flows[slot].flags[direction])
    end.isNearLink = details[slot].isNearLink[direction]
    end.isNearNetwork = details[slot].isNearNetwork[direction]
    if details[slot].extra != Pool<FlowExtra>.none {
      end.realAddress = extras.slots[Int(details[slot].extra)].realAddress[direction]
      end.realPort = extras.slots[Int(details[slot].extra)].realPort[direction]
    }
    return end
  }
}
