// SPDX-License-Identifier: Apache-2.0

import Logging
package import Telemetry

extension EmbeddedEngine {
  /// Brings tables that are sorted otherwise into their declared order.
  ///
  /// Rows go on to come into the table as it is, and queries read that, so that answers are whole
  /// throughout. Beside it a table in the new order is filled, one partition after the other. When only
  /// the last rows are missing inserts wait for a moment, these are copied, and the two change places
  /// at once. Which inserts the old table knows is carried over, so that one that comes again is not
  /// stored again.
  ///
  /// Nothing but the tables themselves says how far it is: what both have is compared, so after a crash
  /// it goes on where it was. For as long as it takes the rows are on the disk twice.
  ///
  /// - Parameter openSeconds: A partition that got rows in so many seconds is copied last.
  package func rewrite(
    _ tables: [TableDeclaration], openSeconds: Int = 60
  ) async throws(StorageError) {
    for table in tables {
      guard try await connection.needsRewriting(table) else { continue }
      logger.notice(
        "a table is brought into another order; answers are whole meanwhile",
        metadata: ["table": "\(table.qualifiedName)"])
      try await rewrite(table, openSeconds)
      progress[table.qualifiedName] = nil
      logger.notice(
        "a table is in its new order", metadata: ["table": "\(table.qualifiedName)"])
    }
  }

  package func rewrites() -> [RewriteProgress] {
    progress.values.sorted { $0.table < $1.table }
  }

  private func rewrite(
    _ table: TableDeclaration, _ openSeconds: Int
  ) async throws(StorageError) {
    let next = table.rewritten
    var settled: [String: PartitionState] = [:]
    while !Task.isCancelled {
      try await copySettled(table, openSeconds, &settled)
      let states = try await connection.states(of: table, openSeconds: openSeconds)
      let rest = states.filter { settled[$0.state.id] != $0.state }
      if rest.allSatisfy(\.isOpen) || openSeconds == 0 {
        let isDone = try await withoutMerges(of: [table, next]) { () async throws(StorageError) in
          try await finish(table, rest.map(\.state.id), settled)
        }
        if isDone { return try await connection.remove(next) }
      }
      try? await Task.sleep(for: .seconds(1))
    }
    throw .unavailable("the server is being stopped")
  }

  /// Merges would give rows other places while it is noted which are copied.
  private func withoutMerges(
    of tables: [TableDeclaration], _ body: () async throws(StorageError) -> Bool
  ) async throws(StorageError) -> Bool {
    for table in tables { try await connection.merges(of: table, run: false) }
    let result: Result<Bool, StorageError>
    do throws(StorageError) { result = .success(try await body()) } catch {
      result = .failure(error)
    }
    for table in tables { try? await connection.merges(of: table, run: true) }
    return try result.get()
  }

  /// Copies every partition that is not written to any more.
  private func copySettled(
    _ table: TableDeclaration, _ openSeconds: Int, _ settled: inout [String: PartitionState]
  ) async throws(StorageError) {
    let next = table.rewritten
    let states = try await connection.states(of: table, openSeconds: openSeconds)
    // What retention dropped meanwhile.
    let present = Set(states.map(\.state.id))
    for (state, _) in try await connection.states(of: next, openSeconds: 0)
    where !present.contains(state.id) {
      try await connection.drop(partition: state.id, of: next)
    }
    settled = settled.filter { present.contains($0.key) }
    let rows = states.reduce(0) { $0 + $1.state.rows }
    for (state, isOpen) in states where !isOpen && settled[state.id] != state {
      note(table, settled.values.reduce(0) { $0 + $1.rows }, of: rows)
      if try await !connection.haveTheSameRows(table, next, in: [state.id]) {
        try await makeRoom(for: state.bytes, of: table)
        try await connection.drop(partition: state.id, of: next)
        try await connection.copy(
          from: table, to: next, where: "_partition_id = \(literal(state.id))")
        guard try await connection.haveTheSameRows(table, next, in: [state.id]) else { continue }
      }
      settled[state.id] = state
    }
    note(table, settled.values.reduce(0) { $0 + $1.rows }, of: rows)
  }

