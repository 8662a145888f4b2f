// SPDX-License-Identifier: Apache-2.0

import Logging
import Storage
import Telemetry

/// Brings rows into the store, whatever the store has against them.
///
/// A store that is away, busy or full is waited for. Rows that it has something against (it refuses
/// them, has not the memory or the time for them) are asked for a few times more, and then in halves,
/// and halves of halves: what is good of them is stored, and the rest given up, so that it cannot keep
/// all other rows from the store.
struct RowInserter: Sendable {
  /// Failures of one batch after which what is left of it is not halved any more.
  static let failuresOfABatch = 64

  let storage: any StorageBackend
  let ledger: IngestLedger
  let logger: Logger
  let configuration: IngestConfiguration

  /// Rows that were given up, and why.
  struct Loss: Sendable {
    var rows: Int
    var error: StorageError
    /// The tokens of the pieces that they are.
    var pieces: [String]
  }

  enum Outcome: Sendable {
    case stored
    case lost(Loss)
    /// The task was cancelled first.
    case cancelled

    /// Makes it that of both.
    mutating func add(_ other: Outcome) {
      switch (self, other) {
      case (.lost(let first), .lost(let second)):
        self = .lost(
          Loss(
            rows: first.rows + second.rows, error: second.error,
            pieces: first.pieces + second.pieces))
      case (.stored, _), (_, .cancelled): self = other
      default: break
      }
    }
  }

  private struct Piece {
    var batch: ColumnBatch
    var token: String
    var isWhole: Bool
  }

  /// Inserts under `token`, and halves under names that come of it. Whoever inserts the same rows under
  /// the same token after a crash stores each of them once.
  func insert(_ batch: ColumnBatch, token: String) async -> Outcome {
    // Halves go on top, so this holds few pieces at any time.
    var pieces = [Piece(batch: batch, token: token, isWhole: true)]
    var failures = 0
    var loss: Loss?
    while let piece = pieces.popLast() {
      guard let error = await insert(piece, &failures) else {
        if Task.isCancelled { return .cancelled }
        continue
      }
      let rows = piece.batch.rows
      if rows > 1, failures < Self.failuresOfABatch {
        for (name, part) in [("b", rows / 2..<rows), ("a", 0..<rows / 2)] {
          pieces.append(
            Piece(batch: piece.batch.rows(part), token: piece.token + "/" + name, isWhole: false))
        }
      } else {
        loss = Loss(
          rows: (loss?.rows ?? 0) + rows, error: error,
          pieces: (loss?.pieces ?? []) + [piece.token])
        ledger.count { $0.storeFault = nil }
      }
    }
    return loss.map { .lost($0) } ?? .stored
  }

  /// Asks once, without patience: nil when the rows are stored.
  func ask(_ batch: ColumnBatch, token: String) async -> StorageError? {
    do throws(StorageError) {
      try await storage.insert(batch, token: token)
      return nil
    } catch {
      return error
    }
  }

  /// Nil when the rows are stored or the task is cancelled, else what the store has against them.
  private func insert(_ piece: Piece, _ failures: inout Int) async -> StorageError? {
    var wait = 0.25
    var attempts = piece.isWhole ? configuration.storeRefusals : 1
    while !Task.isCancelled {
      do throws(StorageError) {
        try await storage.insert(piece.batch, token: piece.token)
        ledger.count { $0.storeFault = nil }
        return nil
      } catch {
        ledger.count { statistics in
          statistics.storeFailures += 1
          statistics.storeFault = error.description
        }
        logger.warning(
          "The store did not take rows; they wait in the journal.",
          metadata: [
            "table": "\(piece.batch.table.qualifiedName)", "rows": "\(piece.batch.rows)",
            "error": "\(error)",
          ])
        if !error.isWorthWaiting {
          attempts -= 1
          failures += 1
          if attempts <= 0 { return error }
        }
        await Self.pause(&wait, configuration)
      }
    }
    return nil
  }

  /// Cancellation ends the wait, and is looked at by the caller.
  static func pause(_ wait: inout Double, _ configuration: IngestConfiguration) async {
    try? await Task.sleep(for: .seconds(wait))
    wait = min(wait * 2, configuration.storeRetrySeconds)
  }
}

extension StorageError {
  /// Whether the rows have nothing to do with it: waiting helps, fewer rows would not.
  var isWorthWaiting: Bool {
    if case .diskFull = self { return true }
    return isTransient
  }
}
