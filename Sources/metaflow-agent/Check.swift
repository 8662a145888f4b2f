// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Capture

/// `metaflow-agent check`: what this host offers, and what will therefore be seen or not.
struct Check: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Tells what this kernel offers, and what will therefore be seen or not.",
    discussion: """
      Loads the probes and opens packet rings for a moment. Ends with 0 when calls can be seen,
      by probes or in packets, with 77 when the kernel refuses both.
      """)

  func run() throws {
    let found = HostCapabilities.examine()
    var options = PacketOptions()
    // As when the agent runs: without probes, loopback is captured too.
    if !found.seesSockets { options.loopback = .wanted }
    let packets = PacketCapabilities.examine(options)
    for line in found.lines + packets.lines { print(line) }
    if !found.seesSockets && !packets.isAllowed { throw ExitCode(Failure.refused) }
  }
}
