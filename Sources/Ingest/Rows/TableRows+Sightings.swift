// SPDX-License-Identifier: Apache-2.0

import Catalog
import Telemetry

/// Who the ends of a sighting are, as the catalog knows them.
struct TaggedEnds: Sendable {
  var client: EndTags
  var server: EndTags
}

/// The columns that tables of calls, flows and metrics have in common.
extension TableRows {
  /// What both logs have.
  @inline(__always)
  mutating func putLog(
    _ seen: borrowing some LoggedSighting, _ ends: TaggedEnds, agent: UInt16,
    numbers: inout RowNumbers
  ) {
    let second = seen.end.storedSeconds
    putSighting(seen, second: second, agent: agent)
    putPair(seen, ends)
    put("_id", numbers.next(second: second))
    put("start_time", seen.start.microseconds)
    put("end_time", seen.end.microseconds)
    put("flow_id", seen.flow)
    put("client_port", seen.client.port)
    put("netns_id", seen.networkNamespace)
  }

  /// What all of them have.
  @inline(__always)
  mutating func putSighting(_ seen: borrowing some Sighting, second: UInt32, agent: UInt16) {
    put("time", second)
    put("agent_id", agent)
    put("team_id", Team.first)
    put("signal_source", seen.signalSource.rawValue)
    put("is_ipv4", seen.server.address.isV4)
    put("protocol", seen.transport.rawValue)
    put("server_port", seen.server.port)
    put("direction_score", seen.directionScore)
  }

  /// Between whom and where it was seen.
  @inline(__always)
  mutating func putPair(_ seen: borrowing some Sighting, _ ends: TaggedEnds) {
    put("observation_point", seen.observationPoint.name)
    put("tag_set_id_0", ends.client.tagSet)
    put("tag_set_id_1", ends.server.tagSet)
    put("auto_service_id_0", ends.client.service)
    put("auto_service_id_1", ends.server.service)
    put("auto_service_type_0", ends.client.serviceKind.rawValue)
    put("auto_service_type_1", ends.server.serviceKind.rawValue)
    put("ip_0", seen.client.address)
    put("ip_1", seen.server.address)
  }

  /// Which of the ends the row describes.
  @inline(__always)
  mutating func putOwner(
    _ owner: RowOwner, of seen: borrowing some Sighting, _ ends: TaggedEnds
  ) {
    let tags = owner.isServer ? ends.server : ends.client
    put("role", owner.role.rawValue)
    put("tag_set_id", tags.tagSet)
    put("auto_service_id", tags.service)
    put("auto_service_type", tags.serviceKind.rawValue)
    put("ip", owner.isServer ? seen.server.address : seen.client.address)
  }
}
