// SPDX-License-Identifier: Apache-2.0

import Foundation

/// Which engine to run, and the launcher to run it with.
package struct EngineInstallation: Hashable, Sendable {
  package enum Engine: Hashable, Sendable {
    /// The pinned engine library, `_chdb.abi3.so`.
    case library(String)
    /// An installed `clickhouse` program.
    case clickhouse(String)
  }

  /// The `metaflow-engine` program.
  package var launcher: String
  package var engine: Engine

  package init(launcher: String, engine: Engine) {
    self.launcher = launcher
    self.engine = engine
  }

  /// Looks where an installation, or a build in a clone, has them.
  ///
  /// The launcher stands next to the running program. The engine is what METAFLOW_CLICKHOUSE (a
  /// program) or METAFLOW_ENGINE_LIBRARY (a library) names; else the library in `engine/chdb/`
  /// next to the program, or in `.bootstrap/engine/chdb/` of a directory above it.
  ///
  /// - Throws: ``StorageError/engineMissing(_:)`` with the places that were looked at.
  package static func find(
    environment: [String: String] = ProcessInfo.processInfo.environment
  ) throws(StorageError) -> EngineInstallation {
    let program = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
    let directory = program.deletingLastPathComponent()
    let launcher = directory.appendingPathComponent("metaflow-engine").path
    guard FileManager.default.isExecutableFile(atPath: launcher) else {
      throw .engineMissing("its launcher is not at \(launcher)")
    }
    if let path = environment["METAFLOW_CLICKHOUSE"], !path.isEmpty {
      return EngineInstallation(launcher: launcher, engine: .clickhouse(try existing([path])))
    }
    if let path = environment["METAFLOW_ENGINE_LIBRARY"], !path.isEmpty {
      return EngineInstallation(launcher: launcher, engine: .library(try existing([path])))
    }
    let places =
      [directory.appendingPathComponent("engine/chdb/_chdb.abi3.so").path]
      + ancestors(of: directory).map {
        $0.appendingPathComponent(".bootstrap/engine/chdb/_chdb.abi3.so").path
      }
    return EngineInstallation(launcher: launcher, engine: .library(try existing(places)))
  }

  private static func existing(_ places: [String]) throws(StorageError) -> String {
    for place in places where FileManager.default.isReadableFile(atPath: place) { return place }
    throw .engineMissing("there is no \(places.joined(separator: ", nor "))")
  }

  private static func ancestors(of directory: URL) -> [URL] {
    var result: [URL] = []
    var next = directory
    while next.path != "/", result.count < 8 {
      next = next.deletingLastPathComponent()
      result.append(next)
    }
    return result
  }

  /// The launcher's arguments that stand before the engine's own.
  var arguments: [String] {
    switch engine {
    case .library(let path): ["--library", path]
    case .clickhouse(let path): ["--clickhouse", path]
    }
  }
}
