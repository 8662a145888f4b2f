// SPDX-License-Identifier: Apache-2.0

/// How much the catalog keeps at a time: of what no row has any more nothing is kept. What agents say is
/// their word, so every table has an end; beyond it the row keeps its address and the refusal is
/// counted.
package struct CatalogLimits: Hashable, Sendable {
  package var tagSets = 4_000_000
  package var services = 262_144
  package var processes = 262_144
  /// So that one host cannot take the room of all others.
  package var processesPerAgent = 16_384
  /// Command lines told apart for one process name of one host. `curl` in a loop has a new one each
  /// time; beyond this many they share an empty one.
  package var commandLinesPerName = 256
  package var runsPerAgent = 65_536
  package var addressesPerHost = 1_024
  package var listeners = 262_144
  package var sources = 65_536
  package var nameBytes = 256
  package var commandLineBytes = 1_024
  /// Seconds that a process is remembered after its end was reported.
  package var endedRunSeconds: UInt32 = 600

  package init() {}
}

/// What did not fit, counted since the start of the program.
package struct CatalogRefusals: Hashable, Sendable {
  package var tagSets: UInt64 = 0
  package var resources: UInt64 = 0
  package var services: UInt64 = 0
  package var processes: UInt64 = 0
  package var commandLines: UInt64 = 0
  package var runs: UInt64 = 0
  package var addresses: UInt64 = 0
  package var listeners: UInt64 = 0
  /// Announcements of a protocol under a number that has another name already.
  package var protocolNames: UInt64 = 0

  package init() {}
}

/// What went wrong in the catalog.
package enum CatalogError: Error, Hashable, CustomStringConvertible {
  /// All 65,535 agent numbers are given.
  case tooManyAgents
  /// As many sources have numbers as may.
  case tooManySources(Int)
  /// A source's name is empty, longer than 256 bytes or has control characters.
  case badSourceName
  /// An agent identity is empty or longer than 256 bytes.
  case badIdentity
  /// SQLite says no; `during` is what we were doing, `reason` its message.
  case store(during: String, reason: String)

  package var description: String {
    switch self {
    case .tooManyAgents:
      "all 65,535 agent numbers are in use; start a new data directory or another server"
    case .tooManySources(let limit):
      "\(limit) sources have numbers, which is as many as are kept; send under the name of one of them"
    case .badSourceName:
      "a source's name must have 1 to 256 bytes, without control characters"
    case .badIdentity: "an agent's identity must have 1 to 256 bytes"
    case .store(let during, let reason): "catalog: \(during): \(reason)"
    }
  }
}
