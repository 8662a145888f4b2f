// SPDX-License-Identifier: Apache-2.0

import Telemetry

extension CatalogState {
  /// What is known now of a resource. Its content is in the file: here is what tells a new one from it.
  struct CurrentVersion: Sendable {
    var number: UInt32
    var entity: UInt32
    var fingerprint: Int
  }

  /// The number of the version that is valid now, begun now when the content is new; 0 when there is
  /// no number left.
  mutating func version(
    of identity: ResourceIdentity, _ content: ResourceVersion.Content
  ) -> UInt32 {
    let fingerprint = content.fingerprint
    let known = currentVersions[identity]
    if let known, known.fingerprint == fingerprint { return known.number }
    guard let number = pools[.resource].take() else {
      refusals.resources &+= 1
      return 0
    }
    guard let entity = known?.entity ?? pools[.entity].take() else {
      pools[.resource].giveBack([number])
      refusals.resources &+= 1
      return 0
    }
    if let known { end(known.number) }
    currentVersions[identity] = CurrentVersion(
      number: number, entity: entity, fingerprint: fingerprint)
    entities[number] = entity
    givenEntities.insert(entity)
    note(
      .resource(
        ResourceVersion(
          number: number, identity: identity, entity: entity, content: content, validFrom: second,
          validTo: 0, sequence: nextSequence())))
    unstored.resources.append(number)
    return number
  }

  private mutating func end(_ number: UInt32) {
    note(.resourceEnded(number, at: second, sequence: nextSequence()))
    unstored.resources.append(number)
  }

  /// Grows with every call, over restarts too.
  mutating func nextSequence() -> UInt64 {
    lastSequence = max(lastSequence + 1, UInt64(second) << 8)
    return lastSequence
  }

  /// Where resources of an agent's host have their names.
  func scope(ofAgent agent: UInt16) -> ResourceScope {
    ResourceScope(.host, "\(agent)")
  }
}

/// What was committed and is not in the store's tables yet. Its content is read from the file.
package struct UnstoredTags: Hashable, Sendable {
  package var resources: [UInt32] = []
  package var tagSets: [UInt32] = []

  package init() {}

  package var isEmpty: Bool { resources.isEmpty && tagSets.isEmpty }
}

extension CatalogState {
  /// What the store's tables must have before rows are stored; it is not told again.
  package mutating func takeUnstored() -> UnstoredTags {
    defer { unstored = UnstoredTags() }
    return unstored
  }
}
