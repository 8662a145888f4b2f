// SPDX-License-Identifier: Apache-2.0

import AsyncHTTPClient
import Glibc
package import Logging
import NIOCore

/// A ClickHouse server of our own: a child process on a loopback port that only we have the
/// password for, its files in one data directory.
///
/// When the engine ends unasked it is started again, after a pause that grows while it keeps
/// failing. Meanwhile inserts wait, and queries fail as unavailable. The engine follows the
/// server into death (see `metaflow-engine`).
package actor EmbeddedEngine: StorageBackend {
  let installation: EngineInstallation
  let settings: EngineSettings
  let directory: DataDirectory
  let client: HTTPClient
  /// For queries, whose many or long ones must not keep an insert from its connection.
  let queryClient: HTTPClient
  let logger: Logger
  let password: String
  var running: (process: EngineProcess, connection: EngineConnection, queries: EngineConnection)?
  private var supervisor: Task<Void, Never>?
  var bursts = BurstMerges()
  var dictionaries = StaleDictionaries()
  var gate = InsertGate()
  /// Of the tables that are being rewritten, by name.
  var progress: [String: RewriteProgress] = [:]
  var isClosing = false
  /// Times the engine has been started again since this one began.
  package private(set) var restarts = 0

  /// Opens `directory`, starts the engine, and returns when it answers.
  ///
  /// - Throws: the errors of the directory, ``StorageError/engineMissing(_:)``, or
  ///   ``StorageError/unavailable(_:)`` with the engine's last words.
  package static func start(
    directory: String, installation: EngineInstallation, settings: EngineSettings = .init(),
    logger: Logger
  ) async throws(StorageError) -> EmbeddedEngine {
    let engine = EmbeddedEngine(
      directory: try DataDirectory(directory), installation: installation, settings: settings,
      logger: logger)
    do {
      try await engine.begin()
    } catch {
      await engine.close()
      throw error
    }
    return engine
  }

  private init(
    directory: DataDirectory, installation: EngineInstallation, settings: EngineSettings,
    logger: Logger
  ) {
    self.directory = directory
    self.installation = installation
    self.settings = settings
    self.logger = logger
    client = Self.client(connections: 32)
    // Above what the API lets run at once, so that a look at the engine's health gets one too.
    queryClient = Self.client(connections: 48)
    password = (0..<2).map { _ in String(UInt64.random(in: 1 << 60...UInt64.max), radix: 16) }
      .joined()
  }

  private static func client(connections: Int) -> HTTPClient {
    var configuration = HTTPClient.Configuration(
      redirectConfiguration: .disallow, timeout: .init(connect: .seconds(2)))
    configuration.httpVersion = .http1Only
    // Shorter than the engine's own, so that no request meets a connection that just closed.
    configuration.connectionPool.idleTimeout = .seconds(60)
    configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = connections
    configuration.connectionPool.retryConnectionEstablishment = false
    return HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
  }

  /// The engine's process id; nil while it is down.
  package var processID: Int32? { running?.process.processID }
}

// MARK: Life

extension EmbeddedEngine {
  private func begin() async throws(StorageError) {
    // After a crash of the server its engine may need a moment to let go of the files.
    let deadline = ContinuousClock.now + .seconds(30)
    while true {
      do throws(StorageError) {
        try await launch()
        break
      } catch {
        guard case .unavailable(let why) = error, why.contains("Cannot lock file"),
          ContinuousClock.now < deadline, !Task.isCancelled
        else { throw error }
        try? await Task.sleep(for: .milliseconds(200))
      }
    }
    directory.loadBallast()
    supervisor = Task { await self.supervise() }
  }

  /// Starts the engine again whenever it ends, until ``close()``.
  private func supervise() async {
    var pause = Duration.milliseconds(100)
    while !isClosing {
      if let process = running?.process {
        let began = ContinuousClock.now
        let ending = await process.waitForEnd()
        running = nil
        if isClosing { return }
        if ContinuousClock.now - began > .seconds(60) { pause = .milliseconds(100) }
        logger.warning("the storage engine ended (\(ending.words)) and is started again")
      }
      try? await Task.sleep(for: pause)
      pause = min(pause * 2, .seconds(10))
      if isClosing { return }
      do {
        try await launch()
        restarts += 1
      } catch {
        logger.error("the storage engine cannot be started again: \(error)")
      }
    }
  }

  package func close() async {
    guard !isClosing else { return }
    isClosing = true
    // First: the engine waits five seconds for connections that are open, and ours are kept alive.
    try? await client.shutdown()
    try? await queryClient.shutdown()
    if let process = running?.process {
      process.signal(SIGTERM)
      let grace = Task {
        try await Task.sleep(for: .seconds(20))
        process.signal(SIGKILL)
      }
      _ = await process.waitForEnd()
      grace.cancel()
    }
    supervisor?.cancel()
    await supervisor?.value
    running = nil
    directory.release()
  }
}
