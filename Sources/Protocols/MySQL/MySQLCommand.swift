// SPDX-License-Identifier: Apache-2.0

/// The commands of the client (MySQL Internals, "Command Phase"; MariaDB's own above 0xf0).
struct MySQLCommand: RawRepresentable, Hashable, Sendable {
  var rawValue: UInt8

  static let quit = MySQLCommand(rawValue: 0x01)
  static let initDB = MySQLCommand(rawValue: 0x02)
  static let query = MySQLCommand(rawValue: 0x03)
  static let fieldList = MySQLCommand(rawValue: 0x04)
  static let statistics = MySQLCommand(rawValue: 0x09)
  static let processInfo = MySQLCommand(rawValue: 0x0a)
  static let ping = MySQLCommand(rawValue: 0x0e)
  static let changeUser = MySQLCommand(rawValue: 0x11)
  static let binlogDump = MySQLCommand(rawValue: 0x12)
  static let statementPrepare = MySQLCommand(rawValue: 0x16)
  static let statementExecute = MySQLCommand(rawValue: 0x17)
  static let statementSendLongData = MySQLCommand(rawValue: 0x18)
  static let statementClose = MySQLCommand(rawValue: 0x19)
  static let statementFetch = MySQLCommand(rawValue: 0x1c)
  static let binlogDumpGTID = MySQLCommand(rawValue: 0x1e)
  static let resetConnection = MySQLCommand(rawValue: 0x1f)
  static let createDB = MySQLCommand(rawValue: 0x05)
  static let dropDB = MySQLCommand(rawValue: 0x06)
  static let statementBulkExecute = MySQLCommand(rawValue: 0xfa)
  /// Not on the wire: the client's answer to the greeting.
  static let login = MySQLCommand(rawValue: 0x00)

  /// As the protocol's documentation writes it; nil when there is no such command.
  var name: StaticString? {
    switch rawValue {
    case 0x00: "Login"
    case 0x01: "COM_QUIT"
    case 0x02: "COM_INIT_DB"
    case 0x03: "COM_QUERY"
    case 0x04: "COM_FIELD_LIST"
    case 0x05: "COM_CREATE_DB"
    case 0x06: "COM_DROP_DB"
    case 0x07: "COM_REFRESH"
    case 0x08: "COM_SHUTDOWN"
    case 0x09: "COM_STATISTICS"
    case 0x0a: "COM_PROCESS_INFO"
    case 0x0c: "COM_PROCESS_KILL"
    case 0x0d: "COM_DEBUG"
    case 0x0e: "COM_PING"
    case 0x11: "COM_CHANGE_USER"
    case 0x12: "COM_BINLOG_DUMP"
    case 0x15: "COM_REGISTER_SLAVE"
    case 0x16: "COM_STMT_PREPARE"
    case 0x17: "COM_STMT_EXECUTE"
    case 0x18: "COM_STMT_SEND_LONG_DATA"
    case 0x19: "COM_STMT_CLOSE"
    case 0x1a: "COM_STMT_RESET"
    case 0x1b: "COM_SET_OPTION"
    case 0x1c: "COM_STMT_FETCH"
    case 0x1e: "COM_BINLOG_DUMP_GTID"
    case 0x1f: "COM_RESET_CONNECTION"
    case 0x20: "COM_CLONE"
    case 0xfa: "COM_STMT_BULK_EXECUTE"
    default: nil
    }
  }

  /// Whether the server sends nothing back.
  var isOneWay: Bool {
    self == .quit || self == .statementClose || self == .statementSendLongData
  }

  /// Whether a conversation may be recognised with it: those that are left out have no form that tells
  /// them from noise, and nobody pools connections to send them.
  var isRecognised: Bool {
    switch rawValue {
    case 0x01, 0x02, 0x03, 0x09, 0x0e, 0x16...0x1c, 0x1f, 0xfa: true
    default: false
    }
  }

  /// Whether the payload may be this long. Commands without arguments are one byte, which is what
  /// tells them from noise.
  func allows(length: Int) -> Bool {
    switch rawValue {
    case 0x01, 0x09, 0x0a, 0x0d, 0x0e, 0x1f: length == 1
    case 0x07: length <= 2
    case 0x0c, 0x19, 0x1a: length == 5
    case 0x1b: length == 3
    case 0x1c: length == 9
    case 0x17: length >= 10
    case 0x18: length >= 7
    case 0xfa: length >= 7
    case 0x12: length >= 10
    default: length >= 1
    }
  }
}
