// SPDX-License-Identifier: Apache-2.0

import AsyncHTTPClient
import Bytes
import Foundation
import Glibc
package import Logging
import NIOCore
package import Telemetry

/// A ClickHouse server of our own: a child process on a loopback port that only we have the
/// password for, its files in one data directory.
///
/// When the engine ends unasked it is started again, after a pause that grows while it keeps
/// failing. Meanwhile inserts wait, and queries fail as unavailable. The engine follows the
/// server into death (see `metaflow-engine`).
package actor EmbeddedEngine: StorageBackend {
  private let installation: EngineInstallation
  private let settings: EngineSettings
  private let directory: DataDirectory
  private let client: HTTPClient
  private let logger: Logger
  private let password: String
  private var running: (process: EngineProcess, connection: EngineConnection)?
  private var supervisor: Task<Void, Never>?
  private var isClosing = false
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
    var configuration = HTTPClient.Configuration(
      redirectConfiguration: .disallow, timeout: .init(connect: .seconds(2)))
    configuration.httpVersion = .http1Only
    // Shorter than the engine's own, so that no request meets a connection that just closed.
    configuration.connectionPool.idleTimeout = .seconds(60)
    configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 32
    configuration.connectionPool.retryConnectionEstablishment = false
    client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    password = (0..<2).map { _ in String(UInt64.random(in: 1 << 60...UInt64.max), radix: 16) }
      .joined()
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

  /// Starts the engine and waits until it answers.
  private func launch() async throws(StorageError) {
    var attempts = 0
    while true {
      attempts += 1
      let port: UInt16
      if let fixed = settings.port {
        guard (try? Self.bindable(port: fixed)) != nil else {
          throw .unavailable("port \(fixed) on 127.0.0.1 is in use by another program")
        }
        port = fixed
      } else {
        port = try Self.bindable(port: 0)
      }
      do throws(StorageError) {
        return try await launch(port: port)
      } catch {
        // Somebody took the port between our look and the engine's; there are others.
        guard case .unavailable(let why) = error, why.contains("Address already in use") else {
          throw error
        }
        if attempts == 5 { throw error }
      }
    }
  }

  private func launch(port: UInt16) async throws(StorageError) {
    try directory.write(
      settings.configuration(directory: directory, port: port, password: password),
      to: "engine.xml")
    let output = directory.file("log/engine.out")
    let logged = logSize
    let process = try await EngineProcess.start(
      installation.launcher,
      installation.arguments + [
        "--parent", "\(getpid())", "--config-file=" + directory.file("engine.xml"),
      ],
      output: output)
    let connection = EngineConnection(
      client: client, address: "http://127.0.0.1:\(port)", user: "metaflow", password: password)
    let deadline = ContinuousClock.now + .seconds(60)
    while true {
      if let ending = process.ending { throw startFailure(ending, output: output, logged: logged) }
      if isClosing || ContinuousClock.now > deadline {
        process.signal(SIGKILL)
        _ = await process.waitForEnd()
        throw .unavailable("the engine does not answer; \(directory.file("log")) may tell why")
      }
      do {
        _ = try await connection.send(ByteBuffer(string: "SELECT 1"), settings: [], seconds: 5)
        break
      } catch {
        try? await Task.sleep(for: .milliseconds(20))
      }
    }
    running = (process, connection)
  }

  /// Bytes of the engine's log so far: what a start adds comes behind them.
  private var logSize: Int {
    let attributes = try? FileManager.default.attributesOfItem(
      atPath: directory.file("log/engine.log"))
    return attributes?[.size] as? Int ?? 0
  }

  private func startFailure(
    _ ending: EngineProcess.Ending, output: String, logged: Int
  ) -> StorageError {
    let output = FileManager.default.contents(atPath: output) ?? Data()
    if case .exit(code: 69) = ending {
      return .engineMissing(String(decoding: output.suffix(2_000), as: UTF8.self))
    }
    let log = FileManager.default.contents(atPath: directory.file("log/engine.log")) ?? Data()
    let said = log.dropFirst(logged).suffix(65_536) + output.suffix(65_536)
    // Reasons come with a stack each; the first line that names an exception is the cause.
    let lines = String(decoding: said, as: UTF8.self).split(separator: "\n")
    let line = lines.first { $0.contains("Exception") } ?? lines.last ?? ""
    if line.contains("No space left on device") {
      return .diskFull("The engine could not start in \(directory.path).")
    }
    return .unavailable("the engine stopped while starting (\(ending.words)): \(line)")
  }

  /// `port`, or for 0 any, that was free a moment ago on loopback.
  private static func bindable(port: UInt16) throws(StorageError) -> UInt16 {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    defer { Glibc.close(descriptor) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    address.sin_port = port.bigEndian
    // As the engine does: connections that linger from its last run are no obstacle.
    var yes: Int32 = 1
    unsafe setsockopt(
      descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let isBound = unsafe withUnsafeMutableBytes(of: &address) { bytes in
      let pointer = unsafe bytes.baseAddress!.assumingMemoryBound(to: sockaddr.self)
      return unsafe bind(descriptor, pointer, length) == 0
        && getsockname(descriptor, pointer, &length) == 0
    }
    guard isBound else {
      throw .unavailable("no loopback port is free (\(errorText(errno)))")
    }
    return UInt16(bigEndian: address.sin_port)
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

extension EngineProcess.Ending {
  var words: String {
    switch self {
    case .exit(let code): "exit code \(code)"
    case .signal(let number): "signal \(number)"
    }
  }
}

// MARK: Statements

extension EmbeddedEngine {
  private var connection: EngineConnection {
    get throws(StorageError) {
      guard let running, !isClosing else {
        throw .unavailable(isClosing ? "the engine is being stopped" : "the engine is restarting")
      }
      return running.connection
    }
  }

  /// How long an insert goes on trying when the engine does not answer.
  private static let patience = Duration.seconds(30)

  package func migrate(_ tables: [TableDeclaration]) async throws(StorageError) {
    try await connection.migrate(tables)
  }

  package nonisolated func insert(
    _ batch: ColumnBatch, token: String
  ) async throws(StorageError) {
    guard !batch.isEmpty else { return }
    var writer = LittleEndianWriter(capacity: batch.byteCount + 16_384)
    batch.encode(into: &writer)
    let block = ByteBuffer(bytes: writer.bytes)
    let deadline = ContinuousClock.now + Self.patience
    while true {
      do throws(StorageError) {
        return try await connection.insert(block, into: batch.table, token: token)
      } catch {
        guard error.isTransient, ContinuousClock.now < deadline, !Task.isCancelled else {
          throw error
        }
        try? await Task.sleep(for: .milliseconds(200))
      }
    }
  }

  /// Merges every table's parts, as time would.
  package func merge(_ tables: [TableDeclaration]) async throws(StorageError) {
    for table in tables {
      try await connection.execute("OPTIMIZE TABLE \(table.quotedName) FINAL", seconds: 600)
    }
  }

  package func query(
    _ sql: String, limits: QueryLimits
  ) async throws(StorageError) -> QueryAnswer {
    try await connection.query(sql, limits: limits)
  }

  package func fetch(
    _ sql: String, format: String, limits: QueryLimits
  ) async throws(StorageError) -> [UInt8] {
    try await connection.fetch(sql, format: format, limits: limits)
  }

  package func partitions() async throws(StorageError) -> [StoredPartition] {
    try await connection.partitions()
  }

  package func disk() async throws(StorageError) -> DiskSpace {
    try await connection.disk()
  }

  package func drop(_ partition: StoredPartition) async throws(StorageError) {
    do throws(StorageError) {
      try await connection.drop(partition)
    } catch {
      // To drop rows the engine writes a small part that says so, for which a full disk has no
      // room. That is what the ballast is for.
      guard case .diskFull = error else { throw error }
      directory.dropBallast()
      defer { directory.loadBallast() }
      try await connection.drop(partition)
    }
  }
}
