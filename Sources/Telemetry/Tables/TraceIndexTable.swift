// SPDX-License-Identifier: Apache-2.0

extension TableDeclaration {
  /// `flow_log.trace_index`: in which seconds calls have a key by which they join others.
  ///
  /// No more than a number of 32 bits and a second: what is found in a second is looked at itself, so two
  /// keys that have one number cost a look. It is derived, and no part of the SQL that users write.
  package static let traceIndex = TableDeclaration(
    database: "flow_log", name: "trace_index",
    columns: [
      .init("key", .uint32, codec: .delta, about: "Of a key, see TraceKey."),
      .init("time", .dateTime, about: "Of the call, in seconds."),
    ],
    orderBy: ["key", "time"], partitionSeconds: 3_600, retentionHours: 72, isLookedUp: true,
    about: "Seconds in which calls have a key.")

  /// The tables whose rows grow old.
  package static let aging: [TableDeclaration] = builtIn + [.traceIndex]

  /// Every table of the store.
  package static let stored: [TableDeclaration] = aging + tagTables
}
