// SPDX-License-Identifier: Apache-2.0

import Foundation
import Glibc
import Logging
import Storage
import Telemetry
import Testing

/// A directory that cannot be ours is left alone and named.
@Suite struct DataDirectoryTests {
  @Test func secondServerIsRefusedAndToldWhoIsThere() async throws {
    let scratch = ScratchDirectory()
    try await withEngine(in: scratch.path) { engine in
      try await engine.migrate([counters])
      let path = URL(fileURLWithPath: scratch.path).standardizedFileURL.path
      let refusal = StorageError.directoryInUse(path: path, processID: getpid())
      await #expect(throws: refusal) { try await startEngine(in: scratch.path) }
      #expect(refusal.description.contains("process \(getpid())"))
      // The first one does not notice.
      try await engine.insert(counterRows(10), token: "a")
      #expect(try await engine.counted()[0] == .uint(10))
    }
    // The lock goes with the engine.
    try await withEngine(in: scratch.path) { engine in
      let counted = try await engine.counted()
      #expect(counted[0] == .uint(10))
    }
  }

  @Test(arguments: [
    ("notes.txt", "hello", "it is not empty and no MetaFlow store"),
    ("metaflow-store", "metaflow-store 2\n", "a newer MetaFlow laid it out (version 2"),
    ("metaflow-store", "\u{0}\u{0}\u{0}", "its file metaflow-store is damaged"),
    ("metaflow-store", "", "its file metaflow-store is damaged"),
  ])
  func foreignDirectoryIsRefusedUntouched(name: String, content: String, reason: String)
    async throws
  {
    let scratch = ScratchDirectory()
    try FileManager.default.createDirectory(
      atPath: scratch.path, withIntermediateDirectories: true)
    try content.write(toFile: scratch.path + "/" + name, atomically: false, encoding: .utf8)
    do {
      let engine = try await startEngine(in: scratch.path)
      await engine.close()
      Issue.record("the engine started")
    } catch StorageError.directoryUnusable(_, let said) {
      #expect(said.contains(reason))
    }
    #expect(try FileManager.default.contentsOfDirectory(atPath: scratch.path) == [name])
  }

  @Test func missingLibraryIsNamed() async throws {
    let scratch = ScratchDirectory()
    var installation = try EngineInstallation.find()
    installation.engine = .library("/nowhere/engine.so")
    do {
      _ = try await EmbeddedEngine.start(
        directory: scratch.path, installation: installation, logger: Logger(label: "test"))
      Issue.record("the engine started")
    } catch {
      guard case .engineMissing = error else { throw error }
      #expect(error.description.contains("/nowhere/engine.so"))
      #expect(error.description.contains("make bootstrap"))
    }
  }

  @Test func portInUseIsNamed() async throws {
    let taken = try ListeningPort()
    let scratch = ScratchDirectory()
    do {
      let engine = try await startEngine(
        in: scratch.path, settings: .init(memory: 1 << 30, port: taken.number))
      await engine.close()
      Issue.record("the engine started")
    } catch StorageError.unavailable(let why) {
      #expect(why == "port \(taken.number) on 127.0.0.1 is in use by another program")
    }
    // The directory is free again.
    try await withEngine(in: scratch.path) { _ in }
  }

  /// The kernel tells a child of its parent's death, and nobody else.
  @Test func engineIsAChildOfTheServer() async throws {
    try await withEngine { engine in
      let processID = try #require(await engine.processID)
      let status = try String(contentsOfFile: "/proc/\(processID)/status", encoding: .utf8)
      #expect(status.contains("PPid:\t\(getpid())\n"))
    }
  }
}

/// A loopback port with a listener that never answers.
final class ListeningPort: Sendable {
  let number: UInt16
  private let descriptor: Int32

  init() throws {
    descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let socket = descriptor
    let isBound = unsafe withUnsafeMutableBytes(of: &address) { bytes in
      let pointer = unsafe bytes.baseAddress!.assumingMemoryBound(to: sockaddr.self)
      return unsafe bind(socket, pointer, length) == 0
        && getsockname(socket, pointer, &length) == 0
    }
    guard isBound, listen(descriptor, 8) == 0 else { throw POSIXError(.EADDRINUSE) }
    number = UInt16(bigEndian: address.sin_port)
  }

  deinit { close(descriptor) }
}
