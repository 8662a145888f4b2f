// SPDX-License-Identifier: Apache-2.0

/// What somebody who watches resources says of one of them: everything that is true of it from
/// ``validFrom`` on, until the next report or its end.
package struct ResourceReport: Hashable, Sendable {
  /// A name and its value, as users write the name: `k8s.label.app`, `k8s.annotation.team`,
  /// `k8s.env.STAGE`, `cloud.tag.owner`, `cmdb.owner`.
  package struct Attribute: Hashable, Sendable {
    package var name: String
    package var value: String

    package init(_ name: String, _ value: String) {
      self.name = name
      self.value = value
    }
  }

  /// An address, or a block of them, that is the resource's.
  package struct Address: Hashable, Sendable {
    package var address: IPAddress
    /// 128 for a single address, IPv4 ones too (their blocks begin at 96).
    package var prefixLength: UInt8
    /// The network in which the address is this resource's.
    package var scope: ResourceScope
    /// Whether others have the same address, so that only a port can tell them apart: a pod in its
    /// node's network.
    package var isShared: Bool

    package init(
      _ address: IPAddress, prefixLength: UInt8 = 128, in scope: ResourceScope,
      isShared: Bool = false
    ) {
      self.address = address
      self.prefixLength = prefixLength
      self.scope = scope
      self.isShared = isShared
    }
  }

  /// A port at which the resource can be called.
  package struct Port: Hashable, Sendable {
    package var name: String
    package var transport: TransportProtocol
    /// At its own addresses; 0 for any.
    package var port: UInt16
    /// At the addresses of every node of the cluster (a service's node port), or at those of its own
    /// node (a pod's host port); 0 for none.
    package var nodePort: UInt16

    package init(
      name: String = "", transport: TransportProtocol, port: UInt16, nodePort: UInt16 = 0
    ) {
      self.name = name
      self.transport = transport
      self.port = port
      self.nodePort = nodePort
    }
  }

  /// Somebody who answers for a service, as its selector was resolved.
  package struct Endpoint: Hashable, Sendable {
    package var address: IPAddress
    package var transport: TransportProtocol
    package var port: UInt16
    /// The pod; nil for an address that is no pod's.
    package var target: ResourceIdentity?

    package init(
      address: IPAddress, transport: TransportProtocol, port: UInt16, target: ResourceIdentity?
    ) {
      self.address = address
      self.transport = transport
      self.port = port
      self.target = target
    }
  }

  package var identity: ResourceIdentity
  package var name: String
  /// What it is part of, nearest first: a pod's replica set, namespace and node; a replica set's
  /// deployment. Theirs are not repeated.
  package var parents: [ResourceIdentity]
  /// Its own; those of its parents are theirs.
  package var attributes: [Attribute]
  package var addresses: [Address]
  package var ports: [Port]
  /// Of a service; the endpoints of all its slices.
  package var endpoints: [Endpoint]
  /// Since when all of this is true: the time of the change where the source tells it, else when it
  /// was seen.
  package var validFrom: Timestamp

  package init(
    _ identity: ResourceIdentity, name: String, parents: [ResourceIdentity] = [],
    attributes: [Attribute] = [], addresses: [Address] = [], ports: [Port] = [],
    endpoints: [Endpoint] = [], validFrom: Timestamp
  ) {
    self.identity = identity
    self.name = name
    self.parents = parents
    self.attributes = attributes
    self.addresses = addresses
    self.ports = ports
    self.endpoints = endpoints
    self.validFrom = validFrom
  }

  /// The value of the attribute called `name`; nil without one.
  package func value(of name: String) -> String? {
    attributes.first { $0.name == name }?.value
  }
}

/// Something that a watcher of resources saw.
package enum ResourceChange: Hashable, Sendable {
  case seen(ResourceReport)
  /// It ended; nothing after `since` is its.
  case gone(ResourceIdentity, since: Timestamp)
  /// Every resource of the kind in the scope was told anew at or after `since`: one that was not is
  /// gone since then. Sent behind a full list, also by a watcher that takes over from another.
  case complete(ResourceKind, ResourceScope, since: Timestamp)

  /// The kind of resource that it is about.
  package var kind: ResourceKind {
    switch self {
    case .seen(let report): report.identity.kind
    case .gone(let identity, _): identity.kind
    case .complete(let kind, _, _): kind
    }
  }

  /// Since when it holds.
  package var time: Timestamp {
    switch self {
    case .seen(let report): report.validFrom
    case .gone(_, let since), .complete(_, _, let since): since
    }
  }
}
