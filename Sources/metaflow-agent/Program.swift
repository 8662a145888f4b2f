// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Dispatch
import Glibc

/// Where the program begins.
///
/// A supervisor has no other thread than the first, on which its worker's life hangs; every other command
/// runs as tasks, which take that thread away.
@main
enum Program {
  static func main() {
    do {
      let command = try MetaflowAgent.parseAsRoot()
      if let run = command as? Run, run.workerOf == nil { exit(run.supervise()) }
    } catch {
      MetaflowAgent.exit(withError: error)
    }
    Task {
      await MetaflowAgent.main()
      exit(EXIT_SUCCESS)
    }
    dispatchMain()
  }
}
