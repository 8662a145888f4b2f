// SPDX-License-Identifier: Apache-2.0

import Catalog
import Ingest
import Storage

/// What keeps the server from taking in, keeping or answering.
struct Health: Sendable {
  enum Level: String, Sendable {
    case ok
    /// All goes on, but something was lost since the start that will not come back.
    case degraded
    /// Nothing is stored, or nothing answered, until it is mended.
    case failing
  }

  struct Fault: Sendable {
    /// `engine`, `store`, `journal` or `catalog`.
    var part: String
    var level: Level
    /// What it is and what to do, for people.
    var message: String
  }

  /// Worst first.
  var faults: [Fault]

  var level: Level { faults.first?.level ?? .ok }

  /// Looks at every part of the server.
  static func look(storage: any StorageBackend, catalog: Catalog, ingest: Ingest) async -> Health {
    var faults: [Fault] = []
    do throws(StorageError) {
      _ = try await storage.query("SELECT 1", limits: .init(seconds: 5))
    } catch {
      faults.append(Fault(part: "engine", level: .failing, message: error.description))
    }
    faults += intake(ingest)
    if let missing = names(catalog.refusals) { faults.append(missing) }
    return Health(
      faults: faults.filter { $0.level == .failing } + faults.filter { $0.level != .failing })
  }

  private static func intake(_ ingest: Ingest) -> [Fault] {
    let statistics = ingest.statistics
    var faults: [Fault] = []
    if let fault = statistics.storeFault {
      faults.append(
        Fault(
          part: "store", level: .failing,
          message: "Nothing is stored; \(statistics.sealedBytes >> 20) MiB wait in the journal. "
            + fault))
    }
    if let fault = ingest.journal.fault {
      faults.append(
        Fault(
          part: "journal", level: .failing,
          message: "Nothing is taken from agents, which keep it as long as their spools have room: "
            + fault.description))
    } else if !ingest.journal.hasRoom {
      faults.append(
        Fault(
          part: "journal", level: .failing,
          message: "Nothing is taken from agents: the journal is full of what waits for the store.")
      )
    }
    if statistics.segmentsSetAside > 0 {
      faults.append(
        Fault(
          part: "store", level: .degraded,
          message: "The store refused \(statistics.segmentsSetAside) segments of the journal since "
            + "the start; they lie in its folder 'refused', the log tells why, and the next start tries them again."
        ))
    }
    return faults
  }

  private static func names(_ refusals: CatalogRefusals) -> Fault? {
    let total =
      refusals.tagSets + refusals.resources + refusals.services + refusals.processes
      + refusals.commandLines
      + refusals.runs + refusals.addresses + refusals.listeners
    guard total > 0 else { return nil }
    return Fault(
      part: "catalog", level: .degraded,
      message:
        "\(total) names found no room since the start, so some ends are shown by their address; "
        + "/metrics tells which kind, metaflow_catalog_refused_*.")
  }
}

extension JSONText {
  mutating func members(_ health: Health) {
    member("status", health.level.rawValue)
    if health.level == .failing {
      member("OPT_STATUS", "UNAVAILABLE")
      member("DESCRIPTION", health.faults[0].message)
    }
    member("faults") { json in
      json.array(health.faults) { json, fault in
        json.object { json in
          json.member("part", fault.part)
          json.member("level", fault.level.rawValue)
          json.member("message", fault.message)
        }
      }
    }
  }
}
