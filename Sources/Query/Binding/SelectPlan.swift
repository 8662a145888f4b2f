// SPDX-License-Identifier: Apache-2.0

internal import Storage
package import Telemetry

/// A SELECT with every name looked up: the engine's statement and what its columns are.
package struct SelectPlan: Sendable {
  package var table: TableDeclaration
  /// One statement, without settings.
  package var sql: EngineSQL
  package var columns: [AnswerColumn]
  package var fill: FillPlan?
  /// The seconds of the rows that the answer is made of; nil when it is made of none.
  package var range: TimeRange?
  /// Seconds of the intervals that rows are grouped by, 1 for rows as they are; nil where all of the range
  /// is one.
  package var step: Int64?
}

/// A column of an answer.
package struct AnswerColumn: Hashable, Sendable {
  package enum Label: String, Hashable, Sendable {
    case tag
    case metrics
  }

  package var name: String
  package var type: ValueType
  /// `us`, `s`, `byte`, `%`, ... or empty.
  package var unit: String
  package var label: Label
}

extension AnswerColumn {
  init(_ value: Scalar, _ heading: String) {
    name = heading
    type = value.type
    unit = value.unit
    label = value.isMetric ? .metrics : .tag
  }
}
