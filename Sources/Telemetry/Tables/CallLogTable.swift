// SPDX-License-Identifier: Apache-2.0

extension TableDeclaration {
  /// `flow_log.l7_flow_log`: one row a call and observation point.
  package static let callLog = TableDeclaration(
    database: "flow_log", name: "l7_flow_log", version: 2,
    columns: logSighting + logFlow + logEnds + networkNamespace + [applicationProtocol]
      + CallColumn.declarations,
    orderBy: ["time", "l7_protocol", "auto_service_id_1", "server_port"],
    partitionSeconds: 3_600, retentionHours: 72,
    about: "Application calls, one row a call at each observation point.")
}
