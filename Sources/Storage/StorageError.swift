// SPDX-License-Identifier: Apache-2.0

/// Why the store did not do what it was asked.
package enum StorageError: Error, Hashable, Sendable {
  /// Nobody answers: the engine is starting, restarting or out of reach. Worth trying again.
  case unavailable(String)
  /// The engine refused the statement, with its own number (ClickHouse's ErrorCodes.cpp) and words.
  case refused(code: Int, message: String)
  /// The disk, or the engine's share of it, is full. What was stored before is intact.
  case diskFull(String)
  /// The statement ran longer than it was allowed to.
  case timedOut(seconds: Double)
  /// The answer, or what must be read for it, is larger than the limits of the query.
  case tooLarge(String)
  /// The statement wanted more memory than it, or the engine, may have.
  case outOfMemory(String)
  /// The engine has more to do than it can; worth trying again, later.
  case overloaded(String)
  /// The stored table was written by a newer version of this program.
  case newerStore(table: String, stored: UInt32, known: UInt32)
  /// The stored table cannot be brought to the declared form without rewriting it.
  case incompatibleStore(table: String, reason: String)
  /// Another server works on the data directory.
  case directoryInUse(path: String, processID: Int32)
  /// The directory holds something that is not ours to touch, or is broken.
  case directoryUnusable(path: String, reason: String)
  /// The engine's program or library is not installed.
  case engineMissing(String)
  /// The engine answered in a form this program does not read.
  case unreadableAnswer(String)

  /// Whether the same request can succeed later without anybody doing anything.
  package var isTransient: Bool {
    switch self {
    case .unavailable, .overloaded: true
    default: false
    }
  }
}

extension StorageError: CustomStringConvertible {
  /// A sentence or two for people: what happened and what to do.
  package var description: String {
    switch self {
    case .unavailable(let why):
      "The store cannot be reached: \(why)."
    case .refused(let code, let message):
      "The store refused the statement (code \(code)): \(message)"
    case .diskFull(let message):
      "The disk of the store is full; free some space or shorten the retention. \(message)"
    case .timedOut(let seconds):
      "The statement was stopped after \(seconds) s; ask for a shorter time range or less detail."
    case .tooLarge(let message):
      "The answer is larger than allowed; ask for fewer rows or a shorter time range. \(message)"
    case .outOfMemory(let message):
      "The statement needs more memory than allowed; ask for less detail. \(message)"
    case .overloaded(let message):
      "The store has too much to do at the moment; try again later. \(message)"
    case .newerStore(let table, let stored, let known):
      "Table \(table) has version \(stored), written by a newer MetaFlow; this one knows version "
        + "\(known). Start the newer MetaFlow, or give another --data-dir."
    case .incompatibleStore(let table, let reason):
      "Table \(table) cannot be brought to this version: \(reason). Give another --data-dir."
    case .directoryInUse(let path, let processID):
      "The data directory \(path) is in use by process \(processID). Stop that server, or give "
        + "another --data-dir."
    case .directoryUnusable(let path, let reason):
      "The data directory \(path) cannot be used: \(reason)."
    case .engineMissing(let what):
      "The storage engine is not installed: \(what). `make bootstrap` installs it."
    case .unreadableAnswer(let what):
      "The store answered in a form that is not understood: \(what)."
    }
  }

  /// TOO_MANY_SIMULTANEOUS_QUERIES, NO_FREE_CONNECTION, TOO_MANY_PARTS, CANNOT_SCHEDULE_TASK.
  private static let busyCodes: Set = [202, 203, 252, 439]

  /// What comes and goes with networks, replicas, their coordination and a stop: DNS_ERROR,
  /// SOCKET_TIMEOUT, NETWORK_ERROR, NO_ZOOKEEPER, ABORTED, TABLE_IS_READ_ONLY,
  /// UNEXPECTED_ZOOKEEPER_ERROR, ALL_CONNECTION_TRIES_FAILED, TOO_FEW_LIVE_REPLICAS,
  /// UNSATISFIED_QUORUM_FOR_PREVIOUS_WRITE, UNKNOWN_STATUS_OF_INSERT, ALL_REPLICAS_LOST,
  /// QUERY_WAS_CANCELLED, KEEPER_EXCEPTION.
  private static let absentCodes: Set = [
    198, 209, 210, 225, 236, 242, 244, 279, 285, 286, 319, 415, 394, 999,
  ]

  /// Sorts what the engine said by what the caller can do about it.
  package init(engineCode code: Int, message: String, seconds: Double) {
    // Besides its own code, a full disk has that of whichever write met it.
    if code == 243 || message.contains("No space left on device") {
      self = .diskFull(message)
      return
    }
    switch code {
    // TOO_MANY_PARTS is also said of a block with rows for too many partitions, which stays so.
    case 252 where message.contains("for single INSERT block"): self = .tooLarge(message)
    case 159, 160: self = .timedOut(seconds: seconds)
    case 158, 307, 396: self = .tooLarge(message)
    case 241, 173: self = .outOfMemory(message)
    case _ where Self.busyCodes.contains(code): self = .overloaded(message)
    case _ where Self.absentCodes.contains(code): self = .unavailable("\(message) (code \(code))")
    default: self = .refused(code: code, message: message)
    }
  }
}
