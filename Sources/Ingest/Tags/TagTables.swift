// SPDX-License-Identifier: Apache-2.0

package import Catalog
package import Logging
package import Storage
import Telemetry

/// Why tags are not in the store.
package enum TagError: Error, CustomStringConvertible {
  case catalog(CatalogError)
  case storage(StorageError)

  package var description: String {
    switch self {
    case .catalog(let error): error.description
    case .storage(let error): error.description
    }
  }
}

/// The store's tables of resources and tag sets: what the catalog has in its file, where queries can
/// reach it.
///
/// The file is written first, so what is missing in the tables after a crash is found there.
package struct TagTables: Sendable {
  /// Blocks of numbers that are written at a time.
  private static let blocksAtOnce = 8

  let catalog: Catalog
  let storage: any StorageBackend
  let logger: Logger

  package init(catalog: Catalog, storage: any StorageBackend, logger: Logger) {
    self.catalog = catalog
    self.storage = storage
    self.logger = logger
  }

  /// Writes what was committed. Writing it again changes nothing.
  package func store(_ tags: UnstoredTags) async throws(TagError) {
    var rows = TagRows()
    do throws(CatalogError) {
      for version in try catalog.resources(tags.resources) { rows.append(version) }
      for set in try catalog.tagSets(tags.tagSets) { rows.append(set) }
    } catch {
      throw .catalog(error)
    }
    do throws(StorageError) {
      for batch in rows.batches {
        try await storage.insert(batch, token: "tags-\(UInt64.random(in: 0...UInt64.max))")
      }
    } catch {
      throw .storage(error)
    }
  }

  /// Makes the tables say what the file says, and tells how far it is: after a crash, after the power
  /// went, and when the tables are new.
  package func reconcile() async throws(TagError) {
    for (space, table) in [(NumberSpace.resource, TableDeclaration.resource), (.tagSet, .tagSet)] {
      let blocks = try differing(space, from: try await stored(in: table))
      let total = blocks.reduce(0) { $0 + $1.count }
      var done = 0
      for start in stride(from: 0, to: blocks.count, by: Self.blocksAtOnce) {
        let part = blocks[start..<min(blocks.count, start + Self.blocksAtOnce)]
        let numbers = part.flatMap(\.numbers)
        if part.contains(where: \.isStored) { try await remove(numbers, space) }
        var tags = UnstoredTags()
        if space == .tagSet { tags.tagSets = numbers } else { tags.resources = numbers }
        try await store(tags)
        done += part.reduce(0) { $0 + $1.count }
        logger.notice(
          "names are written into the store",
          metadata: ["table": "\(table.name)", "done": "\(done)", "of": "\(total)"])
      }
    }
  }

  /// Lets go of what no stored row names any more; what it was.
  package func retire(now: Int64) async throws(TagError) -> Retirement {
    let named = Set(
      TableDeclaration.builtIn.filter { !$0.tagSetColumns.isEmpty }.map(\.qualifiedName))
    let earliest: Int64?
    do throws(StorageError) {
      earliest = try await storage.partitions().filter { named.contains($0.qualifiedName) }
        .map(\.earliest).min()
    } catch {
      throw .storage(error)
    }
    // Rows of a day are under way at most.
    let horizon = min(earliest ?? now, now - 86_400)
    let retirement = catalog.withState { $0.retire(before: UInt32(clamping: horizon)) }
    guard !retirement.isEmpty else { return retirement }
    try await remove(retirement.resources, .resource)
    try await remove(retirement.tagSets, .tagSet)
    catalog.withState { $0.finish(retirement) }
    do throws(CatalogError) {
      try catalog.commit()
    } catch {
      throw .catalog(error)
    }
    return retirement
  }

  private func remove(_ numbers: [UInt32], _ space: NumberSpace) async throws(TagError) {
    guard !numbers.isEmpty else { return }
    do throws(StorageError) {
      for table in space == .tagSet ? [TableDeclaration.tagSet] : [.attribute, .resource] {
        try await storage.remove(numbers: numbers, from: table)
      }
    } catch {
      throw .storage(error)
    }
  }
}

// MARK: What differs

extension TagTables {
  private struct Difference {
    var numbers: Range<UInt32>
    /// How many of the numbers the catalog has.
    var count: Int
    /// Whether the store has some of them.
    var isStored: Bool
  }

  private func stored(in table: TableDeclaration) async throws(TagError) -> [Int: NumberBlock] {
    do throws(StorageError) {
      let answer = try await storage.query(
        """
        SELECT intDiv(number, \(NumberBlock.size)) AS block, count(), sum(latest)
        FROM (SELECT number, max(sequence) AS latest FROM \(table.quotedName) GROUP BY number)
        GROUP BY block
        """, limits: QueryLimits(seconds: 60))
      var blocks: [Int: NumberBlock] = [:]
      for row in answer.table.rows where row.count == 3 {
        let index = Int(row[0].whole)
        blocks[index] = NumberBlock(index: index, count: Int(row[1].whole), sequences: row[2].whole)
      }
      return blocks
    } catch {
      throw .storage(error)
    }
  }

  private func differing(
    _ space: NumberSpace, from stored: [Int: NumberBlock]
  ) throws(TagError) -> [Difference] {
    let own: [NumberBlock]
    do throws(CatalogError) {
      own = try catalog.blocks(space)
    } catch {
      throw .catalog(error)
    }
    let known = Dictionary(uniqueKeysWithValues: own.map { ($0.index, $0) })
    return Set(known.keys).union(stored.keys).sorted().compactMap { index in
      guard known[index] != stored[index] else { return nil }
      let block = known[index] ?? NumberBlock(index: index, count: 0, sequences: 0)
      return Difference(
        numbers: block.numbers, count: block.count, isStored: stored[index] != nil)
    }
  }
}

extension Value {
  /// A number that is no fraction; 0 for anything else.
  fileprivate var whole: UInt64 {
    switch self {
    case .int(let value): UInt64(clamping: value)
    case .uint(let value): value
    default: 0
    }
  }
}
