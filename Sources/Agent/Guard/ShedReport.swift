// SPDX-License-Identifier: Apache-2.0

import Logging

/// Tells people when the agent begins and ends to shed load.
enum ShedReport {
  /// Looks once a second, until the task is cancelled.
  static func run(_ gauges: AgentGauges, _ configuration: AgentConfiguration, _ logger: Logger)
    async
  {
    var told = LoadGuard.Level.normal
    while !Task.isCancelled {
      let now = gauges.current
      if now.shedding != told {
        told = now.shedding
        logger.log(level: told == .normal ? .notice : .warning, "\(sentence(now, configuration))")
      }
      // Cancellation ends the wait, and is looked at above.
      try? await Task.sleep(for: .seconds(1))
    }
  }

  static func sentence(
    _ now: AgentGauges.Values, _ configuration: AgentConfiguration
  ) -> String {
    let memory = now.privateBytes >> 20
    let use =
      "memory \(memory) MiB of limits.memory \(configuration.memoryLimit >> 20) MiB, limits.cpu "
      + "\(configuration.processorLimit)"
    return switch now.shedding {
    case .normal: "No load is shed any more (\(use))."
    case .lean:
      "Above its limits the agent sheds load: less of each message is read, and calls are not read "
        + "of packets (\(use))."
    case .sampling:
      "Above its limits the agent sheds load: one call record in eight is kept, metrics count all "
        + "(\(use))."
    case .paused:
      "Above its limits the agent sheds load: nothing is read until it is below them (\(use))."
    }
  }
}
