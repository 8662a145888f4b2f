// SPDX-License-Identifier: Apache-2.0

/// Inside what something is unique: an id, an address or a process number means another thing in
/// another scope.
package struct ResourceScope: Hashable, Sendable {
  /// Stored numbers, which never change.
  package enum Kind: UInt8, Hashable, Sendable, CaseIterable {
    /// The same wherever it is seen.
    case everywhere = 0
    /// One machine; its id is the agent's identity.
    case host = 1
    /// One network namespace of a machine; its id is the agent's identity, a slash and the inode.
    case networkNamespace = 2
    /// One Kubernetes cluster; its id is the UID of the namespace kube-system.
    case cluster = 3
    case vpc = 4
    /// One account of a cloud.
    case cloud = 5
  }

  package var kind: Kind
  /// Empty for ``Kind/everywhere``.
  package var id: String

  package init(_ kind: Kind, _ id: String) {
    self.kind = kind
    self.id = id
  }

  package static let everywhere = ResourceScope(.everywhere, "")
}

/// Which resource: stays the same while its name, labels and parents change.
package struct ResourceIdentity: Hashable, Sendable {
  package var kind: ResourceKind
  package var scope: ResourceScope
  /// What the scope knows it by and gives to nothing else, ever: an object's UID, a container's id,
  /// a cloud's instance id. A thing without such a one goes by its name.
  package var id: String

  package init(_ kind: ResourceKind, in scope: ResourceScope, id: String) {
    self.kind = kind
    self.scope = scope
    self.id = id
  }
}
