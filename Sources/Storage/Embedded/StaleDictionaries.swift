// SPDX-License-Identifier: Apache-2.0

import Logging
import Telemetry

/// Which dictionaries have not read the latest rows of their tables.
///
/// They are read when a query wants them, so that new names cost nothing while nobody asks, and, while
/// one is being answered, before rows that carry new numbers go in: an answer has the names of all its
/// rows.
struct StaleDictionaries: Sendable {
  private var names: Set<String> = []
  /// Queries that wait for dictionaries, or are being answered with what they read.
  var queries = 0
  /// The reading that goes on; whoever comes meanwhile waits for it.
  var reading: Task<Void, Never>?

  mutating func rowsChanged(in table: TableDeclaration) {
    if let dictionary = table.dictionary { names.insert(dictionary.qualifiedName) }
  }

  /// Those that are to be read now.
  mutating func take() -> Set<String> {
    defer { names = [] }
    return names
  }

  /// Notes those that could not be read.
  mutating func putBack(_ failed: Set<String>) {
    names.formUnion(failed)
  }
}

extension EmbeddedEngine {
  /// Runs a query that asks dictionaries.
  func withFreshDictionaries<Answer: Sendable>(
    _ body: () async throws(StorageError) -> Answer
  ) async throws(StorageError) -> Answer {
    // Counted first: rows that do not wait for it have had their names written before it reads them.
    dictionaries.queries += 1
    defer { dictionaries.queries -= 1 }
    await freshenDictionaries()
    return try await body()
  }

  /// To be called before rows go in that may carry numbers which were given since the last reading.
  func namesComeFirst() async {
    if dictionaries.queries > 0 { await freshenDictionaries() }
  }

  /// Has the engine read what was written into tables of which it keeps a dictionary.
  func freshenDictionaries() async {
    if let reading = dictionaries.reading { await reading.value }
    // Whoever waited for the same reading may have begun the next one.
    if let reading = dictionaries.reading { return await reading.value }
    guard let connection = running?.connection else { return }
    let stale = dictionaries.take()
    guard !stale.isEmpty else { return }
    let reading = Task { [logger] in
      var failed: Set<String> = []
      for name in stale.sorted() {
        do throws(StorageError) {
          try await connection.reload(dictionary: name)
        } catch {
          failed.insert(name)
          logger.warning("names may be missing in answers: \(name) cannot be read: \(error)")
        }
      }
      dictionaries.putBack(failed)
      dictionaries.reading = nil
    }
    dictionaries.reading = reading
    await reading.value
  }
}
