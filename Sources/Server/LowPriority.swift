// SPDX-License-Identifier: Apache-2.0

import Foundation
import Glibc

/// Puts this process behind the host's services: while they want the processors, it gets a tenth of
/// their share of one.
///
/// The kernel has a priority for each thread, and threads that are started later have that of the one
/// that starts them. Where it cannot be set the server runs as it would have.
func takeLowPriority(_ priority: CInt = 10) {
  let kind = __priority_which_t(PRIO_PROCESS.rawValue)
  let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/task")) ?? []
  for thread in names.compactMap({ id_t($0) })
  where getpriority(kind, thread) < priority {
    setpriority(kind, thread, priority)
  }
}
