// SPDX-License-Identifier: Apache-2.0

import Logging
import ServiceLifecycle
import Storage
import Telemetry

/// Brings tables that a server before sorted otherwise into their declared order, beside everything else.
struct RewriteKeeper: Service {
  let storage: EmbeddedEngine
  let logger: Logger

  func run() async throws {
    try? await cancelWhenGracefulShutdown {
      var isDone = false
      while !isDone, !Task.isCancelled {
        isDone = await rewrite()
        if !isDone { try await Task.sleep(for: .seconds(30)) }
      }
      try await gracefulShutdown()
    }
  }

  private func rewrite() async -> Bool {
    do throws(StorageError) {
      try await storage.rewrite(TableDeclaration.builtIn)
      return true
    } catch {
      if !Task.isCancelled {
        logger.warning(
          "a table could not be brought into another order; it goes on in half a minute: \(error)")
      }
      return false
    }
  }
}
