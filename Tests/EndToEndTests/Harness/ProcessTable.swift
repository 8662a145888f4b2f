// SPDX-License-Identifier: Apache-2.0

import Foundation
import Synchronization

/// The child processes of the test run. `Process` objects stay here because they are not Sendable.
enum ProcessTable {

  private static let ended = Mutex<[pid_t: Int32]>([:])

  static func started(_ process: Process) {
    let processID = process.processIdentifier
    process.terminationHandler = { finished in
      let status = finished.terminationStatus
      ended.withLock { $0[processID] = status }
    }
  }

  static func isRunning(_ processID: pid_t) -> Bool {
    ended.withLock { $0[processID] == nil }
  }

  static func status(_ processID: pid_t) -> Int32 {
    ended.withLock { $0[processID] ?? 0 }
  }
}
