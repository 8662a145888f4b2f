// SPDX-License-Identifier: Apache-2.0

/// A word that a statement may begin with, and where such a statement names its table.
struct SQLVerb: Sendable {
  enum Target: Sendable {
    /// After FROM.
    case from
    /// After INTO.
    case into
    /// The first name that is not one of the verb's own words (`CREATE TABLE IF NOT EXISTS t`).
    case name
    /// In the SELECT, INSERT, UPDATE or DELETE further on.
    case statement
    /// Nowhere.
    case none
  }

  var name: StaticString
  var target: Target

  /// Those of MySQL, MariaDB, PostgreSQL and SQL Server, the frequent ones first.
  static let all: [SQLVerb] = [
    SQLVerb(name: "SELECT", target: .from),
    SQLVerb(name: "INSERT", target: .name),
    SQLVerb(name: "UPDATE", target: .name),
    SQLVerb(name: "DELETE", target: .from),
    SQLVerb(name: "SET", target: .none),
    SQLVerb(name: "BEGIN", target: .none),
    SQLVerb(name: "COMMIT", target: .none),
    SQLVerb(name: "ROLLBACK", target: .none),
    SQLVerb(name: "SHOW", target: .none),
    SQLVerb(name: "REPLACE", target: .name),
    SQLVerb(name: "WITH", target: .statement),
    SQLVerb(name: "START", target: .none),
    SQLVerb(name: "END", target: .none),
    SQLVerb(name: "ABORT", target: .none),
    SQLVerb(name: "CREATE", target: .name),
    SQLVerb(name: "DROP", target: .name),
    SQLVerb(name: "ALTER", target: .name),
    SQLVerb(name: "TRUNCATE", target: .name),
    SQLVerb(name: "RENAME", target: .name),
    SQLVerb(name: "EXPLAIN", target: .statement),
    SQLVerb(name: "CALL", target: .name),
    SQLVerb(name: "USE", target: .name),
    SQLVerb(name: "DESC", target: .name),
    SQLVerb(name: "DESCRIBE", target: .name),
    SQLVerb(name: "EXECUTE", target: .name),
    SQLVerb(name: "EXEC", target: .name),
    SQLVerb(name: "PREPARE", target: .name),
    SQLVerb(name: "DEALLOCATE", target: .none),
    SQLVerb(name: "DECLARE", target: .none),
    SQLVerb(name: "FETCH", target: .none),
    SQLVerb(name: "MOVE", target: .none),
    SQLVerb(name: "CLOSE", target: .none),
    SQLVerb(name: "COPY", target: .name),
    SQLVerb(name: "MERGE", target: .name),
    SQLVerb(name: "VALUES", target: .none),
    SQLVerb(name: "TABLE", target: .name),
    SQLVerb(name: "LOAD", target: .into),
    SQLVerb(name: "LOCK", target: .name),
    SQLVerb(name: "UNLOCK", target: .none),
    SQLVerb(name: "ANALYZE", target: .name),
    SQLVerb(name: "OPTIMIZE", target: .name),
    SQLVerb(name: "REPAIR", target: .name),
    SQLVerb(name: "CHECK", target: .name),
    SQLVerb(name: "VACUUM", target: .name),
    SQLVerb(name: "REINDEX", target: .name),
    SQLVerb(name: "CLUSTER", target: .name),
    SQLVerb(name: "REFRESH", target: .name),
    SQLVerb(name: "SAVEPOINT", target: .none),
    SQLVerb(name: "RELEASE", target: .none),
    SQLVerb(name: "GRANT", target: .none),
    SQLVerb(name: "REVOKE", target: .none),
    SQLVerb(name: "RESET", target: .none),
    SQLVerb(name: "DISCARD", target: .none),
    SQLVerb(name: "LISTEN", target: .none),
    SQLVerb(name: "NOTIFY", target: .none),
    SQLVerb(name: "UNLISTEN", target: .none),
    SQLVerb(name: "CHECKPOINT", target: .none),
    SQLVerb(name: "COMMENT", target: .none),
    SQLVerb(name: "SECURITY", target: .none),
    SQLVerb(name: "IMPORT", target: .none),
    SQLVerb(name: "REASSIGN", target: .none),
    SQLVerb(name: "DO", target: .none),
    SQLVerb(name: "FLUSH", target: .none),
    SQLVerb(name: "KILL", target: .none),
    SQLVerb(name: "XA", target: .none),
    SQLVerb(name: "HANDLER", target: .name),
    SQLVerb(name: "CHANGE", target: .none),
    SQLVerb(name: "PURGE", target: .none),
    SQLVerb(name: "STOP", target: .none),
    SQLVerb(name: "SIGNAL", target: .none),
    SQLVerb(name: "INSTALL", target: .none),
    SQLVerb(name: "UNINSTALL", target: .none),
    SQLVerb(name: "BINLOG", target: .none),
    SQLVerb(name: "CHECKSUM", target: .name),
  ]

  /// Words between a verb and the name that it acts on.
  static let fillers: [StaticString] = [
    "INTO", "TABLE", "TABLES", "IF", "NOT", "EXISTS", "ONLY", "OR", "REPLACE", "TEMPORARY", "TEMP",
    "UNLOGGED", "VIEW", "MATERIALIZED", "DATABASE", "SCHEMA", "SEQUENCE", "TYPE", "FUNCTION",
    "PROCEDURE", "TRIGGER", "EVENT", "EXTENSION", "USER", "ROLE", "IGNORE", "LOW_PRIORITY",
    "HIGH_PRIORITY", "DELAYED", "QUICK", "CONCURRENTLY", "FULL", "VERBOSE", "FREEZE", "LOCAL",
    "NO_WRITE_TO_BINLOG", "GLOBAL", "LATERAL", "RECURSIVE", "ONLINE", "OFFLINE", "TABLESPACE",
  ]

  /// The verb at `range`, if it is one.
  static func named(_ bytes: Span<UInt8>, at range: Range<Int>) -> SQLVerb? {
    guard range.count <= 10 else { return nil }
    for verb in all where bytes.isWord(verb.name, at: range) { return verb }
    return nil
  }
}
