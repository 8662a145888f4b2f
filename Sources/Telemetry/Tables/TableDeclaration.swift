// SPDX-License-Identifier: Apache-2.0

/// A stored column. Names are the field's (DeepFlow's where it has one).
package struct ColumnDeclaration: Hashable, Sendable {
  package var name: String
  package var type: ColumnType
  package var codec: ColumnCodec
  package var index: ColumnIndex
  /// Where its table has others made of it; see ``TableDeclaration/derivedFrom``.
  package var fold: ColumnFold
  /// What rows have that were stored before the column was there.
  package var initial: UInt64
  /// One sentence: meaning, unit, what 0 or empty stands for.
  package var about: String

  package init(
    _ name: String, _ type: ColumnType, codec: ColumnCodec = .general, index: ColumnIndex = .none,
    fold: ColumnFold = .key, initial: UInt64 = 0, about: String
  ) {
    self.name = name
    self.type = type
    self.codec = codec
    self.index = index
    self.fold = fold
    self.initial = initial
    self.about = about
  }
}

/// A stored table: the one place from which its DDL, its SQL names and its documentation come.
package struct TableDeclaration: Hashable, Sendable {
  package var database: String
  /// As users write it behind FROM, with its interval: `l7_flow_log`, `application.1s`.
  package var name: String
  /// Bumped with every change of the columns.
  package var version: UInt32
  package var columns: [ColumnDeclaration]
  /// The columns that rows are sorted by. A change of it is noticed without a new version, and rows
  /// that are there are rewritten in the background.
  package var orderBy: [String]
  /// Rows of so many seconds lie together and are sorted by ``orderBy`` among themselves, so that rows
  /// of one service lie together and the latest rows, too; 0 where ``orderBy`` alone says.
  package var spanSeconds: UInt32
  /// Seconds covered by one partition of `time`; 0 for a table without time.
  package var partitionSeconds: UInt32
  /// 0 for a table whose rows stay until they are removed.
  package var retentionHours: UInt32
  /// Seconds between two points of a metrics table; 0 for a log.
  package var interval: UInt32
  /// The table of the same database whose rows are folded into this one's as they come, without anybody
  /// writing it; nil for one that is written.
  package var derivedFrom: String?
  /// The column by which the latest of several rows with the same key is told, which alone stays;
  /// nil where every row stays.
  package var latestBy: String?
  /// What the engine keeps of the table in memory.
  package var dictionary: DictionaryDeclaration?
  /// Whether single keys are looked up in it: it is read in small pieces then, which cost more room.
  package var isLookedUp: Bool
  package var about: String

  package init(
    database: String, name: String, version: UInt32 = 1, columns: [ColumnDeclaration],
    orderBy: [String], spanSeconds: UInt32 = 0, partitionSeconds: UInt32, retentionHours: UInt32,
    interval: UInt32 = 0, derivedFrom: String? = nil, latestBy: String? = nil,
    dictionary: DictionaryDeclaration? = nil, isLookedUp: Bool = false, about: String
  ) {
    self.database = database
    self.name = name
    self.version = version
    self.columns = columns
    self.orderBy = orderBy
    self.spanSeconds = spanSeconds
    self.partitionSeconds = partitionSeconds
    self.retentionHours = retentionHours
    self.interval = interval
    self.derivedFrom = derivedFrom
    self.latestBy = latestBy
    self.dictionary = dictionary
    self.isLookedUp = isLookedUp
    self.about = about
  }

  /// `database.name`.
  package var qualifiedName: String { database + "." + name }
}
