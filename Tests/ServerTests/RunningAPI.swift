// SPDX-License-Identifier: Apache-2.0

import Catalog
import ConfigurationFile
import Foundation
import Ingest
import Logging
import ServiceLifecycle
import Storage
import Synchronization
import Telemetry
import TestSupport

@testable import Server

/// The API on a port of its own, before a real engine or a store of the test's.
struct RunningAPI {
  let port: Int
  let ingest: Ingest

  static let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

  /// Runs `body` against the API before `storage`.
  static func with(
    _ storage: any StorageBackend, limits: ServerLimits = ServerLimits(),
    allowedHosts: [String] = [], _ body: (RunningAPI) async throws -> Void
  ) async throws {
    let folder = NSTemporaryDirectory() + "/metaflow-api-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let catalog = try Catalog(path: folder + "/catalog.sqlite")
    try catalog.learn(Server.protocols)
    let ingest = try Ingest(
      IngestConfiguration(journalDirectory: folder + "/journal"), catalog: catalog,
      storage: storage, logger: logger, now: { Timestamp(nanoseconds: wallClock()) })
    let listening = Mutex<Int?>(nil)
    let application = API(
      storage: storage, catalog: catalog, ingest: ingest, limits: limits,
      ingestAddress: NetworkAddress(host: "127.0.0.1", port: 20_033)
    )
    .application(
      at: NetworkAddress(host: "127.0.0.1", port: 0), allowedHosts: allowedHosts, logger: logger,
      onServerRunning: { port in listening.withLock { $0 = port } })
    let group = ServiceGroup(services: [application], logger: logger)
    let running = Task { try await group.run() }
    func stop() async {
      await group.triggerGracefulShutdown()
      _ = await running.result
    }
    do {
      let port = try await eventually("the API listens") { listening.withLock { $0 } }
      try await body(RunningAPI(port: port, ingest: ingest))
    } catch {
      await stop()
      throw error
    }
    await stop()
  }

  /// Runs `body` against the API before an engine with every table.
  static func withEngine(
    limits: ServerLimits = ServerLimits(),
    _ body: (RunningAPI, EmbeddedEngine) async throws -> Void
  ) async throws {
    let directory = NSTemporaryDirectory() + "/metaflow-server-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: directory) }
    let engine = try await EmbeddedEngine.start(
      directory: directory, installation: try .find(), settings: .init(memory: 1 << 30),
      logger: logger)
    do {
      try await engine.migrate(TableDeclaration.stored)
      try await with(engine, limits: limits) { api in try await body(api, engine) }
    } catch {
      await engine.close()
      throw error
    }
    await engine.close()
  }

  /// Sends `text` as it is, and reads until the other side closes or has answered.
  func exchange(_ text: String) async throws -> HTTPAnswer {
    let connection = try RawConnection(port: port)
    try connection.send(text)
    return try await connection.answer()
  }

  func get(_ path: String, _ fields: String = "") async throws -> HTTPAnswer {
    try await exchange("GET \(path) HTTP/1.1\r\nHost: 127.0.0.1:\(port)\r\n\(fields)\r\n")
  }

  func query(
    _ sql: String, database: String = "", fields: String = ""
  ) async throws -> HTTPAnswer {
    try await exchange(queryText(sql, database: database, fields: fields))
  }

  func queryText(_ sql: String, database: String = "", fields: String = "") -> String {
    let body =
      "db=\(database)&sql=" + sql.addingPercentEncoding(withAllowedCharacters: .alphanumerics)!
    return "POST /v1/query/ HTTP/1.1\r\nHost: 127.0.0.1:\(port)\r\n"
      + "Content-Type: application/x-www-form-urlencoded\r\n\(fields)"
      + "Content-Length: \(body.utf8.count)\r\n\r\n\(body)"
  }
}
