// SPDX-License-Identifier: Apache-2.0

import Logging
import ServiceLifecycle
import Storage
import Telemetry

/// Drops what is too old or too much, once a minute.
struct RetentionKeeper: Service {
  let storage: any StorageBackend
  let policy: RetentionPolicy
  let logger: Logger

  func run() async throws {
    try? await cancelWhenGracefulShutdown {
      while !Task.isCancelled {
        await keep()
        try await Task.sleep(for: .seconds(60))
      }
    }
  }

  private func keep() async {
    let now = Timestamp(nanoseconds: wallClock())
    do throws(StorageError) {
      for gone in try await storage.enforceRetention(policy, on: TableDeclaration.builtIn, now: now)
      {
        logger.notice(
          "dropped \(gone.rows) rows of \(gone.qualifiedName) to keep within the retention")
      }
    } catch {
      logger.warning("retention could not be enforced; next try in a minute: \(error)")
    }
  }
}