  private func note(_ table: TableDeclaration, _ done: Int, of rows: Int) {
    let name = table.qualifiedName
    progress[name] = RewriteProgress(table: name, done: done, rows: rows)
    logger.info(
      "a table is brought into another order",
      metadata: ["table": "\(name)", "done": "\(done)", "rows": "\(rows)"])
  }

  private func makeRoom(for bytes: Int, of table: TableDeclaration) async throws(StorageError) {
    let free = try await disk().free
    guard free < bytes + bytes / 4 + 256 << 20 else { return }
    throw .diskFull(
      "\(table.qualifiedName) cannot be brought into another order: that takes \(bytes) bytes, and "
        + "\(free) are free.")
  }

  /// Copies the partitions that are written to, and lets the tables change places. False when something
  /// came between, and it is to be tried again.
  private func finish(
    _ table: TableDeclaration, _ open: [String], _ settled: [String: PartitionState]
  ) async throws(StorageError) -> Bool {
    let next = table.rewritten
    for partition in open { try await connection.drop(partition: partition, of: next) }
    var copied: Set<String> = []
    // Each round has the rows that came during the one before.
    for _ in 0..<10 {
      let began = ContinuousClock.now
      try await copyParts(of: table, open, except: &copied)
      if ContinuousClock.now - began < .seconds(2) { break }
    }
    await close(gateOf: table.written)
    do throws(StorageError) {
      let isDone = try await exchange(table, open, settled, &copied)
      self.open(gateOf: table.written)
      return isDone
    } catch {
      self.open(gateOf: table.written)
      throw error
    }
  }

  private func copyParts(
    of table: TableDeclaration, _ partitions: [String], except copied: inout Set<String>
  ) async throws(StorageError) {
    let parts = try await connection.parts(of: table, in: partitions)
      .filter { !copied.contains($0) }
    for start in stride(from: 0, to: parts.count, by: 1_000) {
      let some = parts[start..<min(parts.count, start + 1_000)]
      try await connection.copy(
        from: table, to: table.rewritten,
        where: "_part IN (\(some.map(literal).joined(separator: ", ")))")
      copied.formUnion(some)
    }
  }

  /// While no insert runs.
  private func exchange(
    _ table: TableDeclaration, _ open: [String], _ settled: [String: PartitionState],
    _ copied: inout Set<String>
  ) async throws(StorageError) -> Bool {
    let next = table.rewritten
    // One that was given up here may still go on there.
    guard try await !connection.insertsAreRunning() else { return false }
    let states = try await connection.states(of: table, openSeconds: 0).map(\.state)
    let isKnown = states.allSatisfy { settled[$0.id] == $0 || open.contains($0.id) }
    guard isKnown else { return false }
    try await copyParts(of: table, open, except: &copied)
    // Of a table whose rows fold into each other, as many as it has is no sign.
    let compared = table.derivedFrom == nil ? open : states.map(\.id)
    guard try await connection.haveTheSameRows(table, next, in: compared) else { return false }
    let there = try await connection.states(of: next, openSeconds: 0).map(\.state)
    let isWhole =
      table.derivedFrom != nil && there.count == states.count
      || there.reduce(0, { $0 + $1.rows }) == states.reduce(0, { $0 + $1.rows })
    guard isWhole else { return false }
    try await carryTokens(from: table, to: next)
    // The old rows are removed soon: the new ones must outlive the power by then.
    try await checkpoint()
    try await connection.execute("EXCHANGE TABLES \(table.quotedName) AND \(next.quotedName)")
    return true
  }

  /// Gives the new table the memory of the old of which inserts it had: files of lines, which the
  /// engine reads when it opens a table.
  private func carryTokens(
    from table: TableDeclaration, to next: TableDeclaration
  ) async throws(StorageError) {
    let source = InsertMemory(ofTableAt: try await connection.path(of: table))
    let target = InsertMemory(ofTableAt: try await connection.path(of: next))
    try await connection.execute("DETACH TABLE \(next.quotedName) SYNC", seconds: 600)
    let result: Result<Void, any Error> = Result { try target.replace(with: source) }
    try await connection.execute("ATTACH TABLE \(next.quotedName)", seconds: 600)
    if case .failure(let error) = result {
      throw .refused(code: 0, message: "\(source.folder) cannot be copied: \(error)")
    }
  }
}
