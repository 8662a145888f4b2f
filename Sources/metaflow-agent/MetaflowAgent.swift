// SPDX-License-Identifier: Apache-2.0

import ArgumentParser

struct MetaflowAgent: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "metaflow-agent",
    abstract: "Sees every call that this host's services make, and sends it to a MetaFlow server.",
    discussion: """
      EXAMPLES
        metaflow-agent check
        metaflow-agent run
        metaflow-agent run --server metaflow.example:20033 --spool-dir /var/lib/metaflow-agent
        metaflow-agent run --config /etc/metaflow/agent.yaml
        metaflow-agent replay capture.pcap
        metaflow-agent protocols
        metaflow-agent plugins orders.wasm

      Watching needs root, or CAP_BPF and CAP_PERFMON (and CAP_SYS_PTRACE to name other users' processes).
      """,
    subcommands: [
      Run.self, ReplayCommand.self, Check.self, ProtocolsCommand.self, PluginsCommand.self,
    ])
}
