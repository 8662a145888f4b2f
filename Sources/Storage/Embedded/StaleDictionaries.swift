// SPDX-License-Identifier: Apache-2.0

import Logging
import Telemetry

/// Which dictionaries have not read the latest rows of their tables, and when they may.
///
/// They are read when a query wants them, so that new names cost nothing while nobody asks. One that
/// takes long to read is read less often: at most a tenth of the time.
struct StaleDictionaries: Sendable {
  /// Shorter than this is nothing to save on.
  private static let short = Duration.milliseconds(50)

  private var names: Set<String> = []
  private var earliest: ContinuousClock.Instant?
  /// The reading that goes on; whoever comes meanwhile waits for it.
  var reading: Task<Void, Never>?

  mutating func rowsChanged(in table: TableDeclaration) {
    if let dictionary = table.dictionary { names.insert(dictionary.qualifiedName) }
  }

  /// Those that are to be read now.
  mutating func take(now: ContinuousClock.Instant) -> Set<String> {
    if let earliest, now < earliest { return [] }
    defer { names = [] }
    return names
  }

  /// Notes those that were not read, and how long the others took.
  mutating func read(
    failed: Set<String>, from start: ContinuousClock.Instant, to end: ContinuousClock.Instant
  ) {
    names.formUnion(failed)
    let took = end - start
    earliest = took > Self.short ? end + took * 9 : nil
  }
}

extension EmbeddedEngine {
  /// Has the engine read what was written into tables of which it keeps a dictionary.
  func freshenDictionaries() async {
    if let reading = dictionaries.reading { await reading.value }
    // Whoever waited for the same reading may have begun the next one.
    if let reading = dictionaries.reading { return await reading.value }
    let start = ContinuousClock.now
    let stale = dictionaries.take(now: start)
    guard !stale.isEmpty else { return }
    guard let connection = running?.connection else {
      return dictionaries.read(failed: stale, from: start, to: start)
    }
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
      dictionaries.read(failed: failed, from: start, to: .now)
      dictionaries.reading = nil
    }
    dictionaries.reading = reading
    await reading.value
  }
}
