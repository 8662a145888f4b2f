// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Capture

/// `metaflow-agent check`: what this host offers, and what will therefore be seen or not.
struct Check: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Tells what this kernel offers, and what will therefore be seen or not.",
    discussion: """
      Loads the probes for a moment and takes them out again. Ends with 0 when calls can be seen,
      with 77 when the kernel refuses.
      """)

  func run() throws {
    let found = HostCapabilities.examine()
    for line in found.lines { print(line) }
    if !found.seesSockets { throw ExitCode(Failure.refused) }
  }
}
