// SPDX-License-Identifier: Apache-2.0

extension TableDeclaration {
  /// `flow_log.l7_flow_log`: one row a call and observation point.
  package static let callLog = TableDeclaration(
    database: "flow_log", name: "l7_flow_log", version: 3,
    columns: logSighting + logFlow + logEnds + networkNamespace + [applicationProtocol]
      + CallColumn.declarations,
    orderBy: ["auto_service_id_1", "time"], spanSeconds: 300,
    partitionSeconds: 3_600, retentionHours: 72,
    about: "Application calls, one row a call at each observation point.")
}
