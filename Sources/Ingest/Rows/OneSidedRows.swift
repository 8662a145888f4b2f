// SPDX-License-Identifier: Apache-2.0

import Catalog
import Storage
import Telemetry

/// Which end of a metric a row of a one-sided table describes. The number is stored in `role`.
struct RowOwner: Sendable {
  enum Role: UInt8, Sendable {
    case client = 0
    case server = 1
    /// An end of a loopback flow, seen at the interface and not at either process.
    case local = 2
    /// An end that the observer is not near to.
    case rest = 3
  }

  var role: Role
  var isServer: Bool

  /// The rows that a metric makes. An observer at one end speaks for that end; one that sees both, or
  /// is near to neither, speaks for both, under roles of their own, so that nobody's traffic counts
  /// twice as a client's or a server's.
  static func owners(at point: ObservationPoint) -> [RowOwner] {
    switch point.rawValue & 7 {
    case 1: client
    case 2: server
    case 4: local
    default: rest
    }
  }

  private static let client = [RowOwner(role: .client, isServer: false)]
  private static let server = [RowOwner(role: .server, isServer: true)]
  private static let local = [
    RowOwner(role: .local, isServer: false), RowOwner(role: .local, isServer: true),
  ]
  private static let rest = [
    RowOwner(role: .rest, isServer: false), RowOwner(role: .rest, isServer: true),
  ]
}

/// The columns that tell whom a row of a one-sided table describes.
struct OwnerColumns: Sendable {
  private let role, tagSet, service, serviceType, ip: Int

  init(_ batch: ColumnBatch) {
    role = batch.column("role")
    tagSet = batch.column("tag_set_id")
    service = batch.column("auto_service_id")
    serviceType = batch.column("auto_service_type")
    ip = batch.column("ip")
  }

  func append(
    _ owner: RowOwner, tags: EndTags, address: IPAddress, to batch: inout ColumnBatch
  ) {
    batch.append(owner.role.rawValue, to: role)
    batch.append(tags.tagSet, to: tagSet)
    batch.append(tags.service, to: service)
    batch.append(tags.serviceKind.rawValue, to: serviceType)
    batch.append(address, to: ip)
  }
}

/// The columns that tell between whom and where a row of a two-sided table was seen.
struct PairColumns: Sendable {
  private let observationPoint, tagSet0, tagSet1, service0, service1: Int
  private let serviceType0, serviceType1, ip0, ip1: Int

  init(_ batch: ColumnBatch) {
    observationPoint = batch.column("observation_point")
    tagSet0 = batch.column("tag_set_id_0")
    tagSet1 = batch.column("tag_set_id_1")
    service0 = batch.column("auto_service_id_0")
    service1 = batch.column("auto_service_id_1")
    serviceType0 = batch.column("auto_service_type_0")
    serviceType1 = batch.column("auto_service_type_1")
    ip0 = batch.column("ip_0")
    ip1 = batch.column("ip_1")
  }

  func append(
    _ point: ObservationPoint, _ ends: (client: CallEnd, server: CallEnd),
    _ tags: (client: EndTags, server: EndTags), to batch: inout ColumnBatch
  ) {
    batch.append(point.name, to: observationPoint)
    batch.append(tags.client.tagSet, to: tagSet0)
    batch.append(tags.server.tagSet, to: tagSet1)
    batch.append(tags.client.service, to: service0)
    batch.append(tags.server.service, to: service1)
    batch.append(tags.client.serviceKind.rawValue, to: serviceType0)
    batch.append(tags.server.serviceKind.rawValue, to: serviceType1)
    batch.append(ends.client.address, to: ip0)
    batch.append(ends.server.address, to: ip1)
  }
}
