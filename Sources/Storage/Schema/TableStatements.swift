// SPDX-License-Identifier: Apache-2.0

package import Telemetry

extension ColumnType {
  /// The engine's name of the type.
  package var engineName: String {
    switch self {
    case .uint8: "UInt8"
    case .uint16: "UInt16"
    case .uint32: "UInt32"
    case .uint64: "UInt64"
    case .int32: "Int32"
    case .int64: "Int64"
    case .float64: "Float64"
    case .string: "String"
    case .lowCardinalityString: "LowCardinality(String)"
    case .dateTime: "DateTime('UTC')"
    case .dateTimeMicroseconds: "DateTime64(6, 'UTC')"
    case .ipv6: "IPv6"
    case .nullable(let value): "Nullable(\(value.engineName))"
    case .array(let element): "Array(\(element.engineName))"
    }
  }
}

extension ColumnCodec {
  var clause: String {
    switch self {
    case .general: "CODEC(ZSTD(1))"
    case .delta: "CODEC(Delta, ZSTD(1))"
    case .doubleDelta: "CODEC(DoubleDelta, ZSTD(1))"
    case .transposed: "CODEC(T64, ZSTD(1))"
    }
  }
}

extension ColumnFold {
  /// The engine's function; nil for what is not folded.
  var function: String? {
    switch self {
    case .key: nil
    case .sum: "sum"
    case .max: "max"
    case .min: "min"
    case .last: "anyLast"
    }
  }
}

extension ColumnDeclaration {

  var indexDefinition: String? {
    let type: String? =
      switch index {
      case .none: nil
      case .minMax: "minmax GRANULARITY 4"
      case .set: "set(256) GRANULARITY 4"
      case .fineSet: "set(256) GRANULARITY 1"
      case .bloomFilter: "bloom_filter(0.01) GRANULARITY 4"
      }
    return type.map { "INDEX \(quoted("skip_" + name)) \(quoted(name)) TYPE \($0)" }
  }
}

extension TableDeclaration {
  /// The table's name as statements want it: dots are part of names such as `application.1s`.
  package var quotedName: String { "\(quoted(database)).\(quoted(name))" }

  /// The engine's type of one of its columns.
  func engineType(of column: ColumnDeclaration) -> String {
    let type = column.type.engineName
    guard derivedFrom != nil, let function = column.fold.function else { return type }
    return "SimpleAggregateFunction(\(function), \(type))"
  }

  func definition(of column: ColumnDeclaration) -> String {
    let initial = column.initial == 0 ? "" : "DEFAULT \(column.initial) "
    return "\(quoted(column.name)) \(engineType(of: column)) \(initial)\(column.codec.clause)"
  }

  /// What finds rows: the first part of ``sortingKey``.
  private var primaryKey: [String] {
    let span =
      spanSeconds > 0 ? ["toStartOfInterval(time, toIntervalSecond(\(spanSeconds)))"] : []
    return span + orderBy
  }

  /// What rows are sorted by, as the engine tells it of a table that is there.
  var sortingKey: String {
    var key = primaryKey
    if derivedFrom != nil {
      // Rows that are alike in all of these become one.
      key += columns.filter { $0.fold == .key && !orderBy.contains($0.name) }.map(\.name)
    }
    return key.joined(separator: ", ")
  }

  /// What the table's comment says, and ``storedVersion(comment:)`` reads.
  var comment: String { "MetaFlow table, version \(version)" }

  static func storedVersion(comment: String) -> UInt32? {
    let prefix = "MetaFlow table, version "
    guard comment.hasPrefix(prefix) else { return nil }
    return UInt32(comment.dropFirst(prefix.count))
  }

