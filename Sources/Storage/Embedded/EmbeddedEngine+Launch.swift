// SPDX-License-Identifier: Apache-2.0

import Foundation
import Glibc
import NIOCore

extension EmbeddedEngine {
  /// Starts the engine and waits until it answers.
  func launch() async throws(StorageError) {
    var attempts = 0
    while true {
      attempts += 1
      let port: UInt16
      if let fixed = settings.port {
        guard (try? LoopbackPort.bindable(fixed)) != nil else {
          throw .unavailable("port \(fixed) on 127.0.0.1 is in use by another program")
        }
        port = fixed
      } else {
        port = try LoopbackPort.bindable(0)
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
    let queries = EngineConnection(
      client: queryClient, address: "http://127.0.0.1:\(port)", user: EngineSettings.reader,
      password: password)
    running = (process, connection, queries)
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
}

extension EngineProcess.Ending {
  var words: String {
    switch self {
    case .exit(let code): "exit code \(code)"
    case .signal(let number): "signal \(number)"
    }
  }
}
