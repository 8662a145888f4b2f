// SPDX-License-Identifier: Apache-2.0

import Synchronization
import Telemetry

/// Who is who: gives numbers to agents, services and tag sets, and keeps them in a file.
///
/// Used from any thread. Readers take ``snapshot``, which never waits for the disk. Writers change
/// the state, then ``commit()``, and only then store rows that carry the new numbers.
package final class Catalog: Sendable {
  let store: CatalogStore
  private let holder: UInt16
  private let state: Mutex<CatalogState>
  private let published: Mutex<CatalogSnapshot>
  /// Held while changes go to the file, so that they go in the order in which they were made.
  private let writing = Mutex<Void>(())

  /// Numbers are leased in blocks of at least this many.
  private static let leasedNumbers = 4_096

  /// Reads the file at `path`, or makes it.
  ///
  /// - Parameter holder: Which of the servers that share the file this is.
  package init(
    path: String, limits: CatalogLimits = CatalogLimits(), holder: UInt16 = 0
  ) throws(CatalogError) {
    store = try CatalogStore(path: path)
    self.holder = holder
    let restored = try CatalogState(restoring: try store.read(holder: holder), limits: limits)
    state = Mutex(restored)
    published = Mutex(restored.snapshot())
    try reserve(restored.restoredNeeds)
    state.withLock { $0.tagRestored() }
    try commit()
  }

  /// Sees to it that so many numbers of each space can be given, as long as there are so many.
  package func reserve(_ count: Int) throws(CatalogError) {
    for space in NumberSpace.allCases {
      let missing = state.withLock { count - $0.pools[space].count }
      guard missing > 0 else { continue }
      let lease = try store.lease(
        space, count: max(missing, Self.leasedNumbers), holder: holder)
      if let lease { state.withLock { $0.pools[space].add(lease) } }
    }
  }

  /// Versions of resources as they are written down, in the order of their numbers.
  package func resources(_ numbers: [UInt32]) throws(CatalogError) -> [ResourceVersion] {
    try store.resources(numbers)
  }

  /// Tag sets as they are written down, in the order of their numbers.
  package func tagSets(_ numbers: [UInt32]) throws(CatalogError) -> [TagSet] {
    try store.tagSets(numbers)
  }

  /// What is written down of a space, block by block.
  package func blocks(_ space: NumberSpace) throws(CatalogError) -> [NumberBlock] {
    try store.blocks(space)
  }

  /// What watchers told and was written down, in the order in which it was told: the report, when it was told,
  /// and when the resource was gone.
  func watchedResources(
    _ body: (_ report: [UInt8], _ told: Timestamp, _ gone: Timestamp?) -> Void
  ) throws(CatalogError) {
    try store.watchedResources(body)
  }

  /// The catalog as last committed.
  package var snapshot: CatalogSnapshot { published.withLock { $0 } }

  /// What was refused for want of room since the start.
  package var refusals: CatalogRefusals {
    state.withLock { state in
      var refusals = state.refusals
      refusals.listeners = state.listeners.refused
      return refusals
    }
  }

  /// The agent's number, which is in the file when this returns.
  package func admit(
    identity: String, hostname: String = "", version: String, protocols: [ProtocolEntry]
  ) throws(CatalogError) -> UInt16 {
    let number = try state.withLock { (state) throws(CatalogError) in
      try state.admit(
        identity: identity, hostname: hostname, version: version, protocols: protocols)
    }
    try commit()
    return number
  }

  /// The number of an agent that says hello; see
  /// ``CatalogState/greet(identity:hostname:version:protocols:cluster:)``.
  /// That of one that is known is in the file when this returns.
  package func greet(
    identity: String, hostname: String, version: String, protocols: [ProtocolEntry],
    cluster: String = ""
  ) throws(CatalogError) -> UInt16 {
    let number = try state.withLock { (state) throws(CatalogError) in
      try state.greet(
        identity: identity, hostname: hostname, version: version, protocols: protocols,
        cluster: cluster)
    }
    try commit()
    return number
  }

  /// Makes an agent's number its own for good; it is in the file when this returns.
  package func confirmAgent(_ identity: String) throws(CatalogError) {
    state.withLock { $0.confirmAgent(identity) }
    try commit()
  }

  /// The number of whoever sends under `name` and is no agent; it is in the file when this returns.
  package func source(named name: String) throws(CatalogError) -> UInt32 {
    let number = try state.withLock { (state) throws(CatalogError) in
      try state.source(named: name)
    }
    try commit()
    return number
  }

  /// Teaches names of protocols that are known without an agent's hello.
  package func learn(_ protocols: [ProtocolEntry]) throws(CatalogError) {
    state.withLock { state in
      for entry in protocols { state.learn(entry) }
    }
    try commit()
  }

  /// Works on the state while nobody else does. Other writers wait, readers do not.
  package func withState<Result: Sendable, Failure: Error>(
    _ body: (inout CatalogState) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try state.withLock { (state) throws(Failure) in try body(&state) }
  }

  /// Writes down every change made so far and shows it to readers.
  ///
  /// When it throws, nothing was written or shown, and the changes wait for the next commit.
  package func commit() throws(CatalogError) {
    try writing.withLock { (_) throws(CatalogError) in
      let (changes, snapshot) = state.withLock { state in
        let changes = state.pending
        state.pending = []
        return (changes, changes.isEmpty ? nil : state.snapshot())
      }
      guard let snapshot else { return }
      do throws(CatalogError) {
        try store.write(changes)
      } catch {
        state.withLock { $0.pending.insert(contentsOf: changes, at: 0) }
        throw error
      }
      published.withLock { $0 = snapshot }
    }
  }
}