  /// The statement that creates the table.
  var creation: String {
    let definitions =
      columns.map { definition(of: $0) } + columns.compactMap(\.indexDefinition)
    return """
      CREATE TABLE IF NOT EXISTS \(quotedName) (\(definitions.joined(separator: ", "))) \
      ENGINE = \(engine) \
      \(partitionSeconds > 0
        ? "PARTITION BY toStartOfInterval(time, toIntervalSecond(\(partitionSeconds)))" : "") \
      PRIMARY KEY (\(primaryKey.joined(separator: ", "))) ORDER BY (\(sortingKey)) \
      SETTINGS \((Self.settings + (isLookedUp ? Self.smallBlocks : [])).joined(separator: ", ")) \
      COMMENT \(literal(comment))
      """
  }

  private var engine: String {
    if let latestBy { return "ReplacingMergeTree(\(quoted(latestBy)))" }
    return derivedFrom == nil ? "MergeTree" : "AggregatingMergeTree"
  }

  /// The statement that makes the table's dictionary, over one that is there; nil without one.
  ///
  /// It is read when it is first asked, and again when ``EmbeddedEngine`` says that there are new
  /// rows. What it reads with is in the engine's configuration, whose password changes.
  var dictionaryCreation: String? {
    guard let dictionary, let key = orderBy.first else { return nil }
    let attributes = columns.filter { dictionary.columns.contains($0.name) }.map {
      "\(quoted($0.name)) \($0.type.engineName)"
    }
    return """
      CREATE OR REPLACE DICTIONARY \(dictionary.qualifiedName) (\(quoted(key)) UInt64, \
      \(attributes.joined(separator: ", "))) PRIMARY KEY \(quoted(key)) \
      SOURCE(CLICKHOUSE(NAME '\(EngineSettings.dictionaries)' DB \(literal(database)) \
      TABLE \(literal(name)))) \
      LAYOUT(FLAT(INITIAL_ARRAY_SIZE 1024 MAX_ARRAY_SIZE \(dictionary.largest + 1))) LIFETIME(0) \
      COMMENT \(literal(comment))
      """
  }

  /// A look-up reads a mark's rows: 256 in place of 8,192, in blocks that are unpacked alone.
  private static let smallBlocks = [
    "index_granularity = 256", "min_compress_block_size = 2048", "max_compress_block_size = 2048",
  ]

  /// The window is how many inserts back a repeated one is recognised.
  ///
  /// The rest is when parts are merged. By default the engine joins a large part with a few small
  /// ones behind it again and again: light traffic after a burst then rewrites the burst with every
  /// handful of rows. It weighs a merge by the ratio of all bytes to the largest part's, where each
  /// part counts 5 MiB more than it has, and asks for less the more parts there are: for the base
  /// at 10 parts, for 2 at 50 (SimpleMergeSelector.cpp). With a base that no merge can have,
  /// nothing is merged before there are 50 parts, and then the cheapest range of at least 30, which
  /// leaves large parts out. The heuristic would cut such a range down to its large part and one
  /// small one.
  ///
  /// Partitions that get no more rows become one part, if what they hold is small enough to be
  /// rewritten in passing; larger parts than that are not merged with others at all.
  static let settings = [
    "non_replicated_deduplication_window = 10000", "merge_selector_base = 10000",
    "min_parts_to_merge_at_once = 30",
    "merge_selector_enable_heuristic_to_remove_small_parts_at_right = 0",
    "min_age_to_force_merge_seconds = 3600", "min_age_to_force_merge_on_partition_only = 1",
    "enable_max_bytes_limit_for_min_age_to_force_merge = 1",
    "max_bytes_to_merge_at_max_space_in_pool = 2147483648",
  ]
}

/// An identifier in a statement.
package func quoted(_ identifier: String) -> String {
  "`" + escaped(identifier, quote: "`") + "`"
}

/// A text in a statement.
package func literal(_ text: String) -> String {
  "'" + escaped(text, quote: "'") + "'"
}

/// By scalars, as the engine reads: a mark that joins a quote makes one character of both.
private func escaped(_ text: String, quote: Unicode.Scalar) -> String {
  var result = ""
  for scalar in text.unicodeScalars {
    if scalar == quote || scalar == "\\" { result.append("\\") }
    result.unicodeScalars.append(scalar)
  }
  return result
}
