// SPDX-License-Identifier: Apache-2.0

extension TableDeclaration {
  /// `metaflow_system.loss_ledger`: what each stage received, passed and dropped, and why.
  package static let lossLedger = TableDeclaration(
    database: "metaflow_system", name: "loss_ledger", version: 2,
    columns: [
      .init("time", .dateTime, codec: .doubleDelta, about: "The second that was counted."),
      .init("agent_id", .uint16, about: "The agent; 0 for the server's own stages."),
      team,
      .init("stage", .lowCardinalityString, about: "Where in the pipeline."),
      .init("reason", .lowCardinalityString, about: "Why; empty on the row with the totals."),
      .init("received", .uint64, about: "What came into the stage."),
      .init("passed", .uint64, about: "What left it."),
      .init("dropped", .uint64, about: "What was dropped for this reason."),
    ],
    orderBy: ["time", "stage", "reason"], partitionSeconds: 86_400, retentionHours: 168,
    about: "Losses of every stage, agent to store.")

  /// Every stored table.
  package static let builtIn: [TableDeclaration] =
    [
      .callLog, .flowLog, .applicationSecond, .applicationMinute, .applicationMapSecond,
      .applicationMapMinute, .networkSecond, .networkMinute, .networkMapSecond,
      .networkMapMinute, .lossLedger,
    ] + longMetrics
}
