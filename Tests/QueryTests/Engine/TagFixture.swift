// SPDX-License-Identifier: Apache-2.0

import Storage
import Telemetry

/// Rows of the tables of tags.
struct TagFixture {
  private var sets = ColumnBatch(.tagSet)
  private var resources = ColumnBatch(.resource)
  private var attributes = ColumnBatch(.attribute)

  mutating func addResource(
    _ number: UInt64, kind: UInt64, name: String, instance: String = "",
    attributes own: [(name: String, value: String)] = []
  ) {
    resources.appendRow([
      "number": .number(number), "kind": .number(kind), "entity": .number(number),
      "name": .text(name), "instance": .text(instance),
      "attribute_names": .list(own.map(\.name)), "attribute_values": .list(own.map(\.value)),
    ])
    for (property, value) in [("name", name), ("instance", instance)] + own where !value.isEmpty {
      attributes.appendRow([
        "name": .text(property), "value": .text(value), "number": .number(number),
      ])
    }
  }

  /// A set of any resources, by the columns that have them.
  mutating func addSet(_ number: UInt64, _ members: [String: UInt64]) {
    sets.appendRow(
      members.mapValues { .number($0) }.merging(["number": .number(number)]) { $1 })
  }

  /// A set whose service and instance are the resource `service`.
  mutating func addSet(_ number: UInt64, service: UInt64, host: UInt64 = 0, process: UInt64 = 0) {
    sets.appendRow([
      "number": .number(number), "auto_service": .number(service),
      "auto_instance": .number(service), "host": .number(host), "process": .number(process),
    ])
  }

  func store(in engine: EmbeddedEngine, token: String) async throws {
    for batch in [attributes, resources, sets] where !batch.isEmpty {
      try await engine.insert(batch, token: token)
    }
  }
}
